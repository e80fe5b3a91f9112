"""The buddy lists: taking the smallest chunk, splitting it, freeing and merging.

Rules of mm/page_alloc.c, 6.12.117 and 4.7.4.  Since 6.10 a free chunk is always on the list of
its pageblock's type ("freelist hygiene").
"""

from __future__ import annotations

import numpy as np

from zonecma.kernel.features import FREELIST_HYGIENE, MERGES_BY_TYPE, MOVES_TO_TAIL, has
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.lists import HEAD, free_list, list_add, list_add_tail, list_del, list_empty, list_first
from zonecma.kernel.migratetype import (
    MIGRATE_CMA,
    MIGRATE_HIGHATOMIC,
    MIGRATE_ISOLATE,
    migratetype_is_mergeable,
)
from zonecma.kernel.pageblock import change_pageblock_range, get_pageblock_migratetype
from zonecma.kernel.state import IN_BUDDY, IN_USE, State
from zonecma.kernel.units import NO_PFN, Migratetype, Order, Pfn, ZoneIndex
from zonecma.kernel.vmstat import mod_free_cma, mod_free_pages


@primitive
def account_freepages(s: State, zone: ZoneIndex, nr_pages: int, migratetype: Migratetype) -> None:
    """Count pages in or out of a free list; isolated pages are not free (account_freepages)."""
    if migratetype == MIGRATE_ISOLATE:
        return
    mod_free_pages(s, zone, nr_pages)
    if migratetype == MIGRATE_CMA:
        mod_free_cma(s, zone, nr_pages)
    elif migratetype == MIGRATE_HIGHATOMIC:
        s.zone[zone].nr_free_highatomic += nr_pages


@primitive
def add_to_free_list(
    s: State, pfn: Pfn, zone: ZoneIndex, order: Order, migratetype: Migratetype, tail: np.bool_
) -> None:
    """Hang a chunk on its list, without counting its pages (__add_to_free_list)."""
    head = free_list(s, zone, order, migratetype)
    if tail:
        list_add_tail(s, pfn, head)
    else:
        list_add(s, pfn, head)
    s.frame[pfn].where = IN_BUDDY
    s.frame[pfn].order = order
    s.zone[zone].nr_free[order] += 1


@primitive
def remove_from_free_list(s: State, pfn: Pfn, zone: ZoneIndex, order: Order) -> None:
    """Take a chunk off its list, without counting its pages (__del_page_from_free_list)."""
    list_del(s, pfn)
    s.frame[pfn].where = IN_USE
    s.zone[zone].nr_free[order] -= 1


@primitive
def del_page_from_free_list(
    s: State, pfn: Pfn, zone: ZoneIndex, order: Order, migratetype: Migratetype
) -> None:
    """Take a chunk off its list (del_page_from_free_list)."""
    remove_from_free_list(s, pfn, zone, order)
    account_freepages(s, zone, -(1 << order), migratetype)


@primitive
def move_to_free_list(
    s: State, pfn: Pfn, zone: ZoneIndex, order: Order, old: Migratetype, new: Migratetype
) -> None:
    """Move a chunk to another type's list (move_to_free_list, 6.x; move_freepages, 4.7)."""
    list_del(s, pfn)
    head = free_list(s, zone, order, new)
    if has(s, MOVES_TO_TAIL):
        list_add_tail(s, pfn, head)
    else:
        list_add(s, pfn, head)
    account_freepages(s, zone, -(1 << order), old)
    account_freepages(s, zone, 1 << order, new)


@primitive
def is_free_chunk(s: State, pfn: Pfn, order: Order, zone: ZoneIndex) -> bool:
    """Whether a free chunk of just this order starts here, in this zone (page_is_buddy)."""
    frame = s.frame[pfn]
    return frame.where == IN_BUDDY and frame.order == order and frame.zone == zone  # type: ignore[no-any-return]


@primitive
def buddy_merge_likely(s: State, pfn: Pfn, order: Order, zone: ZoneIndex) -> bool:
    """Whether the pair one order up may soon merge: then to the tail (buddy_merge_likely)."""
    if order >= s.config[0].max_order - 1:
        return False
    pair = Pfn(pfn & ~(1 << order))
    return is_free_chunk(s, Pfn(pair ^ (1 << (order + 1))), Order(order + 1), zone)


