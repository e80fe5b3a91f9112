"""How lists come to be filled: from memblock at boot, by CMA activation, or from a snapshot.

mm/memblock.c, mm/mm_init.c and mm/cma.c, 6.12; mm/nobootmem.c and mm/page_alloc.c, 4.7.  Boot
frees go to the tail of the lists since 5.10, so that low addresses are used first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.buddy import account_freepages, add_to_free_list, split_large_buddy
from zonecma.kernel.chunk import largest_order
from zonecma.kernel.features import BOOT_FREES_TO_TAIL, has
from zonecma.kernel.jit import entry
from zonecma.kernel.lists import HEAD, TAIL
from zonecma.kernel.pageblock import pageblock_nr_pages, set_pageblock_migratetype
from zonecma.kernel.pcp import add_to_pcp_list, pindex_to_order
from zonecma.kernel.state import State
from zonecma.kernel.units import Cpu, Migratetype, Order, Pfn, Pindex, ZoneIndex


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
