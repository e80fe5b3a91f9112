"""The figures that boot computes for each zone: watermarks, reserves, per-cpu list sizes.

mm/page_alloc.c, mm/vmstat.c and mm/khugepaged.c (mm/huge_memory.c in 4.7).  Run once, so
ordinary Python.  A machine is given node by node, one State each.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from zonecma.kernel.alloc_flags import WMARK_HIGH, WMARK_LOW, WMARK_MIN, WMARK_PROMO
from zonecma.kernel.boot_rules import Pageset
from zonecma.kernel.limits import SWAP_CLUSTER_MAX
from zonecma.kernel.rules import NEWEST, Rules
from zonecma.kernel.state import State
from zonecma.kernel.units import ZoneIndex
from zonecma.kernel.zone import (
    MAX_NR_ZONES,
    ZONE_CMA,
    ZONE_DMA,
    ZONE_DMA32,
    ZONE_HIGHMEM,
    ZONE_MOVABLE,
    ZONE_NORMAL,
)

_HUGE_PAGES_WORTHWHILE = 512 << 10
"""KiB of memory below which hugepage_init leaves them off, and the marks alone"""


class HugePages(enum.Enum):
    """Transparent huge pages, as far as they decide the marks at boot."""

    ON = "on"
    NEVER = "never"
    """switched off on the command line"""
    ABSENT = "absent"
    """the kernel is built without them"""


NAMED_RATIO = (256, 256, 32, 0, 0, 0)
"""vm.lowmem_reserve_ratio by zone, as kernels since 4.17 have it; 0 keeps nothing back."""


@dataclass(frozen=True)
class Tunables:
    """What the figures depend on besides the zones' sizes."""

    rules: Rules = NEWEST
    page_kib: int = 4
    highmem: frozenset[ZoneIndex] = frozenset({ZONE_HIGHMEM})
    """zones that is_highmem() calls so"""
    lowmem_reserve_ratio: tuple[int, ...] = NAMED_RATIO

    @property
    def capped(self) -> frozenset[ZoneIndex]:
        """Zones whose minimum mark does not follow their size (__setup_per_zone_wmarks).

        Where ZONE_MOVABLE's does not, a ZONE_CMA is taken for another zone of movable memory alone.
        """
        return self.highmem | {ZONE_MOVABLE, ZONE_CMA} if self.rules.boot.caps_movable else self.highmem


def positional_ratio(configured: Sequence[ZoneIndex], *, entries: int) -> tuple[int, ...]:
    """vm.lowmem_reserve_ratio by zone, from an array initialiser that does not name them (4.7).

    Its values are 256 for DMA, 256 for DMA32 and 32 for HIGHMEM, each if configured, and one
    more 32.  They go to the first of ``entries`` zones; what is left is 0, which
    setup_per_zone_lowmem_reserve raises to 1.
    """
    values = [256 for zone in (ZONE_DMA, ZONE_DMA32) if zone in configured]
    values += [32] * (1 + (ZONE_HIGHMEM in configured))
    ratio = [1] * MAX_NR_ZONES
    for zone, value in zip(configured[:entries], values, strict=False):
        ratio[zone] = value
    return tuple(ratio)


def _zones(nodes: Sequence[State]) -> Iterator[tuple[ZoneIndex, Any]]:
    for s in nodes:
        for index in range(MAX_NR_ZONES):
            yield ZoneIndex(index), s.zone[index]


def nr_free_buffer_pages(nodes: Sequence[State]) -> int:
    """Pages above the high marks in the zones of GFP_USER (nr_free_buffer_pages)."""
    lowmem = [zone for index, zone in _zones(nodes) if index <= ZONE_NORMAL]
    return sum(max(0, int(zone.managed - zone.watermark[WMARK_HIGH])) for zone in lowmem)


def calculate_min_free_kbytes(nodes: Sequence[State], tunables: Tunables) -> int:
    """vm.min_free_kbytes, from the size of low memory (calculate_min_free_kbytes)."""
    kbytes = math.isqrt(nr_free_buffer_pages(nodes) * tunables.page_kib * 16)
    return min(max(kbytes, 128), tunables.rules.min_free_kbytes_limit)


