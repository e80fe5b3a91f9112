"""Faults that a boot leaves behind, each with its rule and what comes of it.

Everything is read off the booted model; nothing is known of a series but what it did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zonecma.kernel.alloc_flags import WMARK_HIGH
from zonecma.kernel.thresholds import setup_per_zone_lowmem_reserve, setup_per_zone_wmarks
from zonecma.kernel.units import ZoneIndex
from zonecma.kernel.zone import ZONE_CMA, ZONE_MOVABLE
from zonecma.lab.boot import Booted
from zonecma.lab.fill import fill
from zonecma.machine.boot.contiguous import has_no_hole
from zonecma.machine.boot.progress import Boot
from zonecma.machine.machine import Area
from zonecma.progress import Progress, no_progress

_A_LOT = 20
"""One part in so many of an area is a lot to be left free."""


@dataclass(frozen=True)
class Finding:
    """One fault."""

    rule: str
    """its name"""
    place: str
    """the zone or area that has it"""
    kernel: str
    """the function that does it, and in which kernels"""
    consequence: str
    blocks_wrong: int = 0
    """pageblocks of areas that read a wrong type"""
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Faults:
    """All faults of a boot."""

    booted: Booted
    findings: tuple[Finding, ...]


def find_faults(booted: Booted, progress: Progress = no_progress) -> Faults:
    """Look for every fault that is known."""
    found = [one for look in _LOOKS for one in look(booted.boot)]
    return Faults(booted, (*found, *_dry_beside_area(booted.boot, progress)))


def _own_zone(boot: Boot) -> Iterator[tuple[int, ZoneIndex, Any]]:
    """The zone that areas moved to, on each node where it has pages."""
    population = boot.placement.population
    return (one for one in boot.populated() if population and one[1] == population.zone)


def _wrong_types(boot: Boot) -> Iterator[Finding]:
    order = boot.board.architecture.pageblock_order
    for area in boot.areas:
        if area.name in boot.refused:
            continue
        types = boot.nodes[boot.node_of(area)].block[area.base_pfn >> order : area.end_pfn >> order]
        wrong = int(np.count_nonzero(types != boot.placement.migratetype)) if boot.lends_areas else 0
        if wrong:
            yield Finding(
                "pageblock-types-shifted",
                f"area {area.name}",
                "cma_init_reserved_areas trims the span after set_pageblock_migratetype; FLATMEM",
                f"{wrong} of {len(types)} pageblocks read a type that was never set for them: pages freed"
                " there go to Unmovable lists, where movable requests find them only by stealing; a"
                " contiguous allocation heals the pageblocks that it covers",
                blocks_wrong=wrong,
            )


def _wide_span(boot: Boot) -> Iterator[Finding]:
    for node, zone, record in _own_zone(boot):
        areas = boot.areas_of(node)
        if not areas:
            continue
        needed = max(area.end_pfn for area in areas) - min(area.base_pfn for area in areas)
        if record.spanned > needed and record.present == sum(area.count for area in areas):
            yield Finding(
                "span-not-trimmed",
                boot.name_of(node, zone),
                "free_area_init_core gives the zone its node's span, and nothing cuts it down to its areas",
                f"the zone spans {record.spanned} frames, its areas {needed}: it is not contiguous, and"
                " compaction and /proc/pagetypeinfo walk memory of other zones",
                figures={"spanned": int(record.spanned), "needed": int(needed)},
            )


def _stale_watermarks(boot: Boot) -> Iterator[Finding]:
    now = _copied(boot, "watermark")
    setup_per_zone_wmarks(list(boot.nodes.values()), boot.tunables, boot.min_free_kbytes)
    due = _copied(boot, "watermark")
    _restore(boot, "watermark", now)
    for node, zone, _ in _zones_of_areas(boot):
        has, should = now[node][zone][:3].tolist(), due[node][zone][:3].tolist()
        if has != should:
            yield Finding(
                "watermarks-stale",
                boot.name_of(node, zone),
                "init_per_zone_wmark_min runs before cma_init_reserved_areas (both core_initcall)",
                f"min/low/high are {_slashed(has)} where the zone's pages call for {_slashed(should)}"
                + _without_marks(has),
                figures={"marks": has, "recomputed": should},
            )


def _without_marks(marks: list[int]) -> str:
    if marks[1] != marks[2]:
        return ", until min_free_kbytes is written or khugepaged starts"
    return (
        "; its fair batch is 0, so that the zones below fill up first and run dry while it is free, until"
        " min_free_kbytes is written or khugepaged starts"
    )


def _stale_reserve(boot: Boot) -> Iterator[Finding]:
    now = _copied(boot, "lowmem_reserve")
    setup_per_zone_lowmem_reserve(list(boot.nodes.values()), boot.tunables)
    due = _copied(boot, "lowmem_reserve")
    _restore(boot, "lowmem_reserve", now)
    highest = boot.configured[-1]
    for node, zone, _ in boot.populated():
        has, should = int(now[node][zone][highest]), int(due[node][zone][highest])
        if has == should:
            continue
        yield Finding(
            "lowmem-reserve-stale",
            boot.name_of(node, zone),
            "setup_per_zone_lowmem_reserve runs before cma_init_reserved_areas",
            f"the zone keeps {has} frames from requests that could go higher, where {should} are due, until"
            " lowmem_reserve_ratio is read or written",
            figures={"reserve": has, "recomputed": should},
        )


def _reserved_whole(boot: Boot) -> Iterator[Finding]:
    ratio = boot.tunables.lowmem_reserve_ratio[ZONE_MOVABLE]
    for node, zone, record in boot.populated():
        above = int(boot.nodes[node].zone[ZONE_CMA].managed)
        if zone == ZONE_MOVABLE and ratio == 1 and above and record.managed:
            yield Finding(
                "movable-reserved-whole",
                boot.name_of(node, zone),
                "vm.lowmem_reserve_ratio is one entry short: its 0 is raised to 1",
                f"once the reserves are computed anew the zone keeps {above} frames, all of ZONE_CMA's size,"
                f" from the requests that may use it, of {record.managed} that it has",
                figures={"reserve": above, "managed": int(record.managed)},
            )


def _boot_pageset(boot: Boot) -> Iterator[Finding]:
    for node, zone, record in boot.populated():
        if record.boot_pageset:
            yield Finding(
                "boot-pageset",
                boot.name_of(node, zone),
                "setup_per_cpu_pageset passed over it; setup_zone_pageset is not called",
                "the zone shares the static per-cpu lists of early boot: its counters' threshold stays"
                f" {record.stat_threshold}, and the next rebuild of the zonelists (memory hotplug) empties"
                " the lists and loses the pages on them",
            )


def _stale_contiguous(boot: Boot) -> Iterator[Finding]:
    for node, zone, record in boot.populated():
        if record.contiguous and not has_no_hole(boot, node, zone):
            yield Finding(
                "contiguous-stale",
                boot.name_of(node, zone),
                "set_zone_contiguous marks, and never clears; 4.6 and later",
                f"the zone counts as free of holes, but {record.spanned - record.present} of the"
                f" {record.spanned} frames that it spans are not its own: compaction skips the check of each"
                " pageblock's zone and walks into the areas",
            )


def _refused_area(boot: Boot) -> Iterator[Finding]:
    for area in boot.areas:
        if area.name not in boot.refused:
            continue
        moved = _activated_frames(boot, area)
        lost = area.count - moved
        fate = (
            f"its first {moved} frames have moved, {lost} are lost to everybody"
            if boot.rules.boot.refused_area_is_lost
            else f"its {area.count} frames become ordinary memory"
        )
        yield Finding(
            "area-refused",
            f"area {area.name}",
            "cma_activate_area wants all frames of an area in one zone",
            f"the area straddles two zones: {fate}, and contiguous allocations from it fail",
            figures={"moved": moved, "lost": lost if boot.rules.boot.refused_area_is_lost else 0},
        )


def _freed_twice(boot: Boot) -> Iterator[Finding]:
    if boot.freed_twice:
        yield Finding(
            "lowmem-freed-as-highmem",
            "ZONE_MOVABLE",
            "set_highmem_pages_init walks ZONE_MOVABLE's span, which free_area_init_core widened to the node",
            f"{boot.freed_twice} frames of low memory are freed a second time, as high memory: the kernel"
            " stops with 'Bad page state'",
            figures={"frames": boot.freed_twice},
        )


def _unmapped(boot: Boot) -> Iterator[Finding]:
    end = boot.board.low_memory_end // boot.board.architecture.page_size
    for area in boot.areas:
        frames = boot.nodes[boot.node_of(area)].frame.zone[area.base_pfn : min(area.end_pfn, end)]
        low = int(np.isin(frames, list(boot.tunables.highmem)).sum())
        if low:
            yield Finding(
                "page-address-unmapped",
                f"area {area.name}",
                "PageHighMem() asks for the zone, and this one counts as high memory",
                f"{low} frames of low memory look like high memory: page_address() of them is NULL though"
                " they are mapped, and a driver that allocates there follows it",
                figures={"frames": low},
            )


def _dry_beside_area(boot: Boot, progress: Progress) -> Iterator[Finding]:
    """Whether requests fail while more of the area is free than its zone's own high mark."""
    if not boot.areas or not boot.lends_areas:
        return
    outcome = fill(boot, progress)
    reserve = max((int(zone.watermark[WMARK_HIGH]) for _, _, zone in _own_zone(boot)), default=0)
    total = sum(area.count for area in boot.areas if area.name not in boot.refused)
    if outcome.area_free > max(reserve, total // _A_LOT):
        mib = outcome.touched * boot.board.architecture.page_size >> 20
        yield Finding(
            "out-of-memory-beside-free-area",
            ", ".join(area.name for area in boot.areas),
            "get_page_from_freelist; __GFP_MOVABLE requests fill what the kernel's own need",
            f"one process that touches memory is killed after {mib} MiB, when the kernel finds no page for"
            f" its page tables, with {outcome.area_free} frames of the area free (no swap, no reclaim)",
            figures={"touched_mib": mib, "area_free": outcome.area_free},
        )


_LOOKS: tuple[Callable[[Boot], Iterator[Finding]], ...] = (
    _wrong_types,
    _wide_span,
    _stale_watermarks,
    _stale_reserve,
    _reserved_whole,
    _boot_pageset,
    _stale_contiguous,
    _refused_area,
    _freed_twice,
    _unmapped,
)


def _zones_of_areas(boot: Boot) -> Iterator[tuple[int, ZoneIndex, Any]]:
    """Zones that hold frames of activated areas."""
    held = {
        (boot.node_of(area), int(boot.nodes[boot.node_of(area)].frame.zone[area.base_pfn]))
        for area in boot.areas
        if boot.lends_areas
    }
    return (one for one in boot.populated() if (one[0], int(one[1])) in held)


def _activated_frames(boot: Boot, area: Area) -> int:
    """Frames of a refused area that were freed before the refusal."""
    from zonecma.kernel.state import RESERVED

    where = boot.nodes[boot.node_of(area)].frame.where[area.base_pfn : area.end_pfn]
    return int(np.count_nonzero(where != RESERVED))


def _copied(boot: Boot, name: str) -> dict[int, Any]:
    return {node: state.zone[name].copy() for node, state in boot.nodes.items()}


def _restore(boot: Boot, name: str, values: dict[int, Any]) -> None:
    for node, state in boot.nodes.items():
        state.zone[name][:] = values[node]


def _slashed(marks: list[int]) -> str:
    return "/".join(map(str, marks))
