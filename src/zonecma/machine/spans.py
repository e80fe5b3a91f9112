"""Which frames each zone of each node spans, and how many of them there are.

mm/page_alloc.c of 4.7 and 6.1, mm/mm_init.c of 6.12: free_area_init and what it calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zonecma.kernel.rules import Rules
from zonecma.kernel.units import ZoneIndex
from zonecma.kernel.zone import ZONE_MOVABLE, ZONE_NORMAL
from zonecma.machine.board import Board
from zonecma.machine.kernelcore import frames_of, frames_of_node, movable_starts


@dataclass(frozen=True)
class Span:
    """A zone's extent on a node, in frames.

    ``present`` is below 0 where a kernel counts more holes than frames (4.7 with movablecore=).
    """

    start: int
    spanned: int
    present: int

    @property
    def end(self) -> int:
        """The frame after the span."""
        return self.start + self.spanned


EMPTY = Span(0, 0, 0)


@dataclass(frozen=True)
class Limits:
    """What zones may span: arch_zone_lowest_possible_pfn, arch_zone_highest_possible_pfn."""

    zones: Mapping[ZoneIndex, tuple[int, int]]
    """lowest and end frame of each configured zone but MOVABLE"""
    movable_zone: ZoneIndex
    """the highest of them that has frames: ZONE_MOVABLE takes its frames from it"""
    movable_pfn: Mapping[int, int]
    """by node: the first frame of ZONE_MOVABLE; a node without one is not in it"""


def zone_limits(board: Board) -> dict[ZoneIndex, tuple[int, int]]:
    """Lowest and end frame of each configured zone but MOVABLE (free_area_init)."""
    ranges = [frames_of(board, one) for one in board.memory]
    lowest, end = min(start for start, _ in ranges), max(end for _, end in ranges)
    limits = {}
    for zone, limit in board.architecture.zone_ends:
        top = end if limit is None else min(limit >> board.architecture.page_shift, end)
        limits[zone] = lowest, max(top, lowest)
        lowest = limits[zone][1]
    return limits


def limits_of(board: Board, rules: Rules) -> Limits:
    """Everything that decides the spans of a board's zones."""
    zones = zone_limits(board)
    populated = [zone for zone, (lowest, end) in zones.items() if end > lowest]
    movable_zone = max(populated)
    starts = movable_starts(board, rules, usable=zones[movable_zone][0])
    return Limits(zones, movable_zone, starts)


def spans_of_node(board: Board, rules: Rules, limits: Limits, node: int) -> dict[ZoneIndex, Span]:
    """The span of each configured zone on a node (calculate_node_totalpages)."""
    ranges = frames_of_node(board, node)
    first, end = min(start for start, _ in ranges), max(end for _, end in ranges)
    spans = {zone: _span(rules, limits, node, zone, (first, end), ranges) for zone in limits.zones}
    spans[ZONE_MOVABLE] = _span_of_movable(limits, node, end, ranges)
    return spans


def _span(
    rules: Rules,
    limits: Limits,
    node: int,
    zone: ZoneIndex,
    extent: tuple[int, int],
    ranges: list[tuple[int, int]],
) -> Span:
    """A zone's part of a node, before and after ZONE_MOVABLE is cut off (zone_spanned_pages_in_node)."""
    lowest, top = limits.zones[zone]
    movable = limits.movable_pfn.get(node)
    absent = 0
    if movable is not None:
        if lowest >= movable:
            lowest = top
        elif top > movable and not rules.boot.movable_overlaps:
            top = movable
        if rules.boot.movable_overlaps and zone == ZONE_NORMAL:
            absent = extent[1] - movable  # zone_absent_pages_in_node of 4.7 takes it from NORMAL, always
    start, end = max(lowest, extent[0]), min(top, extent[1])
    if top < extent[0] or lowest > extent[1] or end <= start:
        return Span(0, 0, -absent)
    return Span(start, end - start, _present(start, end, ranges) - absent)


def _span_of_movable(limits: Limits, node: int, node_end: int, ranges: list[tuple[int, int]]) -> Span:
    start = limits.movable_pfn.get(node)
    if start is None:
        return EMPTY
    end = min(node_end, limits.zones[limits.movable_zone][1])
    return Span(start, end - start, _present(start, end, ranges)) if end > start else EMPTY


def _present(start: int, end: int, ranges: list[tuple[int, int]]) -> int:
    return sum(max(0, min(end, top) - max(start, bottom)) for bottom, top in ranges)
