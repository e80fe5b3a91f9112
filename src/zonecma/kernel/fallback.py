"""When a type's own lists are empty: claim a whole pageblock, or steal one chunk.

6.12.117 (mainline 6.15): __rmqueue_claim, then __rmqueue_steal.
"""

from __future__ import annotations

from zonecma.kernel.alloc_flags import ALLOC_NOFRAGMENT, WMARK_HIGH
from zonecma.kernel.buddy import (
    account_freepages,
    del_page_from_free_list,
    expand,
    move_to_free_list,
    page_del_and_expand,
    rmqueue_smallest,
)
from zonecma.kernel.chunk import chunk_order, chunk_pages
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.lists import free_list, list_empty, list_first
from zonecma.kernel.migratetype import (
    FALLBACKS,
    MIGRATE_HIGHATOMIC,
    MIGRATE_MOVABLE,
    MIGRATE_PCPTYPES,
)
from zonecma.kernel.pageblock import (
    change_pageblock_range,
    get_pageblock_migratetype,
    pageblock_nr_pages,
    pageblock_start_pfn,
    set_pageblock_migratetype,
)
from zonecma.kernel.span import zone_spans_block
from zonecma.kernel.state import IN_BUDDY, IN_USE, State
from zonecma.kernel.units import NO_PFN, AllocFlags, Migratetype, Order, Pfn, ZoneIndex
from zonecma.kernel.users import is_movable_user

NO_TYPE = Migratetype(-1)


@primitive
def can_steal_fallback(s: State, order: Order, start_type: Migratetype) -> bool:
    """Whether a chunk is large enough to be worth a whole pageblock (can_steal_fallback)."""
    return order >= s.config[0].pageblock_order // 2 or start_type != MIGRATE_MOVABLE  # type: ignore[no-any-return]


@primitive
def find_suitable_fallback(s: State, zone: ZoneIndex, order: Order, start_type: Migratetype) -> Migratetype:
    """The first other type with a free chunk of this order (find_suitable_fallback); NO_TYPE."""
    if s.zone[zone].nr_free[order] == 0:
        return NO_TYPE
    for i in range(MIGRATE_PCPTYPES - 1):
        fallback = Migratetype(FALLBACKS[start_type, i])
        if not list_empty(s, free_list(s, zone, order, fallback)):
            return fallback
    return NO_TYPE


@primitive
def boost_watermark(s: State, zone: ZoneIndex) -> None:
    """Raise the zone's marks for a while, to make room against fragmentation (boost_watermark)."""
    block = pageblock_nr_pages(s)
    if s.config[0].watermark_boost_factor == 0 or block * 4 > s.zone[zone].managed:
        return
    high = s.zone[zone].watermark[WMARK_HIGH]
    limit = high * s.config[0].watermark_boost_factor // 10000
    if limit:
        s.zone[zone].watermark_boost = min(s.zone[zone].watermark_boost + block, max(block, limit))


@jit
def free_pages_of_block(s: State, start: Pfn) -> int:
    """Free pages of a pageblock, in chunks that start in it (prep_move_freepages_block)."""
    free, pfn, end = 0, start, start + pageblock_nr_pages(s)
    while pfn < end:
        size = 1
        if s.frame[pfn].where == IN_BUDDY:
            size = chunk_pages(s, pfn)
            free += size
        pfn = Pfn(pfn + size)
    return free


@jit
def movable_pages_of_block(s: State, start: Pfn) -> int:
    """Used pages of a pageblock that look movable (PageLRU in prep_move_freepages_block)."""
    movable, pfn, end = 0, start, start + pageblock_nr_pages(s)
    while pfn < end:
        size = chunk_pages(s, pfn)
        if s.frame[pfn].where == IN_USE and is_movable_user(s, pfn):
            movable += min(size, end - pfn)
        pfn = Pfn(pfn + size)
    return movable


@jit
def move_freepages(
    s: State, start: Pfn, end: Pfn, zone: ZoneIndex, old: Migratetype, new: Migratetype
) -> int:
    """Move the free chunks that start in a range to another type's lists, ascending; their pages."""
    moved, pfn = 0, start
    while pfn < end:
        if s.frame[pfn].where != IN_BUDDY:
            pfn = Pfn(pfn + 1)
            continue
        order = chunk_order(s, pfn)
        move_to_free_list(s, pfn, zone, order, old, new)
        moved += 1 << order
        pfn = Pfn(pfn + (1 << order))
    return moved


