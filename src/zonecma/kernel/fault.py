"""Access to an object: a hit, a first fault, a read of its file, or its return from swap.

mm/memory.c and mm/filemap.c, 6.12 and 4.7, as far as they decide what lies in memory.
"""

from __future__ import annotations

from zonecma.kernel.balance import run_kswapd
from zonecma.kernel.bonds import FOREVER, PAGE_LOCK, bind, is_locked, lock_until
from zonecma.kernel.buffer_heads import look_up
from zonecma.kernel.disk import read
from zonecma.kernel.free import free_pages
from zonecma.kernel.huge import take_apart
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.journal import bring_metadata, change_metadata, commit_in_time
from zonecma.kernel.lru import is_anonymous, is_mapped, lru_add_new, mark_accessed, pages_of
from zonecma.kernel.lru_batch import batch_add
from zonecma.kernel.memory import (
    BLOCKDEV,
    DISK,
    FILE,
    IN_MEMORY,
    IN_SWAP,
    KERNEL,
    NO_SECOND,
    NO_TAILS,
    READAHEAD,
    SWAP,
    YOUNG,
    Memory,
    charge,
    wait_until,
)
from zonecma.kernel.residence import enter_frames
from zonecma.kernel.slowpath import alloc_pages_reclaim
from zonecma.kernel.state import State
from zonecma.kernel.swap import free_swap, is_swap_full
from zonecma.kernel.swap_readahead import readahead_window
from zonecma.kernel.units import NO_PFN, Cpu, Order, Pfn, User
from zonecma.kernel.workingset import workingset_refault
from zonecma.kernel.writeback import account_dirty, balance_dirty_pages, flush_in_time


@primitive
def _note_access(s: State, m: Memory, obj: int) -> None:
    """A block device's page is found by its buffer, which its CPU remembers."""
    if m.page[obj].kind == BLOCKDEV:
        look_up(m, s.config[0].this_cpu, obj)


@jit
def use(s: State, m: Memory, obj: int, write: bool) -> None:
    """A page in memory is read or written."""
    mark_accessed(s, m, obj)
    _note_access(s, m, obj)
    if write:
        write_to(s, m, obj)


@jit
def write_to(s: State, m: Memory, obj: int) -> None:
    """A page's content changes: what the disk or swap holds is old."""
    if is_anonymous(m, obj):
        free_swap(m, obj)
    elif m.page[obj].journaled:
        change_metadata(m, obj)
        balance_dirty_pages(s, m)
    elif m.page[obj].kind != KERNEL:
        account_dirty(m, obj)
        balance_dirty_pages(s, m)


@jit
def settle_in(s: State, m: Memory, obj: int, pfn: Pfn) -> None:
    """A page of an object is in its frame from now on, and on its first list."""
    page = m.page[obj]
    enter_frames(s, m, obj, pfn)
    bring_metadata(m, obj)
    if is_mapped(m, obj):
        page.page_flags |= YOUNG  # by the fault that maps it
    lru_add_new(s, m, obj)
    batch_add(s, m, obj)
    page.where, page.since, page.by = IN_MEMORY, m.vm[0].now, m.vm[0].task


@jit
def _bring(s: State, m: Memory, cpu: Cpu, obj: int) -> bool:
    """Find frames for an object that is not in memory; False when there are none.

    Nor does it come when it is given up while frames are looked for: a kill takes what lies in swap.
    """
    page = m.page[obj]
    where, order = page.where, Order(page.order)
    pfn = alloc_pages_reclaim(s, m, cpu, User(page.gfp), order)
    if pfn == NO_PFN and page.second_gfp != NO_SECOND:  # readahead gives up early, a read does not
        pfn = alloc_pages_reclaim(s, m, cpu, User(page.second_gfp), order)
    if pfn == NO_PFN:
        return False
    if m.page[obj].where != where:
        free_pages(s, cpu, pfn, order)
        return False
    settle_in(s, m, obj, pfn)
    workingset_refault(s, m, obj)
    return True


@jit
def _read_slot(s: State, m: Memory, cpu: Cpu, slot: int) -> int:
    """Find frames for what lies in a slot of swap (__read_swap_cache_async); pages.

    None for a slot that is free, or whose page is in memory already.
    """
    obj = m.swap_map[slot]
    if obj < 0 or m.page[obj].where != IN_SWAP:
        return 0
    return pages_of(m, obj) if _bring(s, m, cpu, obj) else 0


