"""Whether compaction can help a request, and when it has (mm/compaction.c and mm/vmstat.c, 6.12 and 4.7)."""

from __future__ import annotations

from zonecma.kernel.alloc_flags import (
    ALLOC_CMA,
    ALLOC_COUNT_CMA,
    ALLOC_WMARK_MASK,
    WMARK_LOW,
    WMARK_MIN,
)
from zonecma.kernel.fallback import NO_TYPE, can_steal_fallback, find_suitable_fallback
from zonecma.kernel.features import COMPACTS_AFTER_RECLAIM, has
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.limits import PAGE_ALLOC_COSTLY_ORDER
from zonecma.kernel.lists import free_list, list_empty
from zonecma.kernel.migratetype import MIGRATE_CMA, MIGRATE_MOVABLE
from zonecma.kernel.state import State
from zonecma.kernel.units import AllocFlags, Code, Migratetype, Order, User, ZoneIndex
from zonecma.kernel.vmstat import free_pages_seen
from zonecma.kernel.watermark import reduced_mark, unusable_free, wmark_pages, zone_watermark_ok

SYSCTL_EXTFRAG_THRESHOLD = 500

# enum compact_result, the least hopeful first; 4.7 calls the last one COMPACT_PARTIAL
COMPACT_SKIPPED = Code(1)
COMPACT_DEFERRED = Code(2)
COMPACT_CONTINUE = Code(3)
COMPACT_COMPLETE = Code(4)
COMPACT_PARTIAL_SKIPPED = Code(5)
COMPACT_CONTENDED = Code(6)
COMPACT_SUCCESS = Code(7)


@primitive
def compact_gap(order: Order) -> int:
    """Frames that must be free beyond the mark: targets whose sources are not free yet (compact_gap)."""
    return 2 << order


@jit
def fragmentation_index(s: State, zone: ZoneIndex, order: Order) -> int:
    """From 0, a request fails for lack of memory, to 1000, for fragmentation; -1000: it need not fail."""
    free = chunks = 0
    for current in range(s.config[0].max_order + 1):
        nr_free = s.zone[zone].nr_free[current]
        if nr_free and current >= order:
            return -1000
        free, chunks = free + (nr_free << current), chunks + nr_free
    return 1000 - (1000 + free * 1000 // (1 << order)) // chunks if chunks else 0  # type: ignore[no-any-return]


@primitive
def _is_fragmented(s: State, zone: ZoneIndex, order: Order) -> bool:
    """Whether a request fails for fragmentation; of low orders only 4.7 asks (compaction_suitable)."""
    if has(s, COMPACTS_AFTER_RECLAIM) and order <= PAGE_ALLOC_COSTLY_ORDER:
        return True
    index = fragmentation_index(s, zone, order)
    return index < 0 or index > SYSCTL_EXTFRAG_THRESHOLD


@jit
def has_targets(s: State, user: User, zone: ZoneIndex, order: Order, flags: AllocFlags, free: int) -> bool:
    """Whether enough single frames would be free to move pages to (__compaction_suitable).

    4.7 asks as the request would, above the low mark; later kernels count free CMA in any case.
    """
    mark = Code(WMARK_LOW)
    if has(s, COMPACTS_AFTER_RECLAIM):
        mark = Code(WMARK_LOW if order > PAGE_ALLOC_COSTLY_ORDER else WMARK_MIN)
        flags = AllocFlags(ALLOC_CMA | ALLOC_COUNT_CMA)
    needed = reduced_mark(wmark_pages(s, zone, mark) + compact_gap(order), flags)
    needed += s.zone[zone].lowmem_reserve[s.gfp[user].highest_zone]
    return free - unusable_free(s, zone, Order(0), flags) > needed  # type: ignore[no-any-return]


@jit
def has_chunk(s: State, user: User, zone: ZoneIndex, order: Order, flags: AllocFlags) -> bool:
    """Whether the zone may serve a request as it is; 4.7 asks for the low mark, whatever the request's."""
    mark = Code(flags & ALLOC_WMARK_MASK) if has(s, COMPACTS_AFTER_RECLAIM) else WMARK_LOW
    highest = ZoneIndex(s.gfp[user].highest_zone)
    return zone_watermark_ok(s, zone, order, wmark_pages(s, zone, mark), highest, flags)


@jit
def compaction_suitable(s: State, user: User, zone: ZoneIndex, order: Order, flags: AllocFlags) -> Code:
    """COMPACT_CONTINUE where a zone is to be compacted (compaction_suit_allocation_order)."""
    if has_chunk(s, user, zone, order, flags):
        return COMPACT_SUCCESS
    if not has_targets(s, user, zone, order, flags, free_pages_seen(s, zone)):
        return COMPACT_SKIPPED
    return COMPACT_CONTINUE if _is_fragmented(s, zone, order) else COMPACT_SKIPPED


@jit
def has_free_chunk(s: State, zone: ZoneIndex, order: Order, migratetype: Migratetype) -> bool:
    """Whether a chunk of the type is free, or one that it may take a pageblock for (__compact_finished)."""
    for index in range(order, s.config[0].max_order + 1):
        current = Order(index)
        if not list_empty(s, free_list(s, zone, current, migratetype)):
            return True
        if migratetype == MIGRATE_MOVABLE and not list_empty(s, free_list(s, zone, current, MIGRATE_CMA)):
            return True
        fallback = find_suitable_fallback(s, zone, current, migratetype)
        if fallback != NO_TYPE and can_steal_fallback(s, current, migratetype):
            return True
    return False