@jit
def move_freepages_block(s: State, start: Pfn, zone: ZoneIndex, old: Migratetype, new: Migratetype) -> None:
    """Change a pageblock's type, and move its free chunks (__move_freepages_block)."""
    move_freepages(s, start, Pfn(start + pageblock_nr_pages(s)), zone, old, new)
    set_pageblock_migratetype(s, start, new)


@primitive
def alike_pages(s: State, start: Pfn, start_type: Migratetype, block_type: Migratetype, free: int) -> int:
    """Used pages of a pageblock that suit the claiming type (try_to_steal_block)."""
    movable = movable_pages_of_block(s, start)
    if start_type == MIGRATE_MOVABLE:
        return movable
    if block_type == MIGRATE_MOVABLE:
        return pageblock_nr_pages(s) - free - movable
    return 0


@primitive
def claim_large_chunk(
    s: State, pfn: Pfn, zone: ZoneIndex, current: Order, order: Order, start_type: Migratetype
) -> Pfn:
    """Take a free chunk of whole pageblocks over for another type (try_to_steal_block)."""
    del_page_from_free_list(s, pfn, zone, current, get_pageblock_migratetype(s, pfn))
    change_pageblock_range(s, pfn, current, start_type)
    expand(s, pfn, zone, order, current, start_type)
    account_freepages(s, zone, (1 << current) - (1 << order), start_type)
    return pfn


@jit
def try_to_claim_block(
    s: State,
    pfn: Pfn,
    zone: ZoneIndex,
    current: Order,
    order: Order,
    start_type: Migratetype,
) -> Pfn:
    """Turn the pageblock of a fallback chunk to the wanted type and allocate (try_to_steal_block).

    NO_PFN when too little of the block is free or alike.
    """
    block_type = get_pageblock_migratetype(s, pfn)
    if block_type == MIGRATE_HIGHATOMIC:
        return NO_PFN
    if current >= s.config[0].pageblock_order:
        return claim_large_chunk(s, pfn, zone, current, order, start_type)
    boost_watermark(s, zone)
    start = pageblock_start_pfn(s, pfn)
    if not zone_spans_block(s, zone, start):
        return NO_PFN
    free = free_pages_of_block(s, start)
    suitable = free + alike_pages(s, start, start_type, block_type, free)
    if suitable < pageblock_nr_pages(s) // 2:
        return NO_PFN
    move_freepages_block(s, start, zone, block_type, start_type)
    return rmqueue_smallest(s, zone, order, start_type)


@jit
def rmqueue_claim(
    s: State, zone: ZoneIndex, order: Order, start_type: Migratetype, alloc_flags: AllocFlags
) -> Pfn:
    """Claim a pageblock of another type, largest free chunk first (__rmqueue_claim)."""
    lowest = order
    if order < s.config[0].pageblock_order and alloc_flags & ALLOC_NOFRAGMENT:
        lowest = Order(s.config[0].pageblock_order)
    for current in range(s.config[0].max_order, lowest - 1, -1):
        fallback = find_suitable_fallback(s, zone, Order(current), start_type)
        if fallback == NO_TYPE:
            continue
        if not can_steal_fallback(s, Order(current), start_type):
            break
        chunk = list_first(s, free_list(s, zone, Order(current), fallback))
        pfn = try_to_claim_block(s, chunk, zone, Order(current), order, start_type)
        if pfn != NO_PFN:
            return pfn
    return NO_PFN


@jit
def rmqueue_steal(s: State, zone: ZoneIndex, order: Order, start_type: Migratetype) -> Pfn:
    """Take the smallest fallback chunk and leave its pageblock as it is (__rmqueue_steal)."""
    for current in range(order, s.config[0].max_order + 1):
        fallback = find_suitable_fallback(s, zone, Order(current), start_type)
        if fallback != NO_TYPE:
            pfn = list_first(s, free_list(s, zone, Order(current), fallback))
            page_del_and_expand(s, pfn, zone, order, Order(current), fallback)
            return pfn
    return NO_PFN
