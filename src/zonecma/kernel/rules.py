"""Which kernel does what: differences between versions are named features, never comparisons.

A recording names its kernel; ``rules_for`` finds the features of that series.  A series
whose allocator is not modelled yet has a reason instead, which verify reports.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


class Pageset(enum.Enum):
    """What the size of a zone's per-cpu lists follows (pcp->high)."""

    BATCHES = "six batches"
    """4.7"""
    WATERMARK = "the low mark, shared by the CPUs"
    """5.14 to 6.6"""
    TUNED = "the load, between bounds"
    """6.7 and later"""


@dataclass(frozen=True)
class Rules:
    """The features of one kernel series, as its source has them by default."""

    series: str
    pcp_batch_scale_max: int = 5
    """CONFIG_PCP_BATCH_SCALE_MAX: shift between a batch and the largest bulk operation."""
    watermark_boost_factor: int = 15000
    """vm.watermark_boost_factor, in 1/10000 of the high mark."""
    watermark_scale_factor: int = 10
    """vm.watermark_scale_factor, in 1/10000 of the zone."""
    min_free_kbytes_limit: int = 262144
    """calculate_min_free_kbytes clamps to this many KiB."""
    pcp_high_fraction: int = 8
    """MIN_PERCPU_PAGELIST_HIGH_FRACTION: high_max is this part of a zone's managed pages."""
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


_4_7 = Rules(
    "4.7",
    min_free_kbytes_limit=65536,
    pageset=Pageset.BATCHES,
    pageset_follows_watermarks=False,
    pcp_batch_limit_kib=512,
    caps_movable=False,
    khugepaged_counts_all_zones=True,
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
_6_1 = Rules("6.1", pageset=Pageset.WATERMARK, caps_movable=False, promo_mark=False)

RULES: Mapping[str, Rules] = MappingProxyType({one.series: one for one in (_4_7, _6_1, Rules("6.12"))})
"""The kernel series whose boot the model follows."""

NEWEST = RULES["6.12"]

NOT_MODELLED: Mapping[str, str] = MappingProxyType(
    {
        "6.1": "its per-cpu lists (free_factor), late bulk counters and fallback are not modelled yet",
        "4.7": "its fair zones, cold pages and round-robin drains are not modelled yet",
    }
)
"""The series that recordings are read from but the model does not follow, and why."""


def series_of(release: str) -> str:
    """``6.12`` of a kernel release such as ``6.12.117-gt``."""
    return ".".join(release.split(".")[:2])


def rules_for(release: str) -> Rules | None:
    """The rules to replay a recording of this release by; None when that is not modelled."""
    series = series_of(release)
    return None if series in NOT_MODELLED else RULES.get(series)


def why_not_modelled(release: str) -> str:
    """Why the model does not follow a release."""
    series = series_of(release)
    return f"kernel {series}: {NOT_MODELLED.get(series, 'this series is not known')}"
