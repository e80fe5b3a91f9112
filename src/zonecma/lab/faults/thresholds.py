"""Watermarks and reserves computed before the areas' pages counted; per-cpu lists never set up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from zonecma.kernel.thresholds import setup_per_zone_lowmem_reserve, setup_per_zone_wmarks
from zonecma.kernel.zone import ZONE_CMA, ZONE_MOVABLE
from zonecma.lab.faults.finding import Finding
from zonecma.lab.faults.places import zones_of_areas
from zonecma.machine.boot.progress import Boot


def stale_watermarks(boot: Boot) -> Iterator[Finding]:
    """Marks of areas' zones that would differ if they were computed now."""
    nodes = list(boot.nodes.values())
    due = _computed_anew(
        boot, lambda: setup_per_zone_wmarks(nodes, boot.tunables, boot.min_free_kbytes), "watermark"
    )
    for node, zone, record in zones_of_areas(boot):
        has, should = record.watermark[:3].tolist(), due[node][zone][:3].tolist()
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


def stale_reserve(boot: Boot) -> Iterator[Finding]:
    """Reserves that would differ if they were computed now."""
    nodes = list(boot.nodes.values())
    due = _computed_anew(boot, lambda: setup_per_zone_lowmem_reserve(nodes, boot.tunables), "lowmem_reserve")
    highest = boot.configured[-1]
    for node, zone, record in boot.populated():
        has, should = int(record.lowmem_reserve[highest]), int(due[node][zone][highest])
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


def reserved_whole(boot: Boot) -> Iterator[Finding]:
    """ZONE_MOVABLE shut to those who may use ZONE_CMA, by a ratio of 1."""
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


def boot_pageset(boot: Boot) -> Iterator[Finding]:
    """Zones with pages on the per-cpu lists of early boot."""
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


def _computed_anew(boot: Boot, compute: Callable[[], None], name: str) -> dict[int, Any]:
    """A figure of every zone as computing it now would give it, by node; nothing is changed."""
    before = {node: state.zone.copy() for node, state in boot.nodes.items()}
    compute()
    anew = {node: state.zone[name].copy() for node, state in boot.nodes.items()}
    for node, state in boot.nodes.items():
        state.zone[:] = before[node]
    return anew


def _slashed(marks: list[int]) -> str:
    return "/".join(map(str, marks))
