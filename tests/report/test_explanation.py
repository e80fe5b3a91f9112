"""explain's text and JSON, of outcomes made from traces written by hand."""

import json
from dataclasses import replace

import pytest

from tests.conftest import CAPTURES
from tests.traces import (
    FAULT,
    MACHINE,
    TWO_BLOCKERS,
    alloc,
    failing,
    finds,
    finishes,
    migrates,
    retries,
    starts,
    trace_of,
)
from zonecma.capture.recording import Recording
from zonecma.lab.blocking import blocking_pages, in_vain, persistence_of, totals_by_kind
from zonecma.lab.explain import Selection, calls_of, explain
from zonecma.lab.explanation import Explanation, Kind
from zonecma.report.explanation import explanation_text
from zonecma.report.explanation_json import explanation_json


def explanation(*events, **changes):
    calls = calls_of(trace_of(*events), MACHINE)
    pages = blocking_pages(calls)
    outcome = Explanation(
        recording="a-recording",
        kernel="6.12.1",
        page_kib=4,
        calls=calls,
        nr_calls=len(calls),
        by_kind=totals_by_kind(calls, pages),
        pages=pages,
        persistence=persistence_of(pages),
        nr_busy=len(list(in_vain(calls))),
        own_zone=False,
    )
    return replace(outcome, **changes)


def flat(outcome, columns=80):
    """The text without its line breaks and indents."""
    return " ".join(explanation_text(outcome, columns).split())


def test_a_call_that_found_two_pages_in_its_way():
    text = flat(explanation(*TWO_BLOCKERS))
    assert "a-recording: kernel 6.12.1, 2 contiguous calls" in text
    assert "call 1, 1.002 s, c-7: 512 frames (2 MiB): -EBUSY after 7.0 ms, 3 ranges tried" in text
    assert "2 ranges from 0x40000 to 0x40000, 4.0 ms: 0x40010, movable but not highmem" in text
    assert "0x40000 to 0x40200, 2.0 ms: 0x40020, anonymous; migration passed it over" in text


def test_pages_that_blocked():
    text = flat(explanation(*TWO_BLOCKERS))
    assert "frame 0x40010: movable but not highmem: block-device buffer or file-system metadata" in text
    assert "allocated by a-1 3.0 ms before, GFP_NOFS|__GFP_NOFAIL|__GFP_MOVABLE" in text
    assert "blocked 3 ranges of 2 calls from 1.003 s to 1.012 s; never seen freed" in text
    assert "zone-cma would have kept it out" in text
    assert "blocked 1 range of 1 call at 1.007 s; freed 3.0 ms later" in text
    assert "zone-cma would have let it in" in text


def test_the_table_of_kinds():
    text = explanation_text(explanation(*TWO_BLOCKERS), 80)
    (row,) = (line for line in text.split("\n") if line.startswith("movable but not highmem"))
    cells = row.removeprefix("movable but not highmem").split()
    assert cells == ["1", "3", "75.0", "%", "6.0", "ms", "75.0", "%", "9.0", "ms"]


@pytest.mark.parametrize("columns", [80, 100, 200])
def test_lines_fit(columns):
    for name in ("cma128-press-6.12", "pairs/pin-zonecma128-6.12", "pairs/stream-zonecma128-6.12"):
        text = explanation_text(explain(Recording(CAPTURES / name)), columns)
        assert max(map(len, text.split("\n"))) <= columns
        assert "\u00a0" not in text


def test_one_call_shows_each_range():
    outcome = explanation(*failing(0x40010, 0x40010), calls=None)
    text = explanation_text(replace(outcome, calls=calls_of(trace_of(*failing(0x40010)), MACHINE)), 80)
    assert text.count("0x40000 to 0x40200") == 1


def test_a_long_list_of_ranges_says_where_the_rest_is():
    frames = range(0x40000, 0x40000 + 12)
    text = flat(explanation(*failing(*frames), *failing(0x40000)))
    assert "and 4 more ranges: --call 1 shows them all" in text
    assert "and 4 more pages" in text