@jit
def _read_window(s: State, m: Memory, cpu: Cpu, obj: int, first: int, end: int) -> int:
    """Find frames for what lies in a page's slot of swap, and in those beside it; pages.

    The page is locked until it is read, so that its neighbours do not drive it out.
    """
    pages, asked = 0, m.page[obj].slot
    for slot in range(first, end):
        read_now = _read_slot(s, m, cpu, slot)
        if slot == asked and read_now:
            bind(m, obj, PAGE_LOCK, FOREVER)
        elif read_now:
            other = m.page[m.swap_map[slot]]
            other.page_flags = (other.page_flags & ~YOUNG) | READAHEAD
        pages += read_now
    return pages


@jit
def _lock_window(m: Memory, first: int, end: int, begun: int) -> None:
    """What came from these slots since a time (ns) is locked until it is read, that is until now."""
    for slot in range(first, end):
        obj = m.swap_map[slot]
        if obj >= 0 and m.page[obj].where == IN_MEMORY and m.page[obj].since >= begun:
            bind(m, obj, PAGE_LOCK, m.vm[0].now)
            lock_until(m, obj, m.vm[0].now)


@jit
def _swap_in(s: State, m: Memory, cpu: Cpu, obj: int) -> bool:
    """Bring a page back from swap; False when it found no memory, or was given up (do_swap_page).

    It keeps its place in swap while that is half empty.
    """
    first, end = readahead_window(m, m.page[obj].slot)
    begun, pages = m.vm[0].now, _read_window(s, m, cpu, obj, first, end)
    if pages:
        read(m, SWAP, pages)
        m.vm[0].pswpin += pages
        _lock_window(m, first, end, begun)
    came = m.page[obj].where == IN_MEMORY
    if came and is_swap_full(m):
        free_swap(m, obj)
    return came  # type: ignore[no-any-return]


@jit
def make_present(s: State, m: Memory, cpu: Cpu, obj: int) -> bool:
    """Give an object that is not in memory its frames, and what it held; False when there are none.

    One that was given up meanwhile was not refused.
    """
    where = m.page[obj].where
    came = _swap_in(s, m, cpu, obj) if where == IN_SWAP else _bring(s, m, cpu, obj)
    if not came and m.page[obj].tails != NO_TAILS and m.page[obj].order:
        take_apart(m, obj)
        came = _bring(s, m, cpu, obj)
    if came:
        charge(m, m.cost[0].fault * pages_of(m, obj))
    elif m.page[obj].where == where:
        m.vm[0].failed += 1
    return came


@jit
def _map_read_ahead(m: Memory, obj: int) -> None:
    """The first use of a page that was read ahead (lookup_swap_cache): no read, but a fault."""
    m.page[obj].page_flags &= ~READAHEAD
    m.vm[0].readahead_hits += 1
    charge(m, m.cost[0].fault * pages_of(m, obj))
    if is_swap_full(m):
        free_swap(m, obj)


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
def _touch_present(s: State, m: Memory, obj: int, write: bool) -> None:
    """Access an object that is in memory; one that another task reads is waited for (folio_wait_locked)."""
    if is_locked(m, obj):
        wait_until(m, m.page[obj].bound_until)
    if m.page[obj].page_flags & READAHEAD:
        _map_read_ahead(m, obj)
    use(s, m, obj, write)
    charge(m, m.cost[0].hit)


@jit
def _touch_missing(s: State, m: Memory, cpu: Cpu, obj: int, write: bool) -> bool:
    """Access an object that is not in memory; a file's page is locked until it is read."""
    is_read = _is_read(m, obj, write)
    if not make_present(s, m, cpu, obj):
        return False
    if is_read:
        bind(m, obj, PAGE_LOCK, FOREVER)
    _note_access(s, m, obj)
    if write:
        write_to(s, m, obj)
    return True


@jit
def _read_locked(m: Memory, first: int, count: int) -> None:
    """Read the pages among these that are locked for it."""
    pages = 0
    for obj in range(first, first + count):
        pages += pages_of(m, obj) if m.page[obj].bound_until == FOREVER and is_locked(m, obj) else 0
    if pages:
        m.vm[0].pgpgin += pages
        read(m, DISK, pages)
    for obj in range(first, first + count):
        if m.page[obj].bound_until == FOREVER:
            lock_until(m, obj, m.vm[0].now)


@jit
def touch_all(s: State, m: Memory, cpu: Cpu, first: int, count: int, write: bool) -> bool:
    """Access ``count`` objects with successive numbers; a file's that are missing are read at once."""
    flush_in_time(s, m)
    commit_in_time(m)
    run_kswapd(s, m)
    missing, found = False, True
    for obj in range(first, first + count):
        if m.page[obj].where == IN_MEMORY:
            _touch_present(s, m, obj, write)
        elif _touch_missing(s, m, cpu, obj, write):
            missing = True
        else:
            found = False
            break
    if missing:
        _read_locked(m, first, count)
    return found
