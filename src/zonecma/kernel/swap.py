"""Swap: where anonymous pages go, and come back from (mm/swap_state.c, mm/page_io.c, 6.12 and 4.7).

Slots are counted, not numbered: pages that are read ahead beside the one asked for are left out.
"""

from __future__ import annotations

from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.lru import pages_of
from zonecma.kernel.memory import SWAP, SWAP_CACHE, Memory
from zonecma.kernel.state import State
from zonecma.kernel.writeback import start_writeback


@primitive
def add_to_swap(m: Memory, obj: int) -> bool:
    """Reserve a page's place in swap; False where there is none (add_to_swap)."""
    pages = pages_of(m, obj)
    if m.vm[0].swap_free < pages:
        return False
    m.vm[0].swap_free -= pages
    m.page[obj].page_flags |= SWAP_CACHE
    return True


@jit
def free_swap(m: Memory, obj: int) -> None:
    """What swap holds of a page is not wanted any more (folio_free_swap)."""
    if m.page[obj].page_flags & SWAP_CACHE:
        m.page[obj].page_flags &= ~SWAP_CACHE
        m.vm[0].swap_free += pages_of(m, obj)


@primitive
def is_swap_full(m: Memory) -> bool:
    """Less than half of swap is free: pages in memory keep no place there (vm_swap_full)."""
    return m.vm[0].swap_free * 2 < m.vm[0].swap_total  # type: ignore[no-any-return]


@jit
def swap_writepage(s: State, m: Memory, obj: int) -> None:
    """Begin to write a page to swap (swap_writepage)."""
    m.vm[0].pswpout += pages_of(m, obj)
    start_writeback(s, m, obj, SWAP)