@primitive
def may_merge(s: State, order: Order, one: Migratetype, other: Migratetype) -> bool:
    """Whole pageblocks merge within a type, or among those with fallbacks (__free_one_page, 6.x).

    In 4.7 only isolation keeps them apart; areas are aligned to the largest chunk there.
    """
    if order < s.config[0].pageblock_order or one == other:
        return True
    if has(s, MERGES_BY_TYPE):
        return migratetype_is_mergeable(one) and migratetype_is_mergeable(other)
    return one != MIGRATE_ISOLATE and other != MIGRATE_ISOLATE  # type: ignore[no-any-return]


@jit
def free_one_page(
    s: State, pfn: Pfn, zone: ZoneIndex, order: Order, migratetype: Migratetype, to_tail: np.bool_
) -> None:
    """Free a chunk and merge it with its buddies (__free_one_page).

    ``to_tail`` is FPI_TO_TAIL.  Compaction's capture and page reporting are not modelled.
    """
    account_freepages(s, zone, 1 << order, migratetype)
    while order < s.config[0].max_order:
        buddy = Pfn(pfn ^ (1 << order))
        if not is_free_chunk(s, buddy, order, zone):
            break
        buddy_type = migratetype
        if order >= s.config[0].pageblock_order:
            buddy_type = get_pageblock_migratetype(s, buddy)
        if not may_merge(s, order, migratetype, buddy_type):
            break
        remove_from_free_list(s, buddy, zone, order)
        if buddy_type != migratetype and has(s, FREELIST_HYGIENE):
            change_pageblock_range(s, buddy, order, migratetype)
        pfn = Pfn(pfn & buddy)
        order = Order(order + 1)
    tail = np.bool_(to_tail or buddy_merge_likely(s, pfn, order, zone))
    add_to_free_list(s, pfn, zone, order, migratetype, tail)


@primitive
def free_by_pageblock(s: State, pfn: Pfn, zone: ZoneIndex, order: Order, to_tail: np.bool_) -> None:
    """Free a chunk in pieces of at most a pageblock, each to the list of its own type."""
    end = pfn + (1 << order)
    order = min(order, Order(s.config[0].pageblock_order))
    while pfn < end:
        free_one_page(s, pfn, zone, order, get_pageblock_migratetype(s, pfn), to_tail)
        pfn = Pfn(pfn + (1 << order))


@jit
def split_large_buddy(s: State, pfn: Pfn, zone: ZoneIndex, order: Order, to_tail: np.bool_) -> None:
    """Free a chunk pageblock by pageblock, each to the list of its own type (split_large_buddy).

    Without freelist hygiene it is freed whole, as its first pageblock's type (__free_pages_ok).
    """
    if has(s, FREELIST_HYGIENE):
        free_by_pageblock(s, pfn, zone, order, to_tail)
    else:
        free_one_page(s, pfn, zone, order, get_pageblock_migratetype(s, pfn), to_tail)


@primitive
def expand(s: State, pfn: Pfn, zone: ZoneIndex, low: Order, high: Order, migratetype: Migratetype) -> None:
    """Hand back the upper halves of a chunk, largest first, each to its list's head (expand)."""
    while high > low:
        high = Order(high - 1)
        add_to_free_list(s, Pfn(pfn + (1 << high)), zone, high, migratetype, HEAD)


@primitive
def page_del_and_expand(
    s: State, pfn: Pfn, zone: ZoneIndex, low: Order, high: Order, migratetype: Migratetype
) -> None:
    """Take the lowest part of a free chunk (page_del_and_expand)."""
    remove_from_free_list(s, pfn, zone, high)
    expand(s, pfn, zone, low, high, migratetype)
    account_freepages(s, zone, -(1 << low), migratetype)


@jit
def rmqueue_smallest(s: State, zone: ZoneIndex, order: Order, migratetype: Migratetype) -> Pfn:
    """Take the first of the smallest sufficient chunks of a type (__rmqueue_smallest)."""
    for current in range(order, s.config[0].max_order + 1):
        head = free_list(s, zone, Order(current), migratetype)
        if not list_empty(s, head):
            pfn = list_first(s, head)
            page_del_and_expand(s, pfn, zone, order, Order(current), migratetype)
            return pfn
    return NO_PFN
