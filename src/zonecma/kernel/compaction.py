"""What compaction does to the free lists beyond taking chunks off them (mm/compaction.c, 6.12 and 6.1).

Its fast searches turn the movable lists, so that the next one begins behind what this one saw.
Which pages a recorded kernel moves, and where its scanners are, is told; ``compact.py`` chooses itself.

A search for targets always goes deep here: it does not once an allocator that compacted memory
itself had a whole zone scanned anew (compact_init_free_pfn).
"""

from __future__ import annotations

from zonecma.kernel.alloc_flags import ALLOC_CMA, ALLOC_COUNT_CMA, WMARK_MIN
from zonecma.kernel.fallback import move_freepages_block
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.limits import COMPACT_CLUSTER_MAX, PAGE_ALLOC_COSTLY_ORDER
from zonecma.kernel.lists import free_list, list_add, list_add_tail, list_del, list_first, list_last
from zonecma.kernel.migratetype import MIGRATE_MOVABLE, migratetype_is_mergeable
from zonecma.kernel.offline import take_chunk
from zonecma.kernel.pageblock import get_pageblock_migratetype, pageblock_nr_pages, pageblock_start_pfn
from zonecma.kernel.span import zone_spans_block
from zonecma.kernel.state import State
from zonecma.kernel.units import NO_PFN, AllocFlags, ListHead, Order, Pfn, ZoneIndex
from zonecma.kernel.users import UNKNOWN_USER, prep_new_page
from zonecma.kernel.watermark import zone_watermark_ok
from zonecma.kernel.zone import ZONE_DMA

_NO_ORDER = Order(-1)


@jit
def begin_search(s: State, order: Order) -> None:
    """A compaction for chunks of an order has not searched yet (struct compact_control)."""
    s.config[0].compact_search_order, s.config[0].compact_search_fail = order, 0


@primitive
def turn_list(s: State, head: ListHead, pfn: Pfn, to_end: bool) -> None:
    """Let a list begin with a chunk, or end with it (move_freelist_head, move_freelist_tail)."""
    if pfn == Pfn(head):
        return
    list_del(s, Pfn(head))
    if to_end:
        list_add(s, Pfn(head), ListHead(pfn))
    else:
        list_add_tail(s, Pfn(head), ListHead(pfn))


@primitive
def freelist_scan_limit(s: State) -> int:
    """How many chunks a search looks at (freelist_scan_limit)."""
    return (COMPACT_CLUSTER_MAX >> min(s.config[0].compact_search_fail, 63)) + 1  # type: ignore[no-any-return]


@jit
def _find_in_list(s: State, head: ListHead, block: Pfn, below: Pfn, left: int) -> tuple[bool, int]:
    """Look through a list for a chunk of a pageblock; whether it was found, and how many may follow."""
    pfn = list_first(s, head)
    while pfn != Pfn(head):
        left -= 1
        found = pfn < below and pageblock_start_pfn(s, pfn) == block
        if left < 0 or found:
            turn_list(s, head, pfn, True)
            return found, left
        pfn = Pfn(s.frame[pfn].next)
    return False, left


@jit
def fast_find_migrateblock(s: State, order: Order, migrate_pfn: Pfn, free_pfn: Pfn, block: Pfn) -> None:
    """Search the lists for a pageblock to empty; it was ``block``, if any (fast_find_migrateblock)."""
    zone = ZoneIndex(s.frame[migrate_pfn].zone)
    start = Pfn(s.zone[zone].start_pfn)
    if order <= PAGE_ALLOC_COSTLY_ORDER or (
        migrate_pfn != start and migrate_pfn != pageblock_start_pfn(s, migrate_pfn)
    ):
        return
    distance = (free_pfn - migrate_pfn) >> (1 if migrate_pfn == start else 3)
    below = pageblock_start_pfn(s, Pfn(migrate_pfn + distance))
    found, left = False, freelist_scan_limit(s)
    current = order - 1
    while current >= PAGE_ALLOC_COSTLY_ORDER and not found and left > 0:
        if s.zone[zone].nr_free[current]:
            head = free_list(s, zone, Order(current), MIGRATE_MOVABLE)
            found, left = _find_in_list(s, head, block, below, left)
        current -= 1
    s.config[0].compact_search_fail = 0 if found else s.config[0].compact_search_fail + 1


