"""Which kernel does what: differences between versions are named features, never comparisons.

A recording names its kernel; ``rules_for`` finds the features of that series.  Machines can
be booted and driven under every series of ``RULES``; recordings of those in ``NOT_REPLAYED``
are refused, with the reason.

What no feature stands for, in any series: the high-atomic reserve's growth.  4.7 frees the source of
a migration late, from a pagevec of 14 frames that is emptied in reverse.  Within a contiguous call that
changes nothing: the source lies in an isolated pageblock, goes straight to its lists and merges there,
and the pagevecs are emptied before the range is tested; so it is not modelled either.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from zonecma.kernel import boot_rules
from zonecma.kernel.boot_rules import BootRules


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
    boot: BootRules = boot_rules.LINUX_6_12
    """How it boots, and sizes what it computes at boot."""

    # Features that compiled code looks at, each a bit of the state (features.py).
    boot_frees_to_tail: bool = True
    """Memory that boot frees goes to the lists' tails; else to their heads (before 5.10)."""
    freelist_hygiene: bool = True
    """A free chunk is on the list of its pageblock's type (since 6.10); else on that of whoever
    freed it, or split it for a request of another type."""
    claims_then_steals: bool = True
    """An empty list claims a whole pageblock of another type, or steals one chunk and leaves its
    rest where it was (6.15, 6.12.117); else chunks of several types' lists share a pageblock."""
    fallback_moves_first: bool = False
    """Where they do: a chunk, or its whole pageblock, moves to the empty lists, and the request
    tries again (4.12 to 6.9); else it takes the largest chunk with all its rest (4.7)."""
    moves_to_tail: bool = True
    """A pageblock's free chunks move to the tails of another type's lists; else to the heads."""
    merges_by_type: bool = True
    """Whole pageblocks merge within a type or among those with fallbacks; else all but
    isolated ones do (4.7)."""
    pcp_high_orders: bool = True
    """Orders 1 to 3 and the pageblock's have per-cpu lists too (since 5.13)."""
    pcp_tunes_itself: bool = True
    """Refills and drains grow with runs of allocations and frees, ``high`` with the demand (since
    6.7); else a refill is a batch, and so is the drain once ``high`` pages are there (4.7)."""
    pcp_drains_grow: bool = False
    """Where they do not tune themselves: each drain in a row is twice the last one (5.14 to 6.6)."""
    pcp_round_robin: bool = False
    """Drains take from the lists in turn, from each more than from the last (4.7); else they
    empty list after list."""
    cold_pages: bool = False
    """Pages that no cache holds are kept at the lists' other ends: __GFP_COLD (until 4.14)."""
    bulk_interface: bool = True
    """Many single frames may be asked for at once, from one zone's list (since 5.13)."""
    counts_refills_late: bool = False
    """A refill leaves the count of free pages as it was until its end, not that of CMA pages (until 6.9)."""
    isolates_pageblocks: bool = True
    """A contiguous call isolates the pageblocks of its range, the first and the last before the
    others; else its range rounded to the largest chunk, ascending (4.7)."""
    drains_each_block: bool = False
    """Isolation empties the per-cpu lists after each pageblock, and the call once more after
    migration (4.7); else once, when all is isolated."""
    moves_large_pages: bool = True
    """A contiguous call moves compound pages too; else it fails where one is (4.7)."""
    aligns_frames: bool = True
    """cma_alloc aligns frame numbers; else it is wrong by the area's own misalignment (4.7)."""
    fair_zones: bool = False
    """A first attempt takes from each zone in proportion to its marks' distance (until 4.7)."""
    notes_below_high: bool = True
    """A zone that sank below its high mark is noted, and its per-cpu lists grow no more (since 6.7)."""
    avoids_fragmentation: bool = True
    """A first attempt in ZONE_NORMAL falls back to no other type's pageblock (since 5.0)."""
    node_lrus: bool = True
    """LRU lists are a node's, and one zone that is balanced is enough (since 4.8); else a zone's each."""
    balances_by_cost: bool = True
    """Reclaim weighs anonymous against file pages by what it cost (since 5.8); else by rotations."""
    rotations_cost: bool = True
    """Pages that reclaim looked at in vain are part of that cost (since 6.2); else I/O alone is."""
    anon_starts_inactive: bool = True
    """A new anonymous page begins on the inactive list (since 5.9); else on the active one."""
    movable_targets_high: bool = True
    """What leaves a zone of movable memory may go back there: its target has __GFP_HIGHMEM (since 4.11)."""
    targets_may_fail: bool = True
    """Nobody is killed for the target of a migration: it has __GFP_RETRY_MAYFAIL (since 4.13)."""
    compacts_after_reclaim: bool = True
    """Compaction follows reclaim, and precedes it too where a request is costly or not movable (since
    4.8); else it precedes it always, and comes once more when the request gives up (4.7)."""
    compacts_by_type: bool = True
    """Compaction that must not wait empties pageblocks of the request's own type, and all of it empties
    a pageblock to its end (since 5.1); else movable and CMA ones, until there is a chunk (4.7)."""
    migrates_buffers: bool = True
    """Block-device cache moves unless its buffers are referenced (since 5.0); else it is written first,
    and its buffers are released (fallback_migrate_page, 4.7)."""
    disables_lru_cache: bool = True
    """A contiguous call empties the CPUs' caches of buffers, too, and keeps them empty (since 5.13)."""
    batches_migration: bool = True
    """Pages are moved together, without waiting, and those that stay one by one (since 6.3); else each
    by itself in ten passes, of which the first three do not wait."""
    gives_up_without_target: bool = True
    """A contiguous call ends when there is no frame to move a page to; else it tries five times (4.7)."""
    splits_large_pages: bool = True
    """A large page that finds no target is split, and its pages are moved (since 4.8)."""
    moves_before_pinning: bool = True
    """A page is moved out of an area before it is pinned for long (FOLL_LONGTERM, since 5.1)."""
    compacts_large_pages: bool = True
    """Compaction moves compound pages that are smaller than what is wanted (since 6.9)."""
    lru_batch: int = 31
    """Pages that wait for their LRU list on each CPU (PAGEVEC_SIZE): 14 to 4.x, 15 to 6.9."""
    tries_harder: bool = False
    """GFP_ATOMIC may take a quarter more of the mark, __GFP_HIGH or not (ALLOC_HARDER, until 6.2);
    else who can't wait may, but only with __GFP_HIGH."""


