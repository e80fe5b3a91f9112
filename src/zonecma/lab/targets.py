"""What a migration out of an area asks for."""

from __future__ import annotations

from zonecma.kernel.gfp import GFP_MIGRATION_TARGET, GFP_USER, Gfp
from zonecma.kernel.rules import Rules
from zonecma.placement import Placement
from zonecma.placement.policy import HOME_ZONES

PIN_TARGET_MASK = int(GFP_USER | Gfp.NOWARN)
"""The gfp mask of where pages go before they are pinned (migrate_longterm_unpinnable_folios)."""


def target_mask(rules: Rules, placement: Placement) -> int:
    """The gfp mask of the pages that a contiguous call moves others to (alloc_migration_target).

    Since 4.11 what leaves a zone of movable memory may come back to it.  In 4.7 only what leaves
    highmem may: on 64-bit nothing does; and there a target is asked for as programs ask, up to a kill
    (alloc_migrate_target).
    """
    returns = rules.movable_targets_high and placement.home in HOME_ZONES
    mask = GFP_MIGRATION_TARGET if rules.targets_may_fail else GFP_MIGRATION_TARGET & ~Gfp.RETRY_MAYFAIL
    return mask | (Gfp.HIGHMEM if returns else 0)
