"""Isolating pageblocks: no page of them is handed out until they are given back.

mm/page_isolation.c and alloc_contig_range of mm/page_alloc.c, 6.12.117 and 4.7.4.
"""

from __future__ import annotations

import numpy as np

from zonecma.kernel.buddy import del_page_from_free_list, free_by_pageblock, free_one_page, is_free_chunk
from zonecma.kernel.chunk import chunk_order, chunk_pages
from zonecma.kernel.fallback import move_freepages_block
from zonecma.kernel.features import (
    DRAINS_EACH_BLOCK,
    ISOLATES_PAGEBLOCKS,
    MOVES_TO_TAIL,
    has,
)
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.lists import HEAD
from zonecma.kernel.migratetype import MIGRATE_ISOLATE
from zonecma.kernel.pageblock import (
    get_pageblock_migratetype,
    pageblock_nr_pages,
    set_pageblock_migratetype,
)
from zonecma.kernel.pcp import drain_all_pages
from zonecma.kernel.span import zone_spans_block
from zonecma.kernel.state import IN_BUDDY, State
from zonecma.kernel.units import NO_PFN, Migratetype, Order, Pfn, ZoneIndex
from zonecma.kernel.zone import NO_ZONE


@jit
def find_large_buddy(s: State, start: Pfn) -> Pfn:
    """First frame of the free chunk that holds ``start``; ``start`` if none does (find_large_buddy)."""
    pfn = start
    for order in range(s.config[0].max_order + 1):
        pfn = Pfn(start & -(1 << order))
        if s.frame[pfn].where == IN_BUDDY:
            return pfn if pfn + chunk_pages(s, pfn) > start else start
    return start


@jit
def move_freepages_block_isolate(s: State, start: Pfn, zone: ZoneIndex, migratetype: Migratetype) -> bool:
    """Change a pageblock's type; a free chunk that straddles it is cut into pageblocks first.

    False when the zone's span cuts the block (move_freepages_block_isolate).  Where whole chunks
    of the largest order are isolated none straddles: one moves with its first pageblock.
    """
    if not zone_spans_block(s, zone, start):
        return False
    if not has(s, ISOLATES_PAGEBLOCKS):
        move_freepages_block(s, start, zone, get_pageblock_migratetype(s, start), migratetype)
        return True
    chunk = find_large_buddy(s, start)
    order = chunk_order(s, chunk)
    straddles = chunk != start or order > s.config[0].pageblock_order
    if s.frame[chunk].where == IN_BUDDY and straddles:
        del_page_from_free_list(s, chunk, zone, order, get_pageblock_migratetype(s, chunk))
        set_pageblock_migratetype(s, start, migratetype)
        free_by_pageblock(s, chunk, zone, order, HEAD)
    else:
        move_freepages_block(s, start, zone, get_pageblock_migratetype(s, start), migratetype)
    return True


@jit
def isolate_block(s: State, start: Pfn) -> bool:
    """Isolate one pageblock; False when it already is (set_migratetype_isolate).

    has_unmovable_pages() never objects to a CMA block, and other blocks of an area are
    movable by placement.
    """
    zone = ZoneIndex(s.frame[start].zone)
    if zone == NO_ZONE or get_pageblock_migratetype(s, start) == MIGRATE_ISOLATE:
        return False
    if not move_freepages_block_isolate(s, start, zone, MIGRATE_ISOLATE):
        return False
    s.zone[zone].nr_isolate_pageblock += 1
    if has(s, DRAINS_EACH_BLOCK):
        drain_all_pages(s, zone)
    return True


@primitive
def is_freed_anew(s: State, start: Pfn, zone: ZoneIndex, order: Order) -> bool:
    """Whether a free chunk has a free buddy outside isolation, so that freeing it anew merges both.

    4.7 does not ask whether the buddy is free.
    """
    if order < s.config[0].pageblock_order or order >= s.config[0].max_order:
        return False
    buddy = Pfn(start ^ (1 << order))
    if get_pageblock_migratetype(s, buddy) == MIGRATE_ISOLATE:
        return False
    return is_free_chunk(s, buddy, order, zone) or not has(s, ISOLATES_PAGEBLOCKS)


