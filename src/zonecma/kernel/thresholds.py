"""The figures that boot computes for each zone: watermarks, reserves, per-cpu list sizes.

mm/page_alloc.c and mm/khugepaged.c, 6.12.  Run once, so ordinary Python.
"""

from __future__ import annotations

import math
from typing import Any

from zonecma.kernel.alloc_flags import WMARK_HIGH, WMARK_LOW, WMARK_MIN, WMARK_PROMO
from zonecma.kernel.rules import Rules
from zonecma.kernel.state import State
from zonecma.kernel.zone import MAX_NR_ZONES, ZONE_HIGHMEM, ZONE_MOVABLE, ZONE_NORMAL

SWAP_CLUSTER_MAX = 32
_CAPPED_ZONES = (ZONE_HIGHMEM, ZONE_MOVABLE)
"""Zones whose low mark does not follow their size, since only movable or user pages go there."""


def nr_free_buffer_pages(s: State) -> int:
    """Pages above the high marks in the zones of GFP_USER (nr_free_buffer_pages)."""
    lowmem = s.zone[: ZONE_NORMAL + 1]
    return sum(max(0, int(z.managed - z.watermark[WMARK_HIGH])) for z in lowmem)


def calculate_min_free_pages(s: State, rules: Rules, page_kib: int) -> int:
    """``min_free_kbytes`` in pages, from the size of low memory (calculate_min_free_kbytes)."""
    kbytes = math.isqrt(nr_free_buffer_pages(s) * page_kib * 16)
    return min(max(kbytes, 128), rules.min_free_kbytes_limit) // page_kib


def recommended_min_free_pages(s: State) -> int:
    """What khugepaged raises it to, in pages (set_recommended_min_free_kbytes)."""
    zones = sum(1 for z in s.zone[: ZONE_NORMAL + 1] if z.present)
    per_zone = 2 + 3 * 3
    block = 1 << int(s.conf.pageblock_order)
    return min(block * zones * per_zone, nr_free_buffer_pages(s) // 20)


def setup_per_zone_wmarks(s: State, rules: Rules, min_free_pages: int) -> None:
    """Set every zone's marks from ``min_free_pages`` (__setup_per_zone_wmarks)."""
    lowmem = sum(int(s.zone[i].managed) for i in range(MAX_NR_ZONES) if i not in _CAPPED_ZONES)
    for index in range(MAX_NR_ZONES):
        zone = s.zone[index]
        managed = int(zone.managed)
        share = min_free_pages * managed // lowmem if lowmem else 0
        lowest = min(max(managed // 1024, SWAP_CLUSTER_MAX), 128) if index in _CAPPED_ZONES else share
        step = max(share // 4, managed * rules.watermark_scale_factor // 10000)
        for mark in (WMARK_MIN, WMARK_LOW, WMARK_HIGH, WMARK_PROMO):
            zone.watermark[mark] = lowest + mark * step
        zone.watermark_boost = 0
        zone.nr_alloc_batch = zone.watermark[WMARK_HIGH] - zone.watermark[WMARK_LOW]


def setup_per_zone_lowmem_reserve(s: State, rules: Rules) -> None:
    """Set what each zone keeps back from requests that could go higher (setup_per_zone_lowmem_reserve)."""
    for index in range(MAX_NR_ZONES - 1):
        zone = s.zone[index]
        ratio = rules.lowmem_reserve_ratio[index]
        above = 0
        for higher in range(index + 1, MAX_NR_ZONES):
            above += int(s.zone[higher].managed)
            zone.lowmem_reserve[higher] = above // ratio if ratio and zone.managed else 0


def zone_batchsize(managed: int, page_kib: int) -> int:
    """Pages to move to or from a per-cpu list at once (zone_batchsize)."""
    batch = max(min(managed >> 10, 1024 // page_kib) // 4, 1)
    return max((1 << ((batch + batch // 2).bit_length() - 1)) - 1, 1)


def zone_set_pageset_high_and_batch(s: State, zone: int, rules: Rules, page_kib: int) -> None:
    """Set batch, high_min and high_max of a zone's per-cpu lists (zone_set_pageset_high_and_batch)."""
    record: Any = s.zone[zone]
    cpus = int(s.conf.nr_cpus)
    batch = zone_batchsize(int(record.managed), page_kib)
    pcp = s.pcp[zone]
    pcp.batch = batch
    pcp.high_min = max(int(record.watermark[WMARK_LOW]) // cpus, batch << 2)
    pcp.high_max = max(int(record.managed) // rules.pcp_high_fraction // cpus, batch << 2)


def recalculate(
    s: State, rules: Rules, page_kib: int, *, huge_pages: bool, min_free_pages: int | None = None
) -> None:
    """Compute all thresholds anew, as boot does, for the zones as they are now.

    ``huge_pages``: khugepaged runs and raises the marks.  ``min_free_pages``: somebody has
    set vm.min_free_kbytes.
    """
    s.zone["watermark"] = 0
    computed = calculate_min_free_pages(s, rules, page_kib)
    min_free = computed if min_free_pages is None else min_free_pages
    setup_per_zone_wmarks(s, rules, min_free)
    setup_per_zone_lowmem_reserve(s, rules)
    if huge_pages:
        setup_per_zone_wmarks(s, rules, max(min_free, recommended_min_free_pages(s)))
    for zone in range(MAX_NR_ZONES):
        zone_set_pageset_high_and_batch(s, zone, rules, page_kib)
