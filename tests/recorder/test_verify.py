"""A replay by hand: events take frames and give them back, and what they leave out is found."""

import numpy as np
import pytest

from recorder.errors import RecorderError
from recorder.lines import Line, number, parse_line, read_lines
from recorder.verify import Replay, between, entries, free_frames, load_snapshot

ZONE = {
    "start_pfn": 0,
    "spanned": 64,
    "free": {"3": {"MIGRATE_MOVABLE": [8]}},
    "pcp": [{"lists": [[3], [], [], [4]]}],
}


def page(pfn):
    return hex(0xFFFFEA0000000000 + pfn * 64)


def replayed(free, *lines):
    frames = np.zeros(64, np.bool_)
    frames[list(free)] = True
    replay = Replay(frames)
    for event, text in lines:
        replay.line(Line(0, 0.0, event, text))
    return set(np.flatnonzero(replay.free).tolist()), replay.surprises


def test_free_frames_are_those_of_free_lists_and_per_cpu_lists():
    free = free_frames({"zones": [ZONE]})
    assert np.flatnonzero(free).tolist() == [3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15]  # list 3 is of order 1


def test_allocations_take_and_frees_give():
    alloc = ("mm_page_alloc", "pfn=0x8 order=2 migratetype=1 gfp_flags=GFP_KERNEL")
    assert replayed(range(8, 16), alloc) == ({12, 13, 14, 15}, 0)
    assert replayed([], ("mm_page_free", "pfn=0x8 order=1")) == ({8, 9}, 0)


def test_an_event_that_cannot_be_is_a_surprise():
    assert replayed([], ("mm_page_alloc", "pfn=0x8 order=0")) == (set(), 1)
    assert replayed([8], ("mm_page_free", "pfn=0x8 order=0")) == ({8}, 1)


def test_a_failed_request_takes_nothing():
    assert replayed([0, 8], ("mm_page_alloc", "pfn=0x0 order=3")) == ({0, 8}, 0)


def test_a_bulk_allocation_takes_as_many_frames_as_it_got():
    text = f"(x <- y) n=0x2 arr=0xffff888000000000 p0={page(8)} p1={page(9)} p2={page(10)}"
    assert replayed(range(8, 12), ("bulk", text)) == ({10, 11}, 0)


def test_a_bulk_allocation_that_fell_back_has_told_its_frame_before():
    alloc = ("mm_page_alloc", "pfn=0x8 order=0")
    assert replayed([8, 9], alloc, ("bulk", f"(x <- y) n=0x1 p0={page(8)}")) == ({9}, 0)
    assert replayed([8, 9], ("bulk", f"(x <- y) n=0x1 p0={page(8)}")) == ({9}, 0)


def test_a_contiguous_call_takes_what_was_isolated_and_frees_its_tail():
    isolated = ("isolfree", f"(x) page={page(8)} order=3")
    tail = ("mm_page_free", "pfn=0xc order=2")
    finished = ("cma_alloc_finish", "name=reserved pfn=0x8 count=4 align=0 errorno=0")
    assert replayed(range(8, 16), isolated, tail, finished) == ({12, 13, 14, 15}, 0)


def test_the_end_of_an_isolation_puts_back_what_it_took():
    chunk = f"(x) page={page(8)} order=2"
    assert replayed(range(8, 12), ("isolfree", chunk), ("putback", chunk)) == ({8, 9, 10, 11}, 0)


def test_a_target_that_compaction_could_not_use_is_not_free_before_the_end():
    taken = ("isolfree", f"(x) page={page(8)} order=1")
    begin, end = ("mm_compaction_begin", "zone_start=0x0"), ("mm_compaction_end", "zone_start=0x0")
    moving, moved = ("mm_migrate_pages_start", "reason=compaction"), ("mm_migrate_pages", "nr_failed=1")
    given_back, source = ("mm_page_free", "pfn=0x8 order=0"), ("mm_page_free", "pfn=0x14 order=0")
    window = [begin, taken, moving, given_back, source, moved]
    assert replayed([8, 9], *window) == ({20}, 0)
    assert replayed([8, 9], *window, given_back, end) == ({8, 20}, 0)
    assert replayed([8, 9], *window, end, moving, given_back) == ({8, 20}, 0)
    scanned = ("mm_compaction_isolate_migratepages", "range=(0x0 ~ 0x9) nr_scanned=9 nr_taken=1")
    assert replayed([8, 9], *window, scanned, moving, given_back) == ({8, 20}, 0)


def test_a_failed_contiguous_call_takes_nothing():
    assert replayed([8], ("cma_alloc_finish", "name=r pfn=0x8 count=1 align=0 errorno=-16")) == ({8}, 0)


def test_lines_are_counted_by_cpu():
    lines = [Line(cpu, 0.0, str(i), "") for i, cpu in enumerate([0, 1, 0, 1, 0, 1, 1])]
    assert [line.event for line in between(lines, [1, 0], [3, 2])] == ["1", "2", "3", "4"]
    assert entries({"trace": {"global": [{"entries": 0}], "cap": [{"entries": 5}, {"entries": 6}]}}) == [5, 6]
    assert entries({"trace": {"global": [{"entries": 7}]}}) == [7]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "     kworker/0:0-8     [001]     6.020405: decay:                (ffffffff811d6184) zone=0x1",
            Line(1, 6.020405, "decay", "(ffffffff811d6184) zone=0x1", "kworker/0:0-8"),
        ),
        (
            "          <idle>-0     [000]     0.000000: mm_page_free: pfn=0x1",
            Line(0, 0.0, "mm_page_free", "pfn=0x1", "<idle>-0"),
        ),
        ("cpus=1", None),
        ("CPU:0 [7 EVENTS DROPPED]", None),
    ],
)
def test_a_line_is_an_event_or_none(text, line):
    assert parse_line(text) == line


def test_numbers_are_decimal_or_hexadecimal():
    assert [number("a=12 bb=0x1f c=-3", name) for name in ("a", "bb", "c", "b")] == [12, 31, -3, None]


def test_what_is_no_recording_is_said_so(tmp_path):
    with pytest.raises(RecorderError, match=r"snap\.A\.json\.gz: cannot be read"):
        load_snapshot(tmp_path, "A")
    (tmp_path / "snap.A.json.gz").write_bytes(b"nothing")
    with pytest.raises(RecorderError, match="expected a recording's snapshot"):
        load_snapshot(tmp_path, "A")
    (tmp_path / "trace.txt.zst").write_bytes(b"nothing")
    with pytest.raises(RecorderError, match="expected a recording's trace"):
        list(read_lines(tmp_path / "trace.txt.zst"))
