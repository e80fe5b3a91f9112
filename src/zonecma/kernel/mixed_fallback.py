"""When a type's own lists are empty, and pageblocks may hold chunks of several types' lists.

4.7.4: __rmqueue_fallback.  Whatever becomes of its pageblock, the largest chunk of another type
is taken, and what is left of it goes to the lists of the type that asked.
"""

from __future__ import annotations

from zonecma.kernel.buddy import page_del_and_expand
from zonecma.kernel.chunk import chunk_order
from zonecma.kernel.fallback import NO_TYPE, can_steal_fallback, find_suitable_fallback, move_freepages
from zonecma.kernel.jit import jit
from zonecma.kernel.lists import free_list, list_first
from zonecma.kernel.pageblock import (
    change_pageblock_range,
    pageblock_nr_pages,
    pageblock_start_pfn,
    set_pageblock_migratetype,
)
from zonecma.kernel.state import State
from zonecma.kernel.units import NO_PFN, Migratetype, Order, Pfn, ZoneIndex


@jit
def move_rest_of_block(s: State, pfn: Pfn, zone: ZoneIndex, start_type: Migratetype) -> int:
    """Move a pageblock's free chunks to the lists of a type; their pages (move_freepages_block, 4.7).

    None where the zone ends inside the block; where it starts there, from ``pfn`` on.  Types that
    fall back to each other are counted alike, so whose lists the chunks leave does not matter.
    """
    first, last = s.zone[zone].start_pfn, s.zone[zone].start_pfn + s.zone[zone].spanned
    start = pageblock_start_pfn(s, pfn)
    end = Pfn(start + pageblock_nr_pages(s))
    if end > last:
        return 0
    start = pfn if start < first else start
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
def rmqueue_fallback(s: State, zone: ZoneIndex, order: Order, start_type: Migratetype) -> Pfn:
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
