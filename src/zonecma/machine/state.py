"""From a machine, and what a snapshot says of it, to the model's state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from zonecma.capture.snapshot import PcpSnapshot, Snapshot, ZoneSnapshot
from zonecma.kernel.alloc_flags import WMARK_HIGH
from zonecma.kernel.boot import fill_free_list, fill_pcp_list
from zonecma.kernel.features import follow
from zonecma.kernel.state import IN_USE, State, empty_state
from zonecma.kernel.users import UNKNOWN_USER
from zonecma.kernel.zone import ZONE_BELOW_HIGH, ZONE_CMA, ZONE_HIGHMEM, ZONE_MOVABLE, ZONE_NORMAL
from zonecma.machine.machine import Area, Machine

_PCP_FIELDS = ("high", "high_min", "high_max", "batch", "alloc_factor", "free_count")


def bare_state(machine: Machine, *, nr_gfp_classes: int = 1, nr_objects: int = 0) -> State:
    """The machine's zones and areas; every frame of a zone in use, nothing free."""
    state = empty_state(
        machine.nr_frames,
        machine.nr_cpus,
        pageblock_order=machine.pageblock_order,
        max_order=machine.max_order,
        nr_gfp_classes=nr_gfp_classes,
        nr_areas=len(machine.areas),
        nr_bits=bits_of(machine.areas),
        nr_objects=nr_objects,
    )
    follow(state, machine.rules)
    set_areas(state, machine.areas)
    for zone in machine.zones:
        frames: Any = state.frame[zone.start_pfn : zone.start_pfn + zone.spanned]
        frames.zone, frames.where, frames.user = zone.index, IN_USE, UNKNOWN_USER
        record = state.zone[zone.index]
        record.start_pfn, record.spanned = zone.start_pfn, zone.spanned
        record.present, record.managed = zone.present, zone.managed
    return state


def bits_of(areas: Sequence[Area]) -> int:
    """Bits that the areas' bitmaps have together."""
    return sum(area.count >> area.order_per_bit for area in areas)


def set_areas(state: State, areas: Sequence[Area]) -> None:
    """Enter the areas, their bitmaps one behind the other, into a state with room for them."""
    bits = [area.count >> area.order_per_bit for area in areas]
    for area, record, first_bit in zip(areas, state.cma, np.cumsum([0, *bits]), strict=False):
        record.base_pfn, record.count = area.base_pfn, area.count
        record.order_per_bit, record.first_bit = area.order_per_bit, first_bit


def load_snapshot(state: State, snapshot: Snapshot) -> None:
    """Put a snapshot's lists, counters and bitmaps into a bare state of its machine."""
    for zone in snapshot.zones:
        _load_zone(state, zone)
    active = [area for area in snapshot.areas if area.count]
    for area, record in zip(active, state.cma, strict=True):
        if record.count == area.count:  # what an area of another size held is not known
            state.bitmap[record.first_bit : record.first_bit + len(area.bitmap)] = area.bitmap


def _load_zone(state: State, zone: ZoneSnapshot) -> None:
    record = state.zone[zone.index]
    record.cma, record.watermark_boost = zone.cma, zone.watermark_boost
    record.watermark[: len(zone.watermark)] = zone.watermark
    _load_reserve(record.lowmem_reserve, zone)
    first = zone.start_pfn >> zone.pageblock_order
    state.block[first : first + len(zone.pageblocks)] = zone.pageblocks
    for (order, migratetype), frames in zone.free.items():
        fill_free_list(state, zone.index, order, migratetype, frames)
    for pcp in zone.pcp:
        _load_pcp(state, zone, pcp)
    _load_diffs(state, zone)
    # A snapshot does not hold zone->flags: the zone is taken to be below its high mark just
    # when its free pages are.
    if record.nr_free_pages <= record.watermark[WMARK_HIGH]:
        record.zone_flags = ZONE_BELOW_HIGH


def _load_diffs(state: State, zone: ZoneSnapshot) -> None:
    """What CPUs keep to themselves of the counters: all that these lack.

    The snapshot does not tell who has it: it goes to the lowest CPUs that can.
    """
    record = state.zone[zone.index]
    threshold = int(record.stat_threshold)
    for counter, counted, lag, diff in (
        ("nr_free_pages", zone.counted_free, "free_lag", "free_diff"),
        ("nr_free_cma", zone.counted_cma, "cma_lag", "cma_diff"),
    ):
        left = int(record[counter]) - counted
        for pcp in state.pcp[zone.index]:
            pcp[diff] = min(max(left, -threshold), threshold)
            record[lag] += pcp[diff]
            left -= int(pcp[diff])


def _load_reserve(reserve: Sequence[int], zone: ZoneSnapshot) -> None:
    for index, pages in zone.lowmem_reserve.items():
        reserve[index] = pages  # type: ignore[index]
    reserve[ZONE_HIGHMEM] = reserve[ZONE_NORMAL]  # type: ignore[index]
    reserve[ZONE_CMA] = reserve[ZONE_MOVABLE]  # type: ignore[index]


def _load_pcp(state: State, zone: ZoneSnapshot, pcp: PcpSnapshot) -> None:
    record = state.pcp[zone.index, pcp.cpu]
    for name in _PCP_FIELDS:
        record[name] = pcp.fields.get(name, 0)
    record.pcp_flags = pcp.fields.get("flags", 0)
    for pindex, frames in pcp.lists.items():
        fill_pcp_list(state, zone.index, pcp.cpu, pindex, frames)
