"""explain, on traces written by hand and on recordings.

The figures of recordings are those that grep and awk find in their traces.
"""

from collections import Counter

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests.conftest import CAPTURES
from tests.recordings import of_another_kernel
from tests.traces import (
    FAULT,
    GETBLK,
    MACHINE,
    TARGET,
    alloc,
    entry_removed,
    entry_set,
    failing,
    finds,
    finishes,
    free,
    migrates,
    retries,
    starts,
    trace_of,
)
from zonecma.capture.recording import Recording
from zonecma.errors import InputError
from zonecma.lab.explain import Selection, calls_of, explain
from zonecma.lab.explanation import Kind, Outcome, Persistence
from zonecma.lab.foreign import check_trace

MS = 1_000_000
PRESS = Recording(CAPTURES / "cma128-press-6.12")
PINS = Recording(CAPTURES / "pairs" / "splice-zonecma128-6.12")
STREAM = Recording(CAPTURES / "pairs" / "stream-zonecma128-6.12")


def calls(*events):
    return calls_of(trace_of(*events), MACHINE)


def test_a_call_step_by_step():
    (call,) = calls(alloc("a-1", 0x40010, FAULT), *failing(0x40010), free("a-1", 0x40010))
    assert (call.number, call.time, call.task, call.size) == (1, 1_001 * MS, "c-7", 512)
    assert (call.outcome, call.latency, call.pfn) == ("EBUSY", 3 * MS, None)
    (attempt,) = call.attempts
    assert (attempt.start, attempt.end, attempt.outcome) == (0x40000, 0x40200, Outcome.BUSY)
    assert (attempt.begin, attempt.ended) == (1_001 * MS, 1_003 * MS)
    assert attempt.blocker.left - attempt.blocker.seen == 3 * MS


def test_a_call_that_gets_its_frames():
    (call,) = calls(starts(), finds(0x40200), finishes())
    assert (call.ok, call.pfn, call.attempts[0].blocker) == (True, 0x40000, None)


def test_a_bitmap_without_a_free_run():
    first, second = calls(
        starts(count=1024), finishes(count=1024), starts(count=4096), finishes(pfn=-1, errorno=-12)
    )
    assert (first.outcome, first.held) == ("ok", 0)
    assert (second.outcome, second.attempts, second.held, second.area_pages) == ("ENOMEM", (), 1024, 4096)


def test_what_was_given_back_is_not_held():
    release = "c-7 0 cma_release: name=reserved pfn=0x40000 page=0xffff count=512"
    *_, last = calls(starts(), finishes(), release, starts(), finishes())
    assert last.held == 0


@pytest.mark.parametrize(("count", "outcome"), [(4097, "refused"), (0, "refused"), (512, "unfinished")])
def test_calls_without_an_end(count, outcome):
    (call,) = calls(starts(count=count))
    assert (call.outcome, call.latency) == (outcome, None)


def test_6_1_prints_no_error():
    def old(text):
        return text.rsplit(" errorno", 1)[0]

    (busy,) = calls(starts(), finds(0x40010), retries(), old(finishes(errorno=-1)))
    (none,) = calls(starts(), old(finishes(pfn=-1, errorno=-1)))
    (ok,) = calls(starts(), old(finishes()))
    assert [call.outcome for call in (busy, none, ok)] == ["EBUSY", "ENOMEM", "ok"]


def test_a_trace_that_ends_within_a_range_knows_its_place():
    (call,) = calls(starts(), finds(0x40010))
    (attempt,) = call.attempts
    assert (attempt.start, attempt.end, attempt.outcome) == (0x40000, 0x40200, Outcome.OPEN)
    assert not attempt.failed


def test_a_range_may_be_looked_at_from_before_its_start():
    """test_pages_isolated begins where the chunk begins that the range's first frame is in."""
    (call,) = calls(starts(), finds(0x40200, start=0x3FE00), finishes())
    assert call.attempts[0].start == 0x40000


def test_two_cpus():
    """Calls that run at once are told apart by their tasks."""
    one, two = failing(0x40010, task="c-7"), failing(0x40020, task="d-8")
    mixed = [event for pair in zip(one, two, strict=True) for event in pair]
    mixed[1::2] = [event.replace(" 0 ", " 1 ", 1) for event in mixed[1::2]]
    first, second = calls(*mixed)
    assert (first.task, second.task) == ("c-7", "d-8")
    assert [call.attempts[0].blocker.pfn for call in (first, second)] == [0x40010, 0x40020]


