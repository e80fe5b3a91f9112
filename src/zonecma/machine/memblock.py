"""The early allocator: which ranges of memory are free, and where in them something is placed.

Ranges are tuples in ascending order that neither overlap nor touch; addresses and sizes are bytes.
Every function is pure.  mm/memblock.c, alike in 4.7, 6.1 and 6.12.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

ANYWHERE = (1 << 64) - 1
"""An end that limits nothing (MEMBLOCK_ALLOC_ANYWHERE)."""


class Range(NamedTuple):
    """From ``start`` up to ``end``."""

    start: int
    end: int


Ranges = tuple[Range, ...]


def align_up(address: int, alignment: int) -> int:
    """The next multiple of ``alignment``, itself included."""
    return -(-address // alignment) * alignment


def align_down(address: int, alignment: int) -> int:
    """The multiple of ``alignment`` before, itself included."""
    return address // alignment * alignment


def union(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """All of them in order, those that overlap or touch as one (memblock_add_range, merge_regions)."""
    merged: list[Range] = []
    for start, end in sorted(one for one in ranges if one[0] < one[1]):
        if merged and start <= merged[-1].end:
            merged[-1] = Range(merged[-1].start, max(end, merged[-1].end))
        else:
            merged.append(Range(start, end))
    return tuple(merged)


def without(ranges: Ranges, holes: Ranges) -> Ranges:
    """What is left of ``ranges`` without ``holes`` (memblock_remove_range, for_each_free_mem_range)."""
    left: list[Range] = []
    first = 0
    for start, end in ranges:
        while first < len(holes) and holes[first].end <= start:
            first += 1
        for hole in holes[first:]:
            if hole.start >= end:
                break
            left.append(Range(start, hole.start))
            start = hole.end
        left.append(Range(start, end))
    return tuple(one for one in left if one.start < one.end)


def overlaps(ranges: Ranges, start: int, end: int) -> bool:
    """Whether any of them has a byte in common with start..end (memblock_is_region_reserved)."""
    return any(one.start < end and start < one.end for one in ranges)


def covers(ranges: Ranges, start: int, end: int) -> bool:
    """Whether start..end lies in them whole (memblock_is_region_memory)."""
    return any(one.start <= start and end <= one.end for one in ranges)


def find_top_down(free: Ranges, size: int, alignment: int, start: int, end: int) -> int | None:
    """The highest aligned place of ``size`` bytes between start and end; None: there is none.

    __memblock_find_range_top_down.
    """
    for low, high in reversed(free):
        candidate = align_down(min(high, end) - size, alignment)
        if candidate >= max(low, start):
            return candidate
    return None


def find_bottom_up(free: Ranges, size: int, alignment: int, start: int, end: int) -> int | None:
    """The lowest aligned place of ``size`` bytes between start and end; None: there is none.

    __memblock_find_range_bottom_up.
    """
    for low, high in free:
        candidate = align_up(max(low, start), alignment)
        if candidate + size <= min(high, end):
            return candidate
    return None
