"""Putting a machine's areas where a placement wants them, and the books right afterwards.

For ZONE_CMA this is what the series' third patch does: each pageblock's pages leave the
present count of their old zone and join the new one's, their links move, they are freed as a
whole pageblock, the new zone's span is trimmed to the areas.  Thresholds are computed anew
when something moved.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.boot import init_cma_reserved_pageblock
from zonecma.kernel.migratetype import MIGRATE_CMA, MIGRATE_MOVABLE
from zonecma.kernel.offline import withdraw_range
from zonecma.kernel.state import IN_USE, State
from zonecma.kernel.thresholds import recalculate
from zonecma.kernel.units import Migratetype, Pfn, ZoneIndex
from zonecma.kernel.zone import NO_ZONE
from zonecma.machine.machine import Area, Machine
from zonecma.placement.policy import Home, Placement


def populate(state: State, machine: Machine, placement: Placement) -> dict[str, NDArray[np.int64]]:
    """Move every area to where ``placement`` wants it.

    Returns, by area, the frames that were in use in it: they are not any more, and the caller
    finds their contents a place.  An area that is where it should be keeps everything.
    """
    moved = {f"former {area.name}": _dissolve_area(state, machine, area) for area in machine.former_areas}
    moved |= {
        area.name: _move_area(state, machine, area, placement)
        for area in machine.areas
        if machine.former_areas or not _is_in_place(state, machine, area, placement)
    }
    if moved:
        _trim_span(state, machine, placement)
        recalculate(
            state,
            machine.tunables,
            huge_pages=machine.huge_pages,
            min_free_pages=machine.min_free_pages,
        )
    return moved


def _zone_for(machine: Machine, area: Area, placement: Placement) -> ZoneIndex:
    if placement.population:
        return placement.population.zone
    return NO_ZONE if placement.home is Home.NONE else machine.home_zone(area.base_pfn)


def _is_in_place(state: State, machine: Machine, area: Area, placement: Placement) -> bool:
    first_block = area.base_pfn >> machine.pageblock_order
    right_zone = state.frame[area.base_pfn].zone == _zone_for(machine, area, placement)
    return bool(right_zone and state.block[first_block] == placement.migratetype)


def _dissolve_area(state: State, machine: Machine, area: Area) -> NDArray[np.int64]:
    """Make an area ordinary movable memory of the zone in which it lies; the frames that were in use."""
    return _rehouse(state, machine, area, machine.home_zone(area.base_pfn), MIGRATE_MOVABLE)


def _move_area(state: State, machine: Machine, area: Area, placement: Placement) -> NDArray[np.int64]:
    """Give an area to the zone that a placement wants; the frames that were in use."""
    return _rehouse(state, machine, area, _zone_for(machine, area, placement), placement.migratetype)


def _rehouse(
    state: State, machine: Machine, area: Area, new_zone: ZoneIndex, migratetype: Migratetype
) -> NDArray[np.int64]:
    """Take an area from its old zone and give it to its new one; the frames that were in use."""
    old_zone = ZoneIndex(state.frame[area.base_pfn].zone)
    used = np.zeros(area.count, np.uint8)
    if old_zone != NO_ZONE:
        if state.block[area.base_pfn >> machine.pageblock_order] == MIGRATE_CMA:
            state.zone[old_zone].cma -= area.count
        withdraw_range(state, area.base_pfn, area.end_pfn, used)
    present_before, present_now = _present_in(machine, area, old_zone), _present_in(machine, area, new_zone)
    block = 1 << machine.pageblock_order
    for start in range(area.base_pfn, area.end_pfn, block):
        state.zone[present_before].present -= block
        state.zone[present_now].present += block
        state.frame["zone"][start : start + block] = new_zone
        if new_zone != NO_ZONE:
            state.frame["where"][start : start + block] = IN_USE
            init_cma_reserved_pageblock(state, Pfn(start), migratetype)
    _extend_span(state, present_now, area)
    if migratetype == MIGRATE_CMA and new_zone != NO_ZONE:
        state.zone[new_zone].cma += area.count
    return area.base_pfn + np.flatnonzero(used)


def _present_in(machine: Machine, area: Area, zone: ZoneIndex) -> ZoneIndex:
    """The zone that counts an area as present: memory that is never lent still is, at home."""
    return machine.home_zone(area.base_pfn) if zone == NO_ZONE else zone


def _extend_span(state: State, zone: ZoneIndex, area: Area) -> None:
    """Let a zone's span hold an area."""
    record = state.zone[zone]
    end = max(record.start_pfn + record.spanned, area.end_pfn)
    start = min(record.start_pfn, area.base_pfn) if record.spanned else area.base_pfn
    record.start_pfn, record.spanned = start, end - start


def _trim_span(state: State, machine: Machine, placement: Placement) -> None:
    """A zone of areas alone does not reach beyond them; one that lost all its pages spans nothing."""
    record = state.zone[placement.population.zone] if placement.population else None
    if record is not None and record.present == machine.area_pages:
        start = min(area.base_pfn for area in machine.areas)
        record.start_pfn, record.spanned = start, max(area.end_pfn for area in machine.areas) - start
    for record in state.zone:
        if not record.present:
            record.start_pfn = record.spanned = 0