@jit
def _next_search_order(s: State, order: Order, cc_order: Order) -> Order:
    """The next order to search, round-robin (next_search_order); _NO_ORDER after the last."""
    conf = s.config[0]
    order = Order(order - 1)
    if order < 0:
        order = Order(cc_order - 1)
    if order != conf.compact_search_order:
        return order
    conf.compact_search_order -= 1
    if conf.compact_search_order < 0:
        conf.compact_search_order = cc_order - 1
    return _NO_ORDER


@jit
def _search_list(s: State, head: ListHead, low: Pfn, least: Pfn, limit: int) -> tuple[Pfn, Pfn, int, bool]:
    """Look through a list from its end for a target.

    Returns it or NO_PFN, where the list is to begin, the limit now, and whether it was reached.
    """
    pfn, best, scanned = list_last(s, head), NO_PFN, 0
    while pfn != Pfn(head):
        scanned += 1
        if pfn >= low:
            return pfn, pfn, limit, scanned >= limit
        if pfn >= least and pfn > best:
            best = pfn
            limit >>= 1
        if scanned >= limit:
            break
        pfn = Pfn(s.frame[pfn].prev)
    return best, pfn if best == NO_PFN else best, limit, scanned >= limit


@primitive
def may_isolate(s: State, zone: ZoneIndex, order: Order) -> bool:
    """Whether enough stays free when compaction takes a chunk (__isolate_free_page)."""
    mark = s.zone[zone].watermark[WMARK_MIN] + (1 << order)
    return zone_watermark_ok(s, zone, Order(0), mark, ZONE_DMA, AllocFlags(ALLOC_CMA | ALLOC_COUNT_CMA))  # type: ignore[no-any-return]


@jit
def fast_isolate_freepages(s: State, cc_order: Order, migrate_pfn: Pfn, free_pfn: Pfn) -> None:
    """Search the lists for a target, from their ends (fast_isolate_freepages).

    The target stays where it is: that it is taken is told.
    """
    conf, zone = s.config[0], ZoneIndex(s.frame[migrate_pfn].zone)
    distance = free_pfn - migrate_pfn
    low = pageblock_start_pfn(s, Pfn(free_pfn - (distance >> 2)))
    least = pageblock_start_pfn(s, Pfn(free_pfn - (distance >> 1)))
    limit, target = pageblock_nr_pages(s) >> 1, NO_PFN
    conf.compact_search_order = min(cc_order - 1, conf.compact_search_order)
    order = Order(conf.compact_search_order)
    while target == NO_PFN and order >= 0:
        if s.zone[zone].nr_free[order]:
            head = free_list(s, zone, order, MIGRATE_MOVABLE)
            target, first, limit, reached = _search_list(s, head, low, least, limit)
            turn_list(s, head, first, False)
            if target >= low:
                conf.compact_search_fail, conf.compact_search_order = 0, order
            if target != NO_PFN and not may_isolate(s, zone, order):
                order, target = Order(conf.compact_search_order + 1), NO_PFN
            if reached:
                limit = max(1, limit >> 1)
        order = _next_search_order(s, order, cc_order)
    conf.compact_search_fail += target == NO_PFN


@jit
def isolate_free_page(s: State, pfn: Pfn, order: Order) -> None:
    """Take a free chunk; from half a pageblock on its block becomes movable (__isolate_free_page)."""
    zone = ZoneIndex(s.frame[pfn].zone)
    take_chunk(s, pfn, order)
    for frame in range(pfn, pfn + (1 << order)):
        prep_new_page(s, Pfn(frame), Order(0), UNKNOWN_USER)
    if order < s.config[0].pageblock_order - 1:
        return
    block, end = pageblock_start_pfn(s, pfn), pfn + (1 << order) - 1
    while block < end:
        migratetype = get_pageblock_migratetype(s, block)
        if migratetype_is_mergeable(migratetype) and zone_spans_block(s, zone, block):
            move_freepages_block(s, block, zone, migratetype, MIGRATE_MOVABLE)
        block = Pfn(block + pageblock_nr_pages(s))