_LINUX_6_1 = Rules(
    "6.1",
    boot=boot_rules.LINUX_6_1,
    freelist_hygiene=False,
    claims_then_steals=False,
    fallback_moves_first=True,
    pcp_tunes_itself=False,
    pcp_drains_grow=True,
    counts_refills_late=True,
    notes_below_high=False,
    rotations_cost=False,
    batches_migration=False,
    lru_batch=15,
    compacts_large_pages=False,
)

_LINUX_4_7 = Rules(
    "4.7",
    boot=boot_rules.LINUX_4_7,
    min_free_kbytes_limit=65536,
    boot_frees_to_tail=False,
    freelist_hygiene=False,
    claims_then_steals=False,
    moves_to_tail=False,
    merges_by_type=False,
    pcp_high_orders=False,
    pcp_tunes_itself=False,
    pcp_round_robin=True,
    cold_pages=True,
    bulk_interface=False,
    counts_refills_late=True,
    isolates_pageblocks=False,
    drains_each_block=True,
    moves_large_pages=False,
    aligns_frames=False,
    fair_zones=True,
    notes_below_high=False,
    avoids_fragmentation=False,
    node_lrus=False,
    balances_by_cost=False,
    rotations_cost=False,
    anon_starts_inactive=False,
    movable_targets_high=False,
    targets_may_fail=False,
    compacts_after_reclaim=False,
    compacts_by_type=False,
    migrates_buffers=False,
    disables_lru_cache=False,
    batches_migration=False,
    gives_up_without_target=False,
    splits_large_pages=False,
    moves_before_pinning=False,
    lru_batch=14,
    compacts_large_pages=False,
    tries_harder=True,
    watermark_boost_factor=0,
)

RULES: Mapping[str, Rules] = MappingProxyType(
    {one.series: one for one in (_LINUX_4_7, _LINUX_6_1, Rules("6.12"))}
)
"""The kernel series that machines can be booted and driven under."""

NEWEST = RULES["6.12"]

NOT_REPLAYED: Mapping[str, str] = MappingProxyType(
    {
        "4.7": "the replay of its recordings is not modelled yet, though its allocator is",
    }
)
"""The series that recordings are read from but not replayed, and why."""


def series_of(release: str) -> str:
    """``6.12`` of a kernel release such as ``6.12.117-gt``."""
    return ".".join(release.split(".")[:2])


def rules_for(release: str) -> Rules | None:
    """The rules that a release's recordings are replayed by; None when they are not."""
    series = series_of(release)
    return None if series in NOT_REPLAYED else RULES.get(series)


def nearest_rules(release: str) -> Rules:
    """The rules of the nearest series that recordings are replayed by, for those of another one."""
    replayed = [rules for series, rules in RULES.items() if series not in NOT_REPLAYED]
    return min(replayed, key=lambda rules: abs(_age(rules.series) - _age(release)))


def _age(release: str) -> int:
    """A release's place among all: every major version of today's had some twenty minor ones."""
    major, _, minor = series_of(release).partition(".")
    digits = "".join(itertools.takewhile(str.isdecimal, minor))[:4]
    return 20 * int(major if major.isdecimal() else 0) + int(digits or 0)


def why_not_modelled(release: str) -> str:
    """Why the model does not follow a release's recordings."""
    series = series_of(release)
    return f"kernel {series}: {NOT_REPLAYED.get(series, 'this series is not known')}"
