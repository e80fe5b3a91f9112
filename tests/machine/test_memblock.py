"""The early allocator, against sets of bytes, and against each step that real kernels logged."""

import itertools
import re
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import CAPTURES
from zonecma.machine.memblock import (
    Range,
    align_up,
    covers,
    find_bottom_up,
    find_top_down,
    overlaps,
    union,
    without,
)

LIMIT = 60
POINTS = st.integers(0, LIMIT)
SOME = st.lists(st.tuples(POINTS, POINTS).map(sorted).map(tuple), max_size=6)


def members(ranges):
    return {byte for start, end in ranges for byte in range(start, end)}


def is_sorted(ranges):
    ends = [point for one in ranges for point in one]
    return all(a < b for a, b in itertools.pairwise(ends))


@given(SOME)
def test_a_union_has_the_same_bytes_in_the_fewest_ranges(ranges):
    merged = union(ranges)
    assert members(merged) == members(ranges)
    assert is_sorted(merged)


@given(SOME, SOME)
def test_holes_are_taken_out(ranges, holes):
    left = without(union(ranges), union(holes))
    assert members(left) == members(ranges) - members(holes)
    assert is_sorted(left)


@given(SOME, POINTS, POINTS)
def test_overlap_and_cover_agree_with_sets(ranges, a, b):
    start, end = sorted((a, b))
    merged, wanted = union(ranges), set(range(start, end))
    if start < end:
        assert overlaps(merged, start, end) == bool(members(merged) & wanted)
        assert covers(merged, start, end) == (wanted <= members(merged))


@given(SOME, st.integers(1, 20), st.sampled_from([1, 2, 4, 8, 16]), POINTS, POINTS)
def test_the_place_is_the_highest_or_the_lowest_there_is(ranges, size, alignment, a, b):
    start, end = sorted((a, b))
    free = union(ranges)
    places = [
        place
        for place in range(align_up(start, alignment), LIMIT + 1, alignment)
        if place + size <= end and covers(free, place, place + size)
    ]
    assert find_top_down(free, size, alignment, start, end) == max(places, default=None)
    assert find_bottom_up(free, size, alignment, start, end) == min(places, default=None)


BOOTS = (
    "boot-cma256-6.1",
    "boot-cma256-6.12",
    "boot-nocma-6.12",
    "boot-ram1024-cma256-nothp-6.12",
    "boot-ram1536-cma320-smp2-6.12",
    "boot-straddle256-6.12",
    "boot-zonecma256-6.12",
)
ASKED = re.compile(
    r"memblock_\w*alloc\w*: (\d+) bytes align=(0x\w+) (?:nid=(-?\d+) )?from=(0x\w+) max_addr=(0x\w+)"
)
CHANGED = re.compile(r"memblock_(add|reserve|phys_free): \[(0x\w+)-(0x\w+)\]")
LISTED = re.compile(r" (memory|reserved)\[0x\w+\]\s+\[(0x\w+)-(0x\w+)\]")
AREA = re.compile(r"cma: Reserved (\d+) MiB at (0x\w+)")


def dmesg(recording):
    with tarfile.open(CAPTURES / recording / "proc.tar.xz") as archive:
        name = next(one for one in archive.getnames() if one.endswith("dmesg"))
        return archive.extractfile(name).read().decode().splitlines()


class Replay:
    """The kernel's own log of its early allocator, followed step by step."""

    def __init__(self):
        self.memory = self.reserved = ()
        self.asked = None
        self.placed = 0
        self.area = None

    def line(self, row):
        if match := LISTED.search(row):
            kind, new = match[1], (Range(int(match[2], 16), int(match[3], 16) + 1),)
            setattr(self, kind, union(getattr(self, kind) + new))
        elif match := ASKED.search(row):
            size, alignment, _, start, end = match.groups()
            self.asked = int(size), int(alignment, 16), int(start, 16), int(end, 16)
        elif match := CHANGED.search(row):
            self.change(match[1], Range(int(match[2], 16), int(match[3], 16) + 1), row)
        elif match := AREA.search(row):
            self.area = self.before, int(match[1]) << 20, int(match[2], 16)

    def change(self, what, found, row):
        self.before = self.reserved
        if what == "reserve" and self.asked and "memblock_alloc_range_nid" in row:
            size, alignment, start, end = self.asked
            end = end or self.memory[-1].end
            place = find_top_down(without(self.memory, self.reserved), size, alignment, max(start, 4096), end)
            assert place == found.start, row
            self.placed, self.asked = self.placed + 1, None
        if what == "reserve":
            self.reserved = union((*self.reserved, found))
        elif what == "phys_free":
            self.reserved = without(self.reserved, (found,))


def replayed(recording):
    replay = Replay()
    for row in dmesg(recording):
        replay.line(row)
    return replay


@pytest.mark.parametrize("recording", BOOTS)
def test_each_place_that_a_recorded_boot_chose_is_found(recording):
    replay = replayed(recording)
    assert replay.placed >= 30
    if recording == "boot-nocma-6.12":
        assert replay.area is None
        return
    reserved, size, base = replay.area
    free = without(replay.memory, reserved)
    assert find_top_down(free, size, 2 << 20, 4096, replay.memory[-1].end) == base
