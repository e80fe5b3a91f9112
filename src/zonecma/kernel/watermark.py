"""Watermark checks: whether a request may take pages of a zone (mm/page_alloc.c, 6.12 and 4.7).

4.7 holds back all that the high-atomic reserve was given, 6.12 what is free of it: the same as
long as that reserve does not grow, which is not modelled.
"""

from __future__ import annotations

from zonecma.kernel.alloc_flags import (
    ALLOC_CMA,
    ALLOC_COUNT_CMA,
    ALLOC_HARDER,
    ALLOC_HIGHATOMIC,
    ALLOC_MIN_RESERVE,
    ALLOC_NON_BLOCK,
    ALLOC_RESERVES,
    ALLOC_WMARK_MASK,
    WMARK_MIN,
)
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.lists import free_list, list_empty
from zonecma.kernel.migratetype import MIGRATE_CMA, MIGRATE_HIGHATOMIC, MIGRATE_PCPTYPES
from zonecma.kernel.state import State
from zonecma.kernel.units import AllocFlags, Code, Migratetype, Order, ZoneIndex
from zonecma.kernel.vmstat import free_cma_seen, free_pages_seen


@primitive
def wmark_pages(s: State, zone: ZoneIndex, mark: Code) -> int:
    """A watermark as checks use it: with the boost (wmark_pages, mmzone.h)."""
    return s.zone[zone].watermark[mark] + s.zone[zone].watermark_boost  # type: ignore[no-any-return]


@primitive
def unusable_free(s: State, zone: ZoneIndex, order: Order, alloc_flags: AllocFlags) -> int:
    """Free pages that this request cannot have (__zone_watermark_unusable_free)."""
    unusable = (1 << order) - 1
    if not alloc_flags & ALLOC_RESERVES:
        unusable += s.zone[zone].nr_free_highatomic
    if not alloc_flags & ALLOC_COUNT_CMA:
        unusable += free_cma_seen(s, zone)
    return unusable


@primitive
def reduced_mark(mark: int, alloc_flags: AllocFlags) -> int:
    """The mark after what privileged requests may ignore of it (__zone_watermark_ok)."""
    if alloc_flags & ALLOC_MIN_RESERVE:
        mark -= mark // 2
        if alloc_flags & ALLOC_NON_BLOCK:
            mark -= mark // 4
    if alloc_flags & ALLOC_HARDER:
        mark -= mark // 4
    return mark


@jit
def has_suitable_chunk(s: State, zone: ZoneIndex, order: Order, alloc_flags: AllocFlags) -> bool:
    """Whether some list this request may use holds a chunk that is large enough.

    ALLOC_HARDER asks for any list (4.7).
    """
    for current in range(order, s.config[0].max_order + 1):
        if s.zone[zone].nr_free[current] == 0:
            continue
        if alloc_flags & ALLOC_HARDER:
            return True
        for migratetype in range(MIGRATE_PCPTYPES):
            if not list_empty(s, free_list(s, zone, Order(current), Migratetype(migratetype))):
                return True
        if alloc_flags & ALLOC_CMA and not list_empty(s, free_list(s, zone, Order(current), MIGRATE_CMA)):
            return True
        if alloc_flags & ALLOC_HIGHATOMIC and not list_empty(
            s, free_list(s, zone, Order(current), MIGRATE_HIGHATOMIC)
        ):
            return True
    return False


@jit
def zone_watermark_ok(
    s: State, zone: ZoneIndex, order: Order, mark: int, highest_zone: ZoneIndex, alloc_flags: AllocFlags
) -> bool:
    """Whether free pages would stay above ``mark`` pages (__zone_watermark_ok)."""
    usable = free_pages_seen(s, zone) - unusable_free(s, zone, order, alloc_flags)
    reserve = s.zone[zone].lowmem_reserve[highest_zone]
    if usable <= reduced_mark(mark, alloc_flags) + reserve:
        return False
    return order == 0 or has_suitable_chunk(s, zone, order, alloc_flags)


@jit
def zone_watermark_fast(
    s: State, zone: ZoneIndex, order: Order, mark: int, highest_zone: ZoneIndex, alloc_flags: AllocFlags
) -> bool:
    """The check of the allocation path, with a shortcut for single pages (zone_watermark_fast)."""
    if order == 0:
        free = free_pages_seen(s, zone)
        usable = free - min(free, unusable_free(s, zone, order, alloc_flags))
        if usable > mark + s.zone[zone].lowmem_reserve[highest_zone]:
            return True
    if zone_watermark_ok(s, zone, order, mark, highest_zone, alloc_flags):
        return True
    # Single pages for __GFP_HIGH ignore the boost at the minimum mark.
    at_min = alloc_flags & ALLOC_WMARK_MASK == WMARK_MIN
    if order == 0 and alloc_flags & ALLOC_MIN_RESERVE and at_min and s.zone[zone].watermark_boost:
        unboosted = s.zone[zone].watermark[WMARK_MIN]
        return zone_watermark_ok(s, zone, order, unboosted, highest_zone, alloc_flags)
    return False
