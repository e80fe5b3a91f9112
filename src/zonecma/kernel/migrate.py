"""Moving the pages of a contiguous range, batch by batch, in as many passes as each kernel makes.

migrate_pages() and what is below it (mm/migrate.c), 6.12, 6.1 and 4.7.
"""

from __future__ import annotations

from zonecma.kernel.bonds import is_locked, is_referenced
from zonecma.kernel.buffers import has_to_be_written, stays_for_buffers
from zonecma.kernel.chunk import chunk_order, chunk_pages
from zonecma.kernel.features import BATCHES_MIGRATION, SPLITS_LARGE_PAGES, has
from zonecma.kernel.free import free_pages
from zonecma.kernel.huge import split_huge_page
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.memory import DISK, WRITEBACK, Memory, charge, wait_until
from zonecma.kernel.move import EAGAIN, EBUSY, ENOMEM, ESPLIT, OK, move_object
from zonecma.kernel.page_class import class_of_object
from zonecma.kernel.pageblock import pageblock_of
from zonecma.kernel.slowpath import alloc_pages_reclaim
from zonecma.kernel.state import State
from zonecma.kernel.units import NO_PFN, Code, Cpu, Order, Pages, Pfn, User
from zonecma.kernel.writeback import complete_io, start_writeback

NR_MAX_MIGRATE_PAGES_RETRY = 10
NR_MAX_MIGRATE_ASYNC_RETRY = 3
NR_MAX_MIGRATE_SYNC_RETRY = NR_MAX_MIGRATE_PAGES_RETRY - NR_MAX_MIGRATE_ASYNC_RETRY
_PASSES_WITHOUT_FORCE = 3
"""Before these are over, a pass waits for nothing (``pass > 2``, to 6.2)."""
NOBODY = -1


@jit
def _wait_for_page(s: State, m: Memory, obj: int, waits: bool) -> Code:
    """Wait for a page's lock and the end of its write (migrate_folio_unmap, __unmap_and_move).

    Who must not wait is told EAGAIN for a lock; for a write, too, to 6.2, and EBUSY since.
    """
    page = m.page[obj]
    if is_locked(m, obj):
        if not waits:
            return EAGAIN
        wait_until(m, page.bound_until)
    if page.page_flags & WRITEBACK:
        if not waits:
            return EBUSY if has(s, BATCHES_MIGRATION) else EAGAIN
        wait_until(m, page.done)
        complete_io(s, m)
    return OK


@jit
def _writes_out(s: State, m: Memory, obj: int) -> bool:
    """Whether a page is dirty cache of a block device, which has to be written before it can move.

    To 4.20 such a page has no method to migrate (fallback_migrate_page, writeout).
    """
    if not has_to_be_written(s, m, obj):
        return False
    start_writeback(s, m, obj, DISK)
    return True


@jit
def _lets_go(s: State, m: Memory, obj: int) -> bool:
    """Whether nobody holds a reference to a page beside its mappings (migrate_folio_move)."""
    return not is_referenced(m, obj) and not stays_for_buffers(s, m, obj)


@primitive
def _try_in_vain(m: Memory, moves: int) -> None:
    """The time of attempts that do not move a page: it is unmapped and mapped again, and not copied."""
    charge(m, max(m.cost[0].migrate_page - m.cost[0].copy_page, 0.0) * moves)


@jit
def _try(s: State, m: Memory, obj: int, waits: bool, moves: int) -> Code:
    """Try to unmap and to move a page whose target is there, to move it ``moves`` times.

    On open terms nothing binds a page.
    """
    if not m.vm[0].closed:
        return OK
    error = _wait_for_page(s, m, obj, waits)
    if error == OK and (_writes_out(s, m, obj) or not _lets_go(s, m, obj)):
        _try_in_vain(m, moves)
        return EBUSY if has(s, BATCHES_MIGRATION) else EAGAIN
    return error


@jit
def _without_target(s: State, m: Memory, obj: int) -> Code:
    """What becomes of a page for which there are no frames (migrate_pages_batch)."""
    return ESPLIT if has(s, SPLITS_LARGE_PAGES) and split_huge_page(s, m, obj) else ENOMEM


@jit
def _move_to(s: State, m: Memory, cpu: Cpu, obj: int, target: Pfn, order: Order, page_class: int) -> None:
    """Move a page, and count it to the class that it was found in."""
    m.work[page_class].moved += 1 << order
    m.work[page_class].into_area += m.in_area[pageblock_of(s, target)] << order
    move_object(s, m, cpu, obj, target)


