"""Access to an object: a hit, a first fault, a read of its file, or its return from swap.

mm/memory.c and mm/filemap.c, 6.12 and 4.7, as far as they decide what lies in memory.
"""

from __future__ import annotations

from zonecma.kernel.balance import run_kswapd
from zonecma.kernel.disk import read
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.lru import is_anonymous, lru_add_new, mark_accessed, pages_of
from zonecma.kernel.memory import (
    BLOCKDEV,
    DISK,
    FILE,
    HELD,
    IN_MEMORY,
    IN_SWAP,
    JOURNAL,
    KERNEL,
    SWAP,
    SWAP_CACHE,
    YOUNG,
    Memory,
    charge,
)
from zonecma.kernel.residence import enter_frames
from zonecma.kernel.slowpath import alloc_pages_reclaim
from zonecma.kernel.state import State
from zonecma.kernel.swap import free_swap, is_swap_full
from zonecma.kernel.units import NO_PFN, Cpu, Order, Pfn, User
from zonecma.kernel.workingset import workingset_refault
from zonecma.kernel.writeback import account_dirty, balance_dirty_pages, flush_in_time


@jit
def use(s: State, m: Memory, obj: int, write: bool) -> None:
    """A page in memory is read or written."""
    mark_accessed(s, m, obj)
    if write:
        write_to(s, m, obj)


@primitive
def _hold_for_journal(m: Memory, obj: int) -> None:
    """Metadata that a transaction changes is held until it is written (jbd2_journal_add_journal_head)."""
    if m.page[obj].journaled:
        m.page[obj].page_flags |= JOURNAL | HELD


@jit
def write_to(s: State, m: Memory, obj: int) -> None:
    """A page's content changes: what the disk or swap holds is old."""
    if is_anonymous(m, obj):
        free_swap(m, obj)
    elif m.page[obj].kind != KERNEL:
        account_dirty(m, obj)
        balance_dirty_pages(s, m)
        _hold_for_journal(m, obj)


@jit
def settle_in(s: State, m: Memory, obj: int, pfn: Pfn) -> None:
    """A page of an object is in its frame from now on, and on its first list."""
    enter_frames(s, m, obj, pfn)
    page = m.page[obj]
    page.where = IN_MEMORY
    _hold_for_journal(m, obj)
    if is_anonymous(m, obj):
        page.page_flags |= YOUNG  # by the fault that maps it
    lru_add_new(s, m, obj)


@jit
def _swap_in(m: Memory, obj: int) -> None:
    """Read a page from swap; it keeps its place there while swap is half empty (do_swap_page)."""
    read(m, SWAP, pages_of(m, obj))
    m.vm[0].pswpin += pages_of(m, obj)
    m.page[obj].page_flags |= SWAP_CACHE
    if is_swap_full(m):
        free_swap(m, obj)


@jit
def make_present(s: State, m: Memory, cpu: Cpu, obj: int) -> bool:
    """Give an object that is not in memory its frames; False when there are none."""
    page = m.page[obj]
    pfn = alloc_pages_reclaim(s, m, cpu, User(page.gfp), Order(page.order))
    if pfn == NO_PFN:
        m.vm[0].failed += 1
        return False
    swapped = page.where == IN_SWAP
    settle_in(s, m, obj, pfn)
    if swapped:
        _swap_in(m, obj)
    workingset_refault(s, m, obj)
    charge(m, m.cost[0].fault * pages_of(m, obj))
    return True


@primitive
def _is_read(m: Memory, obj: int, write: bool) -> bool:
    """Whether a page's content comes from the disk."""
    page = m.page[obj]
    return page.where != IN_MEMORY and not write and (page.kind == FILE or page.kind == BLOCKDEV)


@jit
def touch(s: State, m: Memory, cpu: Cpu, obj: int, write: bool) -> bool:
    """Access an object; False when no memory was found, not even by a kill.

    ``m.vm[0].now`` goes on by all that it takes.
    """
    return touch_all(s, m, cpu, obj, 1, write)


@jit
def touch_all(s: State, m: Memory, cpu: Cpu, first: int, count: int, write: bool) -> bool:
    """Access ``count`` objects with successive numbers; a file's that are missing are read at once."""
    flush_in_time(s, m)
    run_kswapd(s, m)
    missing = 0
    for obj in range(first, first + count):
        if m.page[obj].where == IN_MEMORY:
            use(s, m, obj, write)
            charge(m, m.cost[0].hit)
            continue
        missing += pages_of(m, obj) if _is_read(m, obj, write) else 0
        if not make_present(s, m, cpu, obj):
            return False
        if write:
            write_to(s, m, obj)
    if missing:
        m.vm[0].pgpgin += missing
        read(m, DISK, missing)
    return True
