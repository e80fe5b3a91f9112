"""The features of the kernel that a state follows: bits of its CONFIG record.

Rules name them (``rules.py``); compiled code asks ``has(s, FEATURE)`` where kernels differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from zonecma.kernel.jit import primitive
from zonecma.kernel.rules import Rules
from zonecma.kernel.state import State
from zonecma.kernel.units import Code

BOOT_FREES_TO_TAIL = Code(1 << 0)
FREELIST_HYGIENE = Code(1 << 1)
CLAIMS_THEN_STEALS = Code(1 << 2)
MOVES_TO_TAIL = Code(1 << 3)
MERGES_BY_TYPE = Code(1 << 4)
PCP_HIGH_ORDERS = Code(1 << 5)
PCP_TUNES_ITSELF = Code(1 << 6)
PCP_ROUND_ROBIN = Code(1 << 7)
COLD_PAGES = Code(1 << 8)
BULK_INTERFACE = Code(1 << 9)
ISOLATES_PAGEBLOCKS = Code(1 << 10)
DRAINS_EACH_BLOCK = Code(1 << 11)
MOVES_LARGE_PAGES = Code(1 << 12)
ALIGNS_FRAMES = Code(1 << 13)
FAIR_ZONES = Code(1 << 14)
NOTES_BELOW_HIGH = Code(1 << 15)
AVOIDS_FRAGMENTATION = Code(1 << 16)
TRIES_HARDER = Code(1 << 17)
FALLBACK_MOVES_FIRST = Code(1 << 18)
PCP_DRAINS_GROW = Code(1 << 19)
COUNTS_REFILLS_LATE = Code(1 << 20)
NODE_LRUS = Code(1 << 21)
BALANCES_BY_COST = Code(1 << 22)
ANON_STARTS_INACTIVE = Code(1 << 23)
MOVABLE_TARGETS_HIGH = Code(1 << 24)
COMPACTS_AFTER_RECLAIM = Code(1 << 25)
COMPACTS_BY_TYPE = Code(1 << 26)
COMPACTS_LARGE_PAGES = Code(1 << 27)
ROTATIONS_COST = Code(1 << 28)
MIGRATES_BUFFERS = Code(1 << 29)
DISABLES_LRU_CACHE = Code(1 << 30)
BATCHES_MIGRATION = Code(1 << 31)
GIVES_UP_WITHOUT_TARGET = Code(1 << 32)
SPLITS_LARGE_PAGES = Code(1 << 33)
MOVES_BEFORE_PINNING = Code(1 << 34)
TARGETS_MAY_FAIL = Code(1 << 35)

FEATURES: Mapping[str, Code] = MappingProxyType(
    {
        "boot_frees_to_tail": BOOT_FREES_TO_TAIL,
        "freelist_hygiene": FREELIST_HYGIENE,
        "claims_then_steals": CLAIMS_THEN_STEALS,
        "moves_to_tail": MOVES_TO_TAIL,
        "merges_by_type": MERGES_BY_TYPE,
        "pcp_high_orders": PCP_HIGH_ORDERS,
        "pcp_tunes_itself": PCP_TUNES_ITSELF,
        "pcp_round_robin": PCP_ROUND_ROBIN,
        "cold_pages": COLD_PAGES,
        "bulk_interface": BULK_INTERFACE,
        "isolates_pageblocks": ISOLATES_PAGEBLOCKS,
        "drains_each_block": DRAINS_EACH_BLOCK,
        "moves_large_pages": MOVES_LARGE_PAGES,
        "aligns_frames": ALIGNS_FRAMES,
        "fair_zones": FAIR_ZONES,
        "notes_below_high": NOTES_BELOW_HIGH,
        "avoids_fragmentation": AVOIDS_FRAGMENTATION,
        "tries_harder": TRIES_HARDER,
        "fallback_moves_first": FALLBACK_MOVES_FIRST,
        "pcp_drains_grow": PCP_DRAINS_GROW,
        "counts_refills_late": COUNTS_REFILLS_LATE,
        "node_lrus": NODE_LRUS,
        "balances_by_cost": BALANCES_BY_COST,
        "anon_starts_inactive": ANON_STARTS_INACTIVE,
        "movable_targets_high": MOVABLE_TARGETS_HIGH,
        "compacts_after_reclaim": COMPACTS_AFTER_RECLAIM,
        "compacts_by_type": COMPACTS_BY_TYPE,
        "compacts_large_pages": COMPACTS_LARGE_PAGES,
        "rotations_cost": ROTATIONS_COST,
        "migrates_buffers": MIGRATES_BUFFERS,
        "disables_lru_cache": DISABLES_LRU_CACHE,
        "batches_migration": BATCHES_MIGRATION,
        "gives_up_without_target": GIVES_UP_WITHOUT_TARGET,
        "splits_large_pages": SPLITS_LARGE_PAGES,
        "moves_before_pinning": MOVES_BEFORE_PINNING,
        "targets_may_fail": TARGETS_MAY_FAIL,
    }
)
"""The bit of each field of Rules that is a feature."""


def follow(s: State, rules: Rules) -> None:
    """Let a state follow one kernel's rules."""
    conf = s.conf
    conf.features = sum(int(bit) for name, bit in FEATURES.items() if getattr(rules, name))
    conf.pcp_batch_scale_max = rules.pcp_batch_scale_max
    conf.watermark_boost_factor = rules.watermark_boost_factor


@primitive
def has(s: State, feature: Code) -> bool:
    """Whether the kernel that this state follows has a feature."""
    return s.config[0].features & feature != 0  # type: ignore[no-any-return]
