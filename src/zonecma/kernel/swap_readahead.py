"""Pages that are read from swap beside the one asked for (mm/swap_state.c, 6.12 and 4.7).

Neighbours are those of the swap device; solid ones look at the program's addresses since 4.14.
"""

from __future__ import annotations

from zonecma.kernel.jit import jit
from zonecma.kernel.memory import Memory


@jit
def swapin_nr_pages(m: Memory, slot: int) -> int:
    """How many slots a read takes: more after hits, and for neighbours (swapin_nr_pages)."""
    vm, pages = m.vm[0], 1
    hits, vm.readahead_hits = vm.readahead_hits, 0
    if hits:
        pages = 4
        while pages < hits + 2:
            pages *= 2
    else:
        pages = 2 if abs(slot - vm.readahead_slot) == 1 else 1
        vm.readahead_slot = slot
    pages = max(min(pages, 1 << vm.page_cluster), vm.readahead_pages // 2)
    vm.readahead_pages = pages
    return pages  # type: ignore[no-any-return]


@jit
def readahead_window(m: Memory, slot: int) -> tuple[int, int]:
    """The slots that are read with one: first, and the one behind the last (swap_cluster_readahead)."""
    pages = swapin_nr_pages(m, slot) if m.vm[0].page_cluster else 1
    first = slot // pages * pages
    return first, min(first + pages, m.swap_map.size)