@pytest.fixture(scope="module")
def press():
    return explain(PRESS)


def test_press_has_every_call_and_every_range(press):
    """grep -c 'cma_alloc_start\\|test_pages_isolated\\|cma_alloc_busy_retry' of its trace: 20, 122, 105."""
    assert (press.nr_calls, len(press.calls), press.nr_busy) == (20, 20, 105)
    assert sum(len(call.attempts) for call in press.calls) == 122
    assert [call.number for call in press.calls if not call.ok] == [2, 12, 16]


@pytest.mark.parametrize(
    ("pfn", "task", "gfp", "ranges", "allocated", "first", "last"),
    [
        (0x3AF5B, "init-68", 0x148C48, 71, 5.640579, 6.921823, 9.117020),
        (0x3DD18, "kworker/u4:2-64", 0x40C48, 33, 5.013724, 7.375771, 9.125315),
    ],
)
def test_press_pages_that_persist(press, pfn, task, gfp, ranges, allocated, first, last):
    (page,) = (page for page in press.pages if page.first.pfn == pfn)
    assert (page.first.task, page.first.gfp, page.ranges) == (task, gfp, ranges)
    assert page.first.kind == Kind.BUFFER
    assert (page.first.allocated / 1e9, page.first.seen / 1e9, page.until / 1e9) == (allocated, first, last)
    assert page.first.left is None
    assert page.first.barred


def test_press_a_passing_page(press):
    (page,) = (page for page in press.pages if page.first.kind == Kind.ANONYMOUS)
    assert (page.first.pfn, page.first.task, page.ranges, page.calls) == (0x3DBBD, "gtwork-67", 1, (2,))
    assert page.first.left == 7_349_697_000
    assert not page.first.barred


def test_press_a_request_as_large_as_the_area(press):
    call = press.calls[15]
    assert (call.size, call.area_pages, call.outcome, call.attempts) == (32768, 32768, "ENOMEM", ())
    assert call.held == 1024


def test_press_what_persists_lacks_highmem(press):
    assert press.persistence == Persistence(pages=2, barred=2, not_known=0, kinds={})
    assert not press.own_zone


def test_pins_contradict_it():
    """Pages of a program that pins them: highmem and movable, and they persist."""
    outcome = explain(PINS)
    assert outcome.own_zone
    assert (outcome.nr_calls, outcome.nr_busy) == (12, 340)
    assert set(outcome.by_kind) == {Kind.ANONYMOUS}
    assert Counter(page.first.task for page in outcome.pages) == {"pin-81": 98}
    assert outcome.persistence == Persistence(pages=38, barred=0, not_known=0, kinds={Kind.ANONYMOUS: 38})
    assert outcome.pages[0].first.pfn == 0x33F62
    assert outcome.pages[0].ranges == 96
    assert {attempt.nr_failed for call in outcome.calls for attempt in call.attempts} == {0}


def test_a_writer_blocks_with_its_files_pages():
    outcome = explain(STREAM)
    assert [page.first.pfn for page in outcome.pages] == [0x35520, 0x33516, 0x30122]
    assert {page.first.kind for page in outcome.pages} == {Kind.FILE}
    assert [page.first.moved_on for page in outcome.pages] == [False, False, True]
    assert outcome.pages[1].first.dirtied == 4_762_045_000
    assert sum(attempt.waits for call in outcome.calls for attempt in call.attempts) == 3


@pytest.mark.parametrize("name", ["cma256-mix-6.1", "cma256-mix-smp2-6.12"])
def test_6_1_and_two_cpus(name):
    """Fifteen calls that each get their first range."""
    outcome = explain(Recording(CAPTURES / name))
    assert (outcome.nr_calls, outcome.nr_busy, outcome.persistence.pages) == (15, 0, 0)
    assert all(call.ok and len(call.attempts) == 1 for call in outcome.calls)