def test_what_migration_left_behind():
    left = [*migrates(moved=1, failed=2), finds(0x40010), retries()]
    more = [*migrates(failed=3), finds(0x40010), retries()]
    text = flat(explanation(starts(), *left, *more, finishes(errorno=-16), *failing(0x40010)))
    assert "0x40010, unknown; up to 3 failed to move" in text
    assert "-EBUSY after 9.0 ms, 1 page moved, 2 ranges tried" in text


def test_a_bitmap_without_a_free_run():
    text = flat(explanation(starts(), finishes(), starts(count=4096), finishes(pfn=-1, errorno=-12)))
    assert "-ENOMEM after 1.0 ms: no free run of that size in the area's bitmap" in text
    assert "other calls held 512 of its 4,096 frames" in text


def test_other_ends_of_calls():
    assert "refused, its area has 4,096 frames" in flat(explanation(starts(count=5000)))
    assert "the trace ends within it" in flat(explanation(starts()))
    assert "a pageblock that could not be isolated" in flat(explanation(starts(), retries()))


def test_frames_that_the_trace_does_not_show_are_counted():
    text = flat(explanation(*failing(0x40010, 0x40020)))
    assert "its allocation is not in the trace" in text
    assert "the trace does not tell what blocked 2 ranges" in text


def test_a_task_may_be_called_anything():
    events = [alloc("a\x1b[31m-1", 0x40010, FAULT), *failing(0x40010, task="c\x1b[31m-7")]
    text = explanation_text(explanation(*events), 80)
    assert "\x1b" not in text
    assert "allocated by a?[31m-1" in text


def test_remarks_on_the_recording():
    text = flat(explanation(*failing(0x40010), lost=3, damage="line 5 is cut off", own_zone=True))
    assert "lost 3 events" in text
    assert "read in part: line 5 is cut off" in text
    assert "this kernel's area is a zone of its own" in text


def test_json():
    out = json.loads(json.dumps(explanation_json(explanation(*TWO_BLOCKERS))))
    first = out["calls"][0]
    assert (
        first.items() >= {"n": 1, "time": 1002.0, "size": 512, "outcome": "EBUSY", "latency_ms": 7.0}.items()
    )
    assert first["attempts"][0].items() >= {"start": 0x40000, "end": 0x40200, "nr_failed": 0}.items()
    assert first["attempts"][0]["blocker"] == {
        "pfn": 0x40010,
        "kind": Kind.BUFFER.value,
        "task": "a-1",
        "gfp": "GFP_NOFS|__GFP_NOFAIL|__GFP_MOVABLE",
        "age_ms": 3.0,
        "dirtied_ms_before": None,
        "freed_after_ms": None,
        "moved_away": False,
        "times_moved": 0,
        "barred_by_zone_cma": True,
    }
    assert first["attempts"][2]["blocker"]["freed_after_ms"] == 3.0
    assert out["by_kind"][Kind.BUFFER.value]["attempts_share"] == 0.75
    assert out["persistence"]["barred_by_zone_cma"] == 1


def test_json_of_a_range_that_was_got():
    out = explanation_json(explanation(starts(), finds(0x40200), finishes()))
    (attempt,) = out["calls"][0]["attempts"]
    assert (attempt["outcome"], attempt["blocker"]) == ("ok", None)


def test_json_of_every_recorded_call():
    outcome = explain(Recording(CAPTURES / "cma128-press-6.12"), Selection(failed=True))
    out = json.loads(json.dumps(explanation_json(outcome)))
    assert [call["outcome"] for call in out["calls"]] == ["EBUSY", "EBUSY", "ENOMEM"]
    blockers = [attempt["blocker"] for call in out["calls"] for attempt in call["attempts"]]
    assert len(blockers) == 92
    assert {type(blocker["barred_by_zone_cma"]) for blocker in blockers} == {bool}
