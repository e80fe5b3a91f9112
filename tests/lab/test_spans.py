"""What tasks did from one event to another, in traces written by hand."""

from tests.conftest import CAPTURES
from tests.traces import trace_of
from zonecma.capture.recording import Recording
from zonecma.lab.spans import PAIRS, Span, spans_of

MS = 1_000_000
SECOND = 1000 * MS
BEGIN = "mm_vmscan_direct_reclaim_begin: order=0 gfp_flags=GFP_KERNEL"
END = "mm_vmscan_direct_reclaim_end: nr_reclaimed=3"


def test_tasks_do_not_end_what_others_began():
    trace = trace_of(f"a-1 0 {BEGIN}", f"b-2 1 {BEGIN}", f"a-1 0 {END}", f"b-2 1 {END}")
    assert spans_of(trace, "direct reclaim") == (
        Span("direct reclaim", "a-1", SECOND, SECOND + 2 * MS),
        Span("direct reclaim", "b-2", SECOND + MS, SECOND + 3 * MS),
    )


def test_what_does_not_end_in_the_trace_has_no_end():
    trace = trace_of(f"a-1 0 {END}", f"a-1 0 {BEGIN}")
    assert spans_of(trace, "direct reclaim") == (Span("direct reclaim", "a-1", SECOND + MS, None),)


def test_kswapd_that_is_woken_anew_begins_a_new_round():
    wake, sleep = "mm_vmscan_kswapd_wake: nid=0 order=0", "mm_vmscan_kswapd_sleep: nid=0"
    trace = trace_of(*(f"kswapd0-30 0 {event}" for event in (wake, wake, sleep, wake, sleep)))
    found = [((span.begin - SECOND) // MS, (span.end - SECOND) // MS) for span in spans_of(trace, "kswapd")]
    assert found == [(0, 1), (1, 2), (3, 4)]


def test_a_recording_has_as_many_as_it_has_beginnings():
    trace = Recording(CAPTURES / "pairs/swap-cma64-6.12").trace()
    for what, (begin, _) in PAIRS.items():
        assert len(spans_of(trace, what)) == trace.count(begin)
