"""How lists come to be filled: from memblock at boot, by CMA activation, or from a snapshot.

mm/memblock.c, mm/mm_init.c and mm/cma.c, 6.12; mm/nobootmem.c and mm/page_alloc.c, 4.7.  Boot
frees go to the tail of the lists since 5.10, so that low addresses are used first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.alloc_flags import NO_ALLOC_FLAGS
from zonecma.kernel.buddy import account_freepages, add_to_free_list, split_large_buddy
from zonecma.kernel.chunk import largest_order
from zonecma.kernel.features import BOOT_FREES_TO_TAIL, has
from zonecma.kernel.free import free_pages
from zonecma.kernel.jit import entry, jit
from zonecma.kernel.lists import HEAD, TAIL, free_list, list_empty
from zonecma.kernel.pageblock import pageblock_nr_pages, set_pageblock_migratetype
from zonecma.kernel.pcp import add_to_pcp_list, pindex_to_order
from zonecma.kernel.rmqueue import rmqueue_buddy
from zonecma.kernel.state import State
from zonecma.kernel.units import NO_PFN, Cpu, Migratetype, Order, Pfn, Pindex, ZoneIndex


@entry
def memblock_free_pages(s: State, start: Pfn, end: Pfn) -> None:
    """Give a range of memory to the allocator, in aligned chunks, ascending (__free_pages_memory).

    A single frame of 4.7 passes the boot page set, whose high mark of 0 lets it through at once.
    """
    pfn, end_of_list = start, np.bool_(has(s, BOOT_FREES_TO_TAIL))
    while pfn < end:
        order = largest_order(pfn, end, Order(s.config[0].max_order))
        split_large_buddy(s, pfn, ZoneIndex(s.frame[pfn].zone), order, end_of_list)
        pfn = Pfn(pfn + (1 << order))


@entry
def init_cma_reserved_pageblock(s: State, start: Pfn, migratetype: Migratetype) -> None:
    """Give one pageblock of an area to the allocator (init_cma_reserved_pageblock).

    Its zone is the one that its frames say.  The kernel's way through the per-cpu lists ends
    in the same place: at the list's head.  A pageblock larger than any chunk is given in pieces.
    """
    set_pageblock_migratetype(s, start, migratetype)
    block, piece = pageblock_nr_pages(s), min(s.config[0].pageblock_order, s.config[0].max_order)
    zone = ZoneIndex(s.frame[start].zone)
    for pfn in range(start, start + block, 1 << piece):
        split_large_buddy(s, Pfn(pfn), zone, Order(piece), HEAD)
    s.zone[zone].managed += block


@entry
def fill_free_list(
    s: State, zone: ZoneIndex, order: Order, migratetype: Migratetype, frames: NDArray[np.int64]
) -> None:
    """Put the chunks that start at ``frames``, head first, on an empty free list."""
    for pfn in frames:
        add_to_free_list(s, Pfn(pfn), zone, order, migratetype, TAIL)
    account_freepages(s, zone, frames.size << order, migratetype)


@entry
def fill_pcp_list(s: State, zone: ZoneIndex, cpu: Cpu, pindex: Pindex, frames: NDArray[np.int64]) -> None:
    """Put the chunks that start at ``frames``, head first, on an empty per-cpu list."""
    order = pindex_to_order(s, pindex)
    for pfn in frames:
        add_to_pcp_list(s, Pfn(pfn), zone, cpu, order, pindex, TAIL)


@entry
def free_reserved_pages(s: State, cpu: Cpu, start: Pfn, end: Pfn) -> None:
    """Give reserved frames to the allocator one by one (free_reserved_page, free_highmem_page)."""
    for pfn in range(start, end):
        s.zone[s.frame[pfn].zone].managed += 1
        free_pages(s, cpu, Pfn(pfn), Order(0))


@jit
def has_free_chunk(s: State, zone: ZoneIndex, migratetype: Migratetype) -> bool:
    """Whether any list of a type holds something."""
    for order in range(s.config[0].max_order + 1):
        if not list_empty(s, free_list(s, zone, Order(order), migratetype)):
            return True
    return False


@entry
def allocate_early(s: State, zone: ZoneIndex, migratetype: Migratetype, count: int) -> int:
    """Take single frames while per-cpu lists hold none (boot_pageset); how many were got.

    It stops once the type has no free chunk left, so that another may claim the next pageblock.
    """
    taken = 0
    while taken < count:
        if rmqueue_buddy(s, zone, Order(0), migratetype, NO_ALLOC_FLAGS) == NO_PFN:
            break
        taken += 1
        if not has_free_chunk(s, zone, migratetype):
            break
    return taken