def test_a_recording_without_calls():
    outcome = explain(Recording(CAPTURES / "nocma-mix-6.12"))
    assert (outcome.nr_calls, outcome.calls, outcome.by_kind, outcome.pages) == (0, (), {}, ())
    with pytest.raises(InputError, match="has no contiguous calls, not call 1"):
        explain(Recording(CAPTURES / "nocma-mix-6.12"), Selection(call=1))


def numbers(**selection):
    return [call.number for call in explain(PRESS, Selection(**selection)).calls]


def test_a_kernel_that_is_not_modelled(tmp_path):
    assert explain(Recording(of_another_kernel(tmp_path, b"5.4.302"))).kernel == "5.4.302"


def test_selections():
    assert numbers(call=12) == [12]
    assert numbers(failed=True) == [2, 12, 16]
    assert numbers(slowest=3) == [2, 1, 12]
    assert numbers(failed=True, slowest=1) == [2]
    assert numbers(slowest=99)[0] == 2


def test_sums_are_of_the_calls_that_are_shown():
    outcome = explain(PRESS, Selection(call=7))
    assert {kind: total.ranges for kind, total in outcome.by_kind.items()} == {Kind.BUFFER: 13}
    assert outcome.persistence.pages == 2


@pytest.mark.parametrize("number", [-1, 0, 21])
def test_a_call_that_there_is_not(number):
    with pytest.raises(InputError, match=f"has calls 1 to 20, not call {number}"):
        explain(PRESS, Selection(call=number))


def test_one_call_and_a_choice_of_calls():
    with pytest.raises(InputError, match="call 2 is one call"):
        explain(PRESS, Selection(call=2, failed=True))


FRAMES = st.sampled_from([0, 1, 0x40010, 0x40011, 0x4FFFF, 0x50000, 0x7FFFFFFF])
ORDERS = st.sampled_from([-1, 0, 1, 9, 10, 63, 127])
CHUNKS = st.sampled_from([(0, 10), (1, 0), (0x40010, 0), (0x40010, 4), (0x4FFFF, 0), (0x4FC00, 10)])
TASKS = st.sampled_from(["a-1", "c-7"])
ENTRY = st.sampled_from([0, 0x40010, 0x4FFFF, 2**34 - 1])
SHAPES = st.one_of(
    st.builds(
        lambda task, chunk, mask: alloc(task, chunk[0], mask, chunk[1]),
        TASKS,
        CHUNKS,
        st.sampled_from([FAULT, GETBLK, TARGET]),
    ),
    st.builds(lambda task, chunk: free(task, *chunk), TASKS, CHUNKS),
    st.builds(starts, TASKS, st.sampled_from([0, 512, 4097, 10**17])),
    st.builds(finds, FRAMES, TASKS),
    st.builds(retries, TASKS),
    st.builds(finishes, TASKS, st.sampled_from([-1, 0x40000]), st.just(512), st.sampled_from([0, -12, -16])),
    st.just(finishes("a-1", count=10**17).replace("reserved", "another")),
    st.builds("{} 0 mm_migrate_pages_start: mode=MIGRATE_SYNC reason=contig_range".format, TASKS),
    st.builds(lambda task: migrates(task=task)[1], TASKS),
    st.builds(entry_set, st.just(0x1000), ENTRY, TASKS),
    st.builds(entry_removed, st.just(0x1000), ENTRY, TASKS),
    st.builds("a-1 0 mm_lru_insertion: pfn={:#x} lru=0 flags=Ma b  ".format, FRAMES),
    st.builds(
        "a-1 0 mm_filemap_add_to_page_cache: dev 254:0 ino 20 pfn={:#x} ofs=0 order={}".format, FRAMES, ORDERS
    ),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(SHAPES, min_size=1, max_size=40))
@example([starts("a-1", 512), finds(0x40010, "a-1"), finds(0x40010, "a-1"), alloc("c-7", 0x40010, FAULT, 0)])
def test_whatever_a_trace_says_it_is_refused_or_explained(events):
    """The tests' compiled code checks indices.  Most of these traces are let through."""
    trace = trace_of(*events)
    try:
        check_trace("given", trace, MACHINE)
    except InputError:
        assume(False)
    found = calls_of(trace, MACHINE)
    assert len(found) == trace.count("cma_alloc_start")
    assert all(attempt.blocker or not attempt.failed for call in found for attempt in call.attempts)