@jit
def unmap_and_move(
    s: State, m: Memory, cpu: Cpu, obj: int, target_user: User, waits: bool, moves: int
) -> Code:
    """Move one object to frames of gfp class ``target_user``: OK, ENOMEM when there are none.

    EAGAIN: another pass may move it; EBUSY: none of this stage will; ESPLIT: its small pages may.  The
    target is allocated before the page is looked at, and freed again when it stays.
    """
    head = Pfn(s.object_pfn[obj])
    order, page_class, error = chunk_order(s, head), class_of_object(s, m, obj), OK
    m.work[page_class].tries += 1
    target = alloc_pages_reclaim(s, m, cpu, target_user, order)
    if s.object_pfn[obj] == head:  # else reclaim took it meanwhile, or compaction moved it
        if chunk_order(s, head) != order:  # reclaim split it, to swap it out
            error = ESPLIT
        elif target == NO_PFN:
            return _without_target(s, m, obj)
        else:
            error = _try(s, m, obj, waits, moves)
            if error == OK:
                _move_to(s, m, cpu, obj, target, order, page_class)
                return OK
    if target != NO_PFN:
        free_pages(s, cpu, target, order)
    return error


@jit
def _move_picked(
    s: State, m: Memory, cpu: Cpu, i: int, target_user: User, waits: bool, moves: int
) -> tuple[Code, Pages]:
    """Move one of the picked objects, or find it gone; the error, and frames that were moved."""
    obj = m.picked[i]
    head, before, waited = Pfn(s.object_pfn[obj]), m.vm[0].now, m.vm[0].io_ns
    pages, work = chunk_pages(s, head), m.work[class_of_object(s, m, obj)]
    error = unmap_and_move(s, m, cpu, obj, target_user, waits, moves)
    work.ns += m.vm[0].now - before
    work.waited_ns += m.vm[0].io_ns - waited
    if error != OK:
        return error, Pages(0)
    gone = s.object_pfn[obj] == NO_PFN
    m.picked[i] = NOBODY
    return OK, Pages(0) if gone else pages


@primitive
def _is_tried(s: State, m: Memory, i: int) -> bool:
    """Whether one of the picked objects is still on the list, and has not gone since."""
    left = m.picked[i] != NOBODY and not m.stays[i]
    return left and s.object_pfn[m.picked[i]] != NO_PFN  # type: ignore[no-any-return]


@jit
def _pass(
    s: State, m: Memory, cpu: Cpu, target_user: User, nr: int, waits: bool, moves: int
) -> tuple[Code, Pages]:
    """Try each picked object once: OK when none is left for another pass.

    One that this stage can't move leaves the list (ret_folios).
    """
    found, moved = OK, Pages(0)
    for i in range(nr):
        if _is_tried(s, m, i):
            error, pages = _move_picked(s, m, cpu, i, target_user, waits, moves)
            moved = Pages(moved + pages)
            if error == ENOMEM or error == ESPLIT:
                return error, moved
            m.stays[i] = error == EBUSY
            found = EAGAIN if error == EAGAIN else found
    return found, moved


@jit
def _passes(
    s: State, m: Memory, cpu: Cpu, target_user: User, nr: int, passes: int, patient: int, moves: int
) -> tuple[Code, Pages]:
    """So many passes, of which the first ``patient`` wait for nothing."""
    error, moved = OK, Pages(0)
    m.stays[:] = 0
    for i in range(passes):
        error, pages = _pass(s, m, cpu, target_user, nr, i >= patient, moves)
        moved = Pages(moved + pages)
        if error != EAGAIN:
            break
    return error, moved


@jit
def migrate_pages(s: State, m: Memory, cpu: Cpu, target_user: User, nr: int) -> tuple[Code, Pages]:
    """Move the first ``nr`` picked objects: OK, ENOMEM or ESPLIT, and the frames moved.

    Who stays stays picked.

    Since 6.3 all of them are tried without waiting first, and those that are left one by one.
    """
    if not has(s, BATCHES_MIGRATION):
        return _passes(s, m, cpu, target_user, nr, NR_MAX_MIGRATE_PAGES_RETRY, _PASSES_WITHOUT_FORCE, 1)
    tries = NR_MAX_MIGRATE_ASYNC_RETRY
    error, moved = _passes(s, m, cpu, target_user, nr, tries, tries, tries)
    if error != ENOMEM and error != ESPLIT:
        m.stays[:] = 0
        error, more = _pass(s, m, cpu, target_user, nr, True, NR_MAX_MIGRATE_SYNC_RETRY)
        moved = Pages(moved + more)
    return error, moved
