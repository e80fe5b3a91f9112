"""Taking given frames out of the free lists, wherever they are.

mm/page_alloc.c does so for frames that failed (take_page_off_buddy); the model also puts a
state right with it, and rebuilds what lay in an area.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.buddy import (
    account_freepages,
    add_to_free_list,
    remove_from_free_list,
)
from zonecma.kernel.chunk import chunk_order, chunk_pages, largest_order
from zonecma.kernel.isolation import find_large_buddy
from zonecma.kernel.jit import entry, jit
from zonecma.kernel.lists import HEAD
from zonecma.kernel.pageblock import get_pageblock_migratetype
from zonecma.kernel.pcp import remove_from_pcp_list
from zonecma.kernel.state import IN_BUDDY, IN_USE, ON_PCP, PINDEX_STRIDE, RESERVED, State
from zonecma.kernel.units import NO_PFN, Cpu, Migratetype, Order, Pfn, ZoneIndex


@jit
def break_down_buddy_pages(
    s: State, head: Pfn, target: Pfn, zone: ZoneIndex, low: Order, high: Order, migratetype: Migratetype
) -> None:
    """Hand back all of a chunk but its part of order ``low`` at ``target`` (break_down_buddy_pages)."""
    while high > low:
        high = Order(high - 1)
        middle = Pfn(head + (1 << high))
        if target >= middle:
            add_to_free_list(s, head, zone, high, migratetype, HEAD)
            head = middle
        else:
            add_to_free_list(s, middle, zone, high, migratetype, HEAD)


@jit
def take_chunk_off_buddy(s: State, target: Pfn, order: Order) -> bool:
    """Take a chunk that lies whole in one free chunk; False when it does not (take_page_off_buddy)."""
    head = find_large_buddy(s, target)
    if s.frame[head].where != IN_BUDDY or s.frame[head].order < order:
        return False
    zone, high = ZoneIndex(s.frame[head].zone), chunk_order(s, head)
    migratetype = get_pageblock_migratetype(s, head)
    remove_from_free_list(s, head, zone, high)
    break_down_buddy_pages(s, head, target, zone, order, high, migratetype)
    account_freepages(s, zone, -(1 << order), migratetype)
    return True


@jit
def cpu_of_pcp_chunk(s: State, pfn: Pfn) -> Cpu:
    """On which CPU's list a chunk hangs."""
    at = pfn
    while at < s.config[0].nr_frames:
        at = Pfn(s.frame[at].next)
    row = (at - s.config[0].first_pcp_list) // PINDEX_STRIDE
    return Cpu(row % s.config[0].nr_cpus)


@jit
def pcp_chunk_of(s: State, pfn: Pfn) -> Pfn:
    """First frame of the per-cpu chunk that holds a frame; NO_PFN."""
    for order in range(s.config[0].pageblock_order + 1):
        head = Pfn(pfn & -(1 << order))
        if s.frame[head].where == ON_PCP and head + chunk_pages(s, head) > pfn:
            return head
    return NO_PFN


@jit
def take_frame(s: State, pfn: Pfn) -> bool:
    """Take one frame, with the rest of its per-cpu chunk, off its list; False when it is in use."""
    if take_chunk_off_buddy(s, pfn, Order(0)):
        return True
    head = pcp_chunk_of(s, pfn)
    if head == NO_PFN:
        return False
    zone, order = ZoneIndex(s.frame[head].zone), chunk_order(s, head)
    remove_from_pcp_list(s, head, zone, cpu_of_pcp_chunk(s, head), order)
    return True


@jit
def take_chunk(s: State, pfn: Pfn, order: Order) -> bool:
    """See to it that no frame of a chunk is free; False when none was."""
    if take_chunk_off_buddy(s, pfn, order):
        return True
    taken = False
    for frame in range(pfn, pfn + (1 << order)):
        taken |= take_frame(s, Pfn(frame))
    return taken


@entry
def withdraw_range(s: State, start: Pfn, end: Pfn, used: NDArray[np.uint8]) -> None:
    """Take an area back from the allocator: its frames are reserved, in no list.

    ``used``: u1[frames of the range], set to 1 for those that were in use.
    """
    pfn = start
    while pfn < end:
        zone, order, head = ZoneIndex(s.frame[pfn].zone), Order(0), find_large_buddy(s, pfn)
        where = s.frame[head].where
        if where == IN_BUDDY:  # a chunk may reach beyond the area, into its neighbour
            order = largest_order(pfn, end, chunk_order(s, head))
            take_chunk_off_buddy(s, pfn, order)
        elif where == ON_PCP:
            order = chunk_order(s, pfn)
            remove_from_pcp_list(s, pfn, zone, cpu_of_pcp_chunk(s, pfn), order)
        for frame in range(pfn, pfn + (1 << order)):
            s.frame[frame].where = RESERVED
            used[frame - start] = where == IN_USE
        s.zone[zone].managed -= 1 << order
        pfn = Pfn(pfn + (1 << order))
