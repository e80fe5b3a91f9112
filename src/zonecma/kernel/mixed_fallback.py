"""When a type's own lists are empty, and pageblocks may hold chunks of several types' lists.

__rmqueue_fallback.  4.7.4: whatever becomes of its pageblock, the largest chunk of another type
is taken, and what is left of it goes to the lists of the type that asked.  6.1.192: a chunk, or
all of its pageblock, moves to those lists, and their smallest is taken; movable requests, which
pollute nothing for long, move the smallest sufficient chunk alone.
"""

from __future__ import annotations

from zonecma.kernel.alloc_flags import ALLOC_NOFRAGMENT
from zonecma.kernel.buddy import move_to_free_list, page_del_and_expand, rmqueue_smallest
from zonecma.kernel.chunk import chunk_order
from zonecma.kernel.fallback import (
    NO_TYPE,
    alike_pages,
    boost_watermark,
    can_steal_fallback,
    find_suitable_fallback,
    move_freepages,
)
from zonecma.kernel.features import FALLBACK_MOVES_FIRST, has
from zonecma.kernel.jit import jit
from zonecma.kernel.lists import free_list, list_first
from zonecma.kernel.migratetype import MIGRATE_HIGHATOMIC
from zonecma.kernel.pageblock import (
    change_pageblock_range,
    get_pageblock_migratetype,
    pageblock_nr_pages,
    pageblock_start_pfn,
    set_pageblock_migratetype,
)
from zonecma.kernel.span import zone_end_pfn
from zonecma.kernel.state import State
from zonecma.kernel.units import NO_PFN, AllocFlags, Migratetype, Order, Pfn, ZoneIndex


@jit
def move_rest_of_block(s: State, pfn: Pfn, zone: ZoneIndex, start_type: Migratetype) -> int:
    """Move a pageblock's free chunks to the lists of a type; their pages (move_freepages_block, 4.7).

    None where the zone ends inside the block; where it starts there, from ``pfn`` on.  Types that
    fall back to each other are counted alike, so whose lists the chunks leave does not matter.
    """
    start = pageblock_start_pfn(s, pfn)
    end = Pfn(start + pageblock_nr_pages(s))
    if end > zone_end_pfn(s, zone):
        return 0
    start = pfn if start < s.zone[zone].start_pfn else start
    return move_freepages(s, start, end, zone, start_type, start_type)


@jit
def take_over_block(s: State, pfn: Pfn, zone: ZoneIndex, start_type: Migratetype) -> None:
    """Give the free chunks around one to a type, and the block too if half of it was free.

    steal_suitable_fallback, 4.7.  The type of a chunk of whole pageblocks changes; its list does not.
    """
    order = chunk_order(s, pfn)
    if order >= s.config[0].pageblock_order:
        change_pageblock_range(s, pfn, order, start_type)
    elif move_rest_of_block(s, pfn, zone, start_type) >= pageblock_nr_pages(s) // 2:
        set_pageblock_migratetype(s, pfn, start_type)


@jit
def move_block_if_worth_it(s: State, pfn: Pfn, zone: ZoneIndex, start_type: Migratetype) -> bool:
    """Move the free chunks around one to a type, and the block's type with enough of its pages alike.

    steal_suitable_fallback, 6.1.  False when nothing moved.
    """
    start, block_type = pageblock_start_pfn(s, pfn), get_pageblock_migratetype(s, pfn)
    free = move_rest_of_block(s, pfn, zone, start_type)
    if free == 0:
        return False
    if free + alike_pages(s, start, start_type, block_type, free) >= pageblock_nr_pages(s) // 2:
        set_pageblock_migratetype(s, pfn, start_type)
    return True


@jit
def move_to_start_type(s: State, pfn: Pfn, zone: ZoneIndex, start_type: Migratetype, whole: bool) -> None:
    """Move a chunk, or if ``whole`` its pageblock, to a type's lists (steal_suitable_fallback, 6.1)."""
    order = chunk_order(s, pfn)
    if get_pageblock_migratetype(s, pfn) != MIGRATE_HIGHATOMIC:
        if order >= s.config[0].pageblock_order:
            change_pageblock_range(s, pfn, order, start_type)
        else:
            boost_watermark(s, zone)
            if whole and move_block_if_worth_it(s, pfn, zone, start_type):
                return
    move_to_free_list(s, pfn, zone, order, start_type, start_type)


@jit
def smallest_fallback_order(s: State, zone: ZoneIndex, order: Order, start_type: Migratetype) -> Order:
    """The lowest order at which another type has a chunk; there must be one."""
    while find_suitable_fallback(s, zone, order, start_type) == NO_TYPE:
        order = Order(order + 1)
    return order


@jit
def refill_start_type(
    s: State, zone: ZoneIndex, order: Order, start_type: Migratetype, alloc_flags: AllocFlags
) -> bool:
    """Move chunks of another type to a type's empty lists (__rmqueue_fallback, 6.1); whether any did."""
    lowest = order
    if order < s.config[0].pageblock_order and alloc_flags & ALLOC_NOFRAGMENT:
        lowest = Order(s.config[0].pageblock_order)
    for largest in range(s.config[0].max_order, lowest - 1, -1):
        current = Order(largest)
        if find_suitable_fallback(s, zone, current, start_type) != NO_TYPE:
            whole = can_steal_fallback(s, current, start_type)
            if not whole and current > order:  # only movable requests do not steal
                current = smallest_fallback_order(s, zone, order, start_type)
            fallback = find_suitable_fallback(s, zone, current, start_type)
            pfn = list_first(s, free_list(s, zone, current, fallback))
            move_to_start_type(s, pfn, zone, start_type, whole)
            return True
    return False


@jit
def take_largest(s: State, zone: ZoneIndex, order: Order, start_type: Migratetype) -> Pfn:
    """Take the first of the largest chunks of another type (__rmqueue_fallback, 4.7)."""
    for current in range(s.config[0].max_order, order - 1, -1):
        fallback = find_suitable_fallback(s, zone, Order(current), start_type)
        if fallback != NO_TYPE:
            pfn = list_first(s, free_list(s, zone, Order(current), fallback))
            if can_steal_fallback(s, Order(current), start_type):
                take_over_block(s, pfn, zone, start_type)
            page_del_and_expand(s, pfn, zone, order, Order(current), start_type)
            return pfn
    return NO_PFN


@jit
def rmqueue_fallback(
    s: State, zone: ZoneIndex, order: Order, start_type: Migratetype, alloc_flags: AllocFlags
) -> Pfn:
    """Serve a request from another type's lists; NO_PFN when there is nothing."""
    if not has(s, FALLBACK_MOVES_FIRST):
        return take_largest(s, zone, order, start_type)
    if refill_start_type(s, zone, order, start_type, alloc_flags):
        return rmqueue_smallest(s, zone, order, start_type)
    return NO_PFN
