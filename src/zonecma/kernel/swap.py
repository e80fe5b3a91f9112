"""Swap: where anonymous pages go, and come back from (mm/swap_state.c, mm/swapfile.c, mm/page_io.c).

6.12 and 4.7, for a swap device whose seeks cost: solid ones have clusters of their own for each CPU.
"""

from __future__ import annotations

from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.lru import pages_of
from zonecma.kernel.memory import FREE_SLOT, SWAP, SWAP_CACHE, Memory
from zonecma.kernel.state import State
from zonecma.kernel.writeback import start_writeback

SWAPFILE_CLUSTER = 256


@jit
def _empty_cluster(m: Memory) -> int:
    """The lowest slot that begins an empty cluster; FREE_SLOT when there is none."""
    free = 0
    for slot in range(m.swap_map.size):
        free = free + 1 if m.swap_map[slot] == FREE_SLOT else 0
        if free == SWAPFILE_CLUSTER:
            return slot + 1 - SWAPFILE_CLUSTER
    return FREE_SLOT


@jit
def scan_swap_map(m: Memory) -> int:
    """The next free slot: one cluster is filled after the other (scan_swap_map)."""
    vm, slots = m.vm[0], m.swap_map.size
    if not vm.cluster_nr:
        vm.cluster_nr = SWAPFILE_CLUSTER
        first = _empty_cluster(m)
        vm.cluster_next = vm.cluster_next if first == FREE_SLOT else first
    vm.cluster_nr -= 1
    slot = vm.cluster_next
    while m.swap_map[slot % slots] != FREE_SLOT:
        slot += 1
    vm.cluster_next = slot % slots + 1
    return slot % slots  # type: ignore[no-any-return]


@jit
def add_to_swap(m: Memory, obj: int) -> bool:
    """Reserve a page's place in swap; False where there is none (add_to_swap).

    Of a large page's slots the first alone has a number.
    """
    page = m.page[obj]
    if m.vm[0].swap_free < pages_of(m, obj):
        return False
    m.vm[0].swap_free -= pages_of(m, obj)
    page.slot = scan_swap_map(m)
    m.swap_map[page.slot] = obj
    page.page_flags |= SWAP_CACHE
    return True


@jit
def free_swap(m: Memory, obj: int) -> None:
    """What swap holds of a page is not wanted any more (folio_free_swap)."""
    page = m.page[obj]
    if page.page_flags & SWAP_CACHE:
        page.page_flags &= ~SWAP_CACHE
        m.swap_map[page.slot] = FREE_SLOT
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
