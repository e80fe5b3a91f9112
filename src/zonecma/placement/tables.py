"""A placement's decisions as the tables that the model reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from zonecma.kernel.alloc_flags import ALLOC_CMA, ALLOC_COUNT_CMA, alloc_flags_fast, alloc_flags_slow
from zonecma.kernel.gfp import gfp_migratetype
from zonecma.kernel.state import State
from zonecma.kernel.zonelist import build_zonelist
from zonecma.placement.policy import Placement


def fill_tables(state: State, placement: Placement, gfp_masks: Iterable[int]) -> None:
    """Write what ``placement`` decides of each gfp mask into ``state``.

    The zones must be populated: zonelists hold those that have pages.
    """
    share = placement.cma_first_above()
    state.conf.cma_first_numerator = share.numerator
    state.conf.cma_first_denominator = share.denominator
    for mask, row in zip(gfp_masks, state.gfp, strict=False):
        _fill_row(state, placement, int(mask), row)


def _fill_row(state: State, placement: Placement, mask: int, row: Any) -> None:
    highest = placement.highest_zone(mask)
    zonelist = build_zonelist(state, highest)
    cma = ALLOC_CMA * placement.may_use_cma_lists(mask) | ALLOC_COUNT_CMA * placement.counts_free_cma(mask)
    row.highest_zone, row.migratetype = highest, gfp_migratetype(mask)
    row.fast_flags = alloc_flags_fast(zonelist[0]) | cma
    row.slow_flags = alloc_flags_slow(mask, 0) | cma
    row.slow_flags_high_order = alloc_flags_slow(mask, 1) | cma
    row.nr_zones = len(zonelist)
    row.zonelist[: len(zonelist)] = zonelist
