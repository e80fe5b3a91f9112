"""How a kernel series boots: the order of its steps, and what its figures follow."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Pageset(enum.Enum):
    """What the size of a zone's per-cpu lists follows (pcp->high)."""

    BATCHES = "six batches"
    """4.7"""
    WATERMARK = "the low mark, shared by the CPUs"
    """5.14 to 6.6"""
    TUNED = "the load, between bounds"
    """6.7 and later"""


@dataclass(frozen=True)
class BootRules:
    """What differs between kernel series until the first program runs; 6.12 if nothing is said."""

    pageset: Pageset = Pageset.TUNED
    """What the size of per-cpu lists follows."""
    pageset_follows_watermarks: bool = True
    """setup_per_zone_wmarks resizes per-cpu lists (5.14 and later)."""
    pcp_batch_limit_kib: int = 1024
    """zone_batchsize: a batch comes from this many KiB at most."""
    caps_movable: bool = True
    """ZONE_MOVABLE's minimum mark is capped as high memory's is (6.12, __setup_per_zone_wmarks)."""
    khugepaged_counts_all_zones: bool = False
    """set_recommended_min_free_kbytes counts zones that GFP_USER can't use, too (4.7)."""
    recomputes_without_khugepaged: bool = True
    """start_stop_khugepaged has the marks set anew where huge pages are off, too (5.13 and later)."""
    empty_zones_reserve: bool = False
    """Zones without pages have a lowmem_reserve all the same (4.7)."""
    positional_reserve_ratio: bool = False
    """vm.lowmem_reserve_ratio is a list that does not name its zones (4.7)."""
    watermarks_before_cma: bool = False
    """init_per_zone_wmark_min is a core_initcall, linked before CMA's (4.7); else a postcore_initcall."""
    movable_overlaps: bool = False
    """ZONE_MOVABLE's frames stay in the span of the zone below it (4.7; until e506b99696a2, 4.8)."""
    refused_area_is_lost: bool = False
    """An area that is refused keeps the pageblocks it has moved and ends activation (4.7); else it
    is checked first and its pages become ordinary ones."""
    node_lru: bool = True
    """Pages in use are counted and reclaimed by node (4.8 and later); else by zone."""
    promo_mark: bool = True
    """/proc/zoneinfo shows the mark of memory tiering (6.2 and later)."""
    cma_is_last_resort: bool = False
    """A stock kernel uses CMA when movable lists are empty (until 5.7); else while more than half is free."""
    zones_without_pages_are_shown: bool = True
    """/proc/zoneinfo lists zones that have no pages (4.12 and later)."""


LINUX_4_7 = BootRules(
    pageset=Pageset.BATCHES,
    pageset_follows_watermarks=False,
    pcp_batch_limit_kib=512,
    caps_movable=False,
    khugepaged_counts_all_zones=True,
    recomputes_without_khugepaged=False,
    empty_zones_reserve=True,
    positional_reserve_ratio=True,
    watermarks_before_cma=True,
    movable_overlaps=True,
    refused_area_is_lost=True,
    node_lru=False,
    promo_mark=False,
    cma_is_last_resort=True,
    zones_without_pages_are_shown=False,
)
LINUX_6_1 = BootRules(pageset=Pageset.WATERMARK, caps_movable=False, promo_mark=False)
LINUX_6_12 = BootRules()