@jit
def unisolate_block(s: State, start: Pfn, migratetype: Migratetype) -> None:
    """Give one isolated pageblock back as ``migratetype`` (unset_migratetype_isolate)."""
    if get_pageblock_migratetype(s, start) != MIGRATE_ISOLATE:
        return
    zone, order = ZoneIndex(s.frame[start].zone), chunk_order(s, start)
    s.zone[zone].nr_isolate_pageblock -= 1
    if s.frame[start].where == IN_BUDDY and is_freed_anew(s, start, zone, order):
        del_page_from_free_list(s, start, zone, order, MIGRATE_ISOLATE)
        set_pageblock_migratetype(s, start, migratetype)
        free_one_page(s, start, zone, order, migratetype, np.bool_(has(s, MOVES_TO_TAIL)))
    else:
        move_freepages_block_isolate(s, start, zone, migratetype)


@primitive
def isolation_start(s: State, start: Pfn) -> Pfn:
    """First frame of what is isolated for a range that starts here (pfn_max_align_down, 4.7)."""
    largest = 0 if has(s, ISOLATES_PAGEBLOCKS) else s.config[0].max_order
    return Pfn(start & -(1 << max(largest, s.config[0].pageblock_order)))


@primitive
def isolation_end(s: State, end: Pfn) -> Pfn:
    """The frame after what is isolated for a range that ends here (pfn_max_align_up, 4.7)."""
    return Pfn(-isolation_start(s, Pfn(-end)))


@jit
def isolate_blocks(s: State, start: Pfn, end: Pfn) -> Pfn:
    """Isolate pageblocks, ascending; the first that can't be, ``end`` if none."""
    pfn = start
    while pfn < end and isolate_block(s, pfn):
        pfn = Pfn(pfn + pageblock_nr_pages(s))
    return pfn


@jit
def unisolate_blocks(s: State, start: Pfn, end: Pfn, migratetype: Migratetype) -> None:
    """Give isolated pageblocks back as ``migratetype``, ascending."""
    pfn = start
    while pfn < end:
        unisolate_block(s, pfn, migratetype)
        pfn = Pfn(pfn + pageblock_nr_pages(s))


@jit
def undo_isolate_page_range(s: State, start: Pfn, end: Pfn, migratetype: Migratetype) -> None:
    """Give what was isolated for a range back (undo_isolate_page_range)."""
    unisolate_blocks(s, isolation_start(s, start), isolation_end(s, end), migratetype)


@jit
def isolate_ends_first(s: State, first: Pfn, last: Pfn, migratetype: Migratetype) -> bool:
    """Isolate the first pageblock, the last, then the rest; all of them or none."""
    block = pageblock_nr_pages(s)
    if not isolate_block(s, first):
        return False
    if last != first and not isolate_block(s, last):
        unisolate_block(s, first, migratetype)
        return False
    failed = isolate_blocks(s, Pfn(first + block), last)
    if failed < last:
        unisolate_blocks(s, first, failed, migratetype)
        unisolate_block(s, last, migratetype)
        return False
    return True


@jit
def start_isolate_page_range(s: State, start: Pfn, end: Pfn, migratetype: Migratetype) -> bool:
    """Isolate the pageblocks of a range (start_isolate_page_range).

    On failure everything is given back as ``migratetype``.
    """
    first, after = isolation_start(s, start), isolation_end(s, end)
    if has(s, ISOLATES_PAGEBLOCKS):
        return isolate_ends_first(s, first, Pfn(after - pageblock_nr_pages(s)), migratetype)
    failed = isolate_blocks(s, first, after)
    if failed < after:
        unisolate_blocks(s, first, failed, migratetype)
    return failed >= after


@jit
def first_busy_pfn(s: State, start: Pfn, end: Pfn) -> Pfn:
    """The first frame of a range that is not free; ``end`` or beyond if all are (test_pages_isolated)."""
    pfn = find_large_buddy(s, start)
    while pfn < end and s.frame[pfn].where == IN_BUDDY:
        pfn = Pfn(pfn + chunk_pages(s, pfn))
    return pfn


@jit
def isolate_freepages_range(s: State, start: Pfn, end: Pfn) -> Pfn:
    """Take the free chunks of an isolated range off the lists (isolate_freepages_range).

    Returns the frame after the last one taken; NO_PFN, with nothing taken, when one is busy.
    """
    if first_busy_pfn(s, start, end) < end:
        return NO_PFN
    pfn = find_large_buddy(s, start)
    while pfn < end:
        order = chunk_order(s, pfn)
        zone = ZoneIndex(s.frame[pfn].zone)
        del_page_from_free_list(s, pfn, zone, order, get_pageblock_migratetype(s, pfn))
        pfn = Pfn(pfn + (1 << order))
    return pfn
