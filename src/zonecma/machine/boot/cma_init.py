"""cma_init_reserved_areas: areas are handed to the allocator, in their zone or in one of their own."""

from __future__ import annotations

from zonecma.kernel.boot import free_reserved_pages, init_cma_reserved_pageblock
from zonecma.kernel.migratetype import MIGRATE_CMA, MIGRATE_UNMOVABLE
from zonecma.kernel.state import IN_USE, State
from zonecma.kernel.thresholds import zone_set_pageset_high_and_batch
from zonecma.kernel.units import Cpu, Pfn, ZoneIndex
from zonecma.machine.board import MemoryModel
from zonecma.machine.boot.contiguous import set_zone_contiguous
from zonecma.machine.boot.progress import Boot
from zonecma.machine.boot.zonelists import build_all_zonelists
from zonecma.machine.machine import Area
from zonecma.placement.policy import Home
from zonecma.placement.population import Population, Trim


def cma_init_reserved_areas(boot: Boot) -> None:
    """Activate the areas as the placement and the kernel's version do."""
    if not boot.areas or boot.placement.home is Home.NONE:
        boot.log("cma_init_reserved_areas", "areas stay reserved" if boot.areas else "there is no area")
        return
    population = boot.placement.population
    if population and population.trim is Trim.BEFORE:
        _trim(boot, population)
    lines = [_activate(boot, area) for area in boot.areas if not _gave_up(boot)]
    boot.log("cma_activate_area", *lines)
    if population and not _gave_up(boot):
        if population.trim is Trim.AFTER:
            _trim(boot, population)
        _renew_figures(boot, population)


def _gave_up(boot: Boot) -> bool:
    """Whether an area was refused in a kernel that stops there (4.7)."""
    return bool(boot.refused) and boot.rules.boot.refused_area_is_lost


def _activate(boot: Boot, area: Area) -> str:
    """Hand one area over (cma_activate_area); what happened."""
    node = boot.node_of(area)
    good = _blocks_to_activate(boot, node, area)
    wanted = area.count >> boot.board.architecture.pageblock_order
    if len(good) < wanted:
        boot.refused.append(area.name)
        if not boot.rules.boot.refused_area_is_lost:
            return _give_back(boot, node, area)
    donor = boot.name_of(node, ZoneIndex(boot.nodes[node].frame[area.base_pfn].zone))
    for start in good:
        _take_pageblock(boot, boot.nodes[node], Pfn(start))
    zone = boot.name_of(node, ZoneIndex(boot.nodes[node].frame[area.base_pfn].zone))
    frames = len(good) << boot.board.architecture.pageblock_order
    outcome = f"{area.name}: {len(good)} of {wanted} pageblocks to zone {zone}"
    if zone != donor:
        outcome += f", {frames} frames stolen from {donor}"
    return outcome + (", then refused: it straddles zones" if len(good) < wanted else "")


def _blocks_to_activate(boot: Boot, node: int, area: Area) -> list[int]:
    """The pageblocks that come before the first frame of another zone than the area's first."""
    frames, population = boot.nodes[node].frame, boot.placement.population
    block = 1 << boot.board.architecture.pageblock_order
    starts = list(range(area.base_pfn, area.end_pfn, block))
    if population and population.crosses_zones:
        return starts
    first = frames[area.base_pfn].zone
    for number, start in enumerate(starts):
        if (frames.zone[start : start + block] != first).any():
            return starts[:number]
    return starts


def _give_back(boot: Boot, node: int, area: Area) -> str:
    """Make a refused area's frames ordinary ones (cma_activate_area's error path, 6.x)."""
    state = boot.nodes[node]
    state.frame.where[area.base_pfn : area.end_pfn] = IN_USE
    free_reserved_pages(state, Cpu(0), area.base_pfn, area.end_pfn)
    return f"{area.name}: could not be activated, it straddles zones; its frames become ordinary ones"


def _take_pageblock(boot: Boot, state: State, start: Pfn) -> None:
    """Free one pageblock of an area, to its new zone if it has one (init_cma_reserved_pageblock)."""
    population, frames = boot.placement.population, 1 << boot.board.architecture.pageblock_order
    old = ZoneIndex(state.frame[start].zone)
    new = population.zone if population else old
    if population:
        state.zone[old].present -= frames
        state.frame.zone[start : start + frames] = new
        if not population.counted_from_start:
            state.zone[new].present += frames
    state.frame.where[start : start + frames] = IN_USE
    init_cma_reserved_pageblock(state, start, boot.placement.migratetype)
    if boot.placement.migratetype == MIGRATE_CMA:
        state.zone[new].cma += frames


def _trim(boot: Boot, population: Population) -> None:
    """Cut the zone's span down to the areas, where this posting's loop gets to."""
    lines = []
    for node, state in boot.nodes.items():
        zone, name = state.zone[population.zone], boot.name_of(node, population.zone)
        areas = boot.areas_of(node) if population.per_node else list(boot.areas)
        passed_over = population.spares_populated if zone.present else population.trims_populated_only
        if passed_over or not areas or not zone.spanned:
            lines.append(f"{name}: keeps its span of {zone.spanned} frames")
            continue
        old_start, old_end = int(zone.start_pfn), int(zone.start_pfn + zone.spanned)
        start = max(old_start, min(area.base_pfn for area in areas))
        end = min(old_end, max(area.end_pfn for area in areas))
        zone.start_pfn, zone.spanned = start, max(end - start, 0)
        _reread_types(boot, state, population.zone, old_start)
        lines.append(f"{name}: cut down to frames {start} to {end - 1}")
    boot.log("cma_init_reserved_areas", *lines)


def _reread_types(boot: Boot, state: State, zone: ZoneIndex, old_start: int) -> None:
    """On FLATMEM a zone finds a pageblock's type by the distance to its start, which has moved.

    get_pfnblock_flags_mask: each of its pageblocks now reads the entry of the one that lies as
    far from the old start as it lies from the new one; entries never written are Unmovable.
    """
    if boot.board.memory_model is not MemoryModel.FLATMEM:
        return
    order = boot.board.architecture.pageblock_order
    shift = (int(state.zone[zone].start_pfn) >> order) - (old_start >> order)
    own = [block for block in range(len(state.block)) if state.frame.zone[block << order] == zone]
    written = {block: int(state.block[block]) for block in own}
    for block in own:
        state.block[block] = written.get(block - shift, MIGRATE_UNMOVABLE)


def _renew_figures(boot: Boot, population: Population) -> None:
    """Rebuild zonelists, size per-cpu lists anew, mark zones without holes; watermarks are left alone."""
    build_all_zonelists(boot)
    for node, zone, record in boot.populated():
        if zone == population.zone and population.own_pageset:
            record.boot_pageset = 0
        zone_set_pageset_high_and_batch(boot.nodes[node], zone, boot.tunables)
    boot.log("zone_pcp_update", "per-cpu lists resized; watermarks are left to init_per_zone_wmark_min")
    set_zone_contiguous(boot)