def recommended_min_free_kbytes(nodes: Sequence[State], tunables: Tunables) -> int:
    """What khugepaged raises it to (set_recommended_min_free_kbytes)."""
    highest = MAX_NR_ZONES if tunables.rules.boot.khugepaged_counts_all_zones else ZONE_NORMAL + 1
    zones = sum(1 for index, zone in _zones(nodes) if zone.present and index < highest)
    per_zone = 2 + 3 * 3
    block = 1 << int(nodes[0].conf.pageblock_order)
    return min(block * zones * per_zone, nr_free_buffer_pages(nodes) // 20) * tunables.page_kib


def hugepage_init(
    nodes: Sequence[State], tunables: Tunables, huge_pages: HugePages, min_free_kbytes: int
) -> int | None:
    """vm.min_free_kbytes that the marks are set anew for; None: they stay (hugepage_init).

    Where huge pages are off, 5.13 and later compute it once more (set_recommended_min_free_kbytes):
    now that the marks are set, from fewer pages.
    """
    total = sum(int(zone.managed) for _, zone in _zones(nodes))
    if huge_pages is HugePages.ABSENT or total * tunables.page_kib < _HUGE_PAGES_WORTHWHILE:
        return None
    if huge_pages is HugePages.ON:
        return max(min_free_kbytes, recommended_min_free_kbytes(nodes, tunables))
    recomputes = tunables.rules.boot.recomputes_without_khugepaged
    return calculate_min_free_kbytes(nodes, tunables) if recomputes else None


def setup_per_zone_wmarks(nodes: Sequence[State], tunables: Tunables, min_free_kbytes: int) -> None:
    """Set every zone's marks (__setup_per_zone_wmarks)."""
    pages_min = min_free_kbytes // tunables.page_kib
    lowmem = sum(int(zone.managed) for index, zone in _zones(nodes) if index not in tunables.capped)
    for index, zone in _zones(nodes):
        managed = int(zone.managed)
        share = pages_min * managed // lowmem if lowmem else 0
        lowest = min(max(managed // 1024, SWAP_CLUSTER_MAX), 128) if index in tunables.capped else share
        step = max(share // 4, managed * tunables.rules.watermark_scale_factor // 10000)
        for mark in (WMARK_MIN, WMARK_LOW, WMARK_HIGH, WMARK_PROMO):
            zone.watermark[mark] = lowest + mark * step
        zone.watermark_boost = 0
        zone.nr_alloc_batch = zone.watermark[WMARK_HIGH] - zone.watermark[WMARK_LOW]


def setup_per_zone_lowmem_reserve(nodes: Sequence[State], tunables: Tunables) -> None:
    """Set what each zone keeps back from requests that could go higher (setup_per_zone_lowmem_reserve)."""
    for s in nodes:
        for index in range(MAX_NR_ZONES - 1):
            zone = s.zone[index]
            ratio = tunables.lowmem_reserve_ratio[index]
            keeps = ratio and (zone.managed or tunables.rules.boot.empty_zones_reserve)
            above = 0
            for higher in range(index + 1, MAX_NR_ZONES):
                above += int(s.zone[higher].managed)
                zone.lowmem_reserve[higher] = above // ratio if keeps else 0


def calculate_normal_threshold(cpus: int, managed: int, page_kib: int) -> int:
    """Pages that a CPU may keep to itself of a zone's counters (calculate_normal_threshold)."""
    memory = managed * page_kib >> 17  # in 128 MiB
    return min(125, 2 * cpus.bit_length() * (1 + memory.bit_length()))


def refresh_zone_stat_thresholds(nodes: Sequence[State], tunables: Tunables) -> None:
    """Set how far per-cpu counters may drift (refresh_zone_stat_thresholds); boot pagesets keep 0."""
    for s in nodes:
        cpus = int(s.conf.nr_cpus)
        for zone in s.zone:
            if zone.present and not zone.boot_pageset:
                zone.stat_threshold = calculate_normal_threshold(cpus, int(zone.managed), tunables.page_kib)


def totalreserve_pages(s: State) -> int:
    """Pages that user memory can't have: high marks and reserves (calculate_totalreserve_pages)."""
    return sum(
        min(int(max(z.lowmem_reserve) + z.watermark[WMARK_HIGH] + z.watermark_boost), int(z.managed))
        for z in s.zone
    )


def zone_batchsize(managed: int, page_kib: int, limit_kib: int = 1024) -> int:
    """Pages to move to or from a per-cpu list at once; may be 0, and is then taken as 1 (zone_batchsize)."""
    batch = max(min(managed >> 10, limit_kib // page_kib) // 4, 1)
    return int((1 << ((batch + batch // 2).bit_length() - 1)) - 1)


def zone_set_pageset_high_and_batch(s: State, zone: int, tunables: Tunables) -> None:
    """Set batch and bounds of a zone's per-cpu lists (zone_set_pageset_high_and_batch)."""
    record: Any = s.zone[zone]
    rules, cpus = tunables.rules, int(s.conf.nr_cpus)
    managed = int(record.managed)
    size = zone_batchsize(managed, tunables.page_kib, rules.boot.pcp_batch_limit_kib)
    batch = max(size, 1)
    pcp: Any = s.pcp[zone]
    pcp.batch = batch
    if rules.boot.pageset is Pageset.BATCHES:
        pcp.high = pcp.high_min = pcp.high_max = 6 * size
        return
    pcp.high_min = max(int(record.watermark[WMARK_LOW]) // cpus, batch << 2)
    if rules.boot.pageset is Pageset.WATERMARK:
        pcp.high = pcp.high_max = pcp.high_min
    else:
        pcp.high_max = max(managed // rules.pcp_high_fraction // cpus, batch << 2)


def recalculate(
    s: State, tunables: Tunables, *, huge_pages: HugePages, min_free_pages: int | None = None
) -> None:
    """Compute all thresholds anew, as boot does, for the zones as they are now.

    ``min_free_pages``: somebody has set vm.min_free_kbytes.
    """
    nodes = [s]
    s.zone["watermark"] = 0
    computed = calculate_min_free_kbytes(nodes, tunables)
    min_free = computed if min_free_pages is None else min_free_pages * tunables.page_kib
    setup_per_zone_wmarks(nodes, tunables, min_free)
    setup_per_zone_lowmem_reserve(nodes, tunables)
    anew = hugepage_init(nodes, tunables, huge_pages, min_free) if min_free_pages is None else None
    if anew is not None:
        setup_per_zone_wmarks(nodes, tunables, anew)
    for zone in range(MAX_NR_ZONES):
        zone_set_pageset_high_and_batch(s, zone, tunables)
