"""Emptying a contiguous range: clean cache is dropped, what else can move is moved.

__alloc_contig_migrate_range and reclaim_clean_pages_from_list, 6.12 and 4.7.  Where nothing is
reclaimed (``closed`` is 0) every movable object moves, at once, and none is dropped.
"""

from __future__ import annotations

from zonecma.kernel.chunk import chunk_order, chunk_pages
from zonecma.kernel.features import MOVES_LARGE_PAGES, has
from zonecma.kernel.free import free_pages
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.limits import COMPACT_CLUSTER_MAX
from zonecma.kernel.lru import is_anonymous
from zonecma.kernel.memory import DIRTY, HELD, NO_LRU, WRITEBACK, Memory, charge, wait_until
from zonecma.kernel.move import EBUSY, ENOMEM, OK, head_of_object, is_movable_object, move_object
from zonecma.kernel.reclaim import evict
from zonecma.kernel.slowpath import alloc_pages_reclaim
from zonecma.kernel.state import IN_BUDDY, IN_USE, State
from zonecma.kernel.units import NO_PFN, Code, Cpu, Pages, Pfn, User
from zonecma.kernel.writeback import complete_io


@jit
def migrate_object(s: State, m: Memory, cpu: Cpu, head: Pfn, target_user: User) -> Code:
    """Move one object to frames of gfp class ``target_user``: OK, or ENOMEM when there are none.

    The target is allocated before the source is freed, as in migrate_pages().
    """
    order, obj = chunk_order(s, head), s.frame[head].object
    target = alloc_pages_reclaim(s, m, cpu, target_user, order)
    if target == NO_PFN:
        return ENOMEM
    if s.object_pfn[obj] != head:  # reclaim took it meanwhile, or compaction moved it
        free_pages(s, cpu, target, order)
        return OK
    move_object(s, m, cpu, obj, target)
    return OK


@primitive
def is_clean_cache(m: Memory, obj: int) -> bool:
    """Whether a page of a file can be dropped where it lies (reclaim_clean_pages_from_list)."""
    page = m.page[obj]
    busy = page.page_flags & (DIRTY | WRITEBACK | HELD) != 0
    return page.lru != NO_LRU and not is_anonymous(m, obj) and not busy


@jit
def wait_on_page_writeback(s: State, m: Memory, obj: int) -> None:
    """A page that is being written can move when that is done (migrate_pages with MIGRATE_SYNC)."""
    if m.page[obj].page_flags & WRITEBACK:
        wait_until(m, m.page[obj].done)
        complete_io(s, m)


@jit
def move_out(s: State, m: Memory, cpu: Cpu, head: Pfn, target_user: User) -> tuple[Code, Pages]:
    """Get an object out of the range: OK, EBUSY or ENOMEM, and the frames that were moved elsewhere.

    A page that somebody holds stays.
    """
    obj, frames = s.frame[head].object, chunk_pages(s, head)
    if m.vm[0].closed:
        if is_clean_cache(m, obj):
            evict(s, m, cpu, obj)
            m.vm[0].dropped += frames
            return OK, Pages(0)
        if m.page[obj].page_flags & HELD:
            return EBUSY, Pages(0)
        wait_on_page_writeback(s, m, obj)
    error = migrate_object(s, m, cpu, head, target_user)
    return error, frames if error == OK else Pages(0)


@primitive
def movable_head(s: State, pfn: Pfn) -> Pfn:
    """First frame of the movable object that a frame belongs to; NO_PFN when it can't be moved.

    4.7 moves no compound page (isolate_migratepages_block).
    """
    if s.frame[pfn].where != IN_USE:
        return NO_PFN
    head = head_of_object(s, pfn)
    if head != NO_PFN and chunk_order(s, head) > 0 and not has(s, MOVES_LARGE_PAGES):
        return NO_PFN
    if head == NO_PFN or not is_movable_object(s, head):
        return NO_PFN
    return head


@jit
def migrate_range(
    s: State, m: Memory, cpu: Cpu, start: Pfn, end: Pfn, target_user: User
) -> tuple[Code, Pages]:
    """Empty an isolated range (__alloc_contig_migrate_range): OK, EBUSY or ENOMEM, and the frames moved.

    Pages are taken COMPACT_CLUSTER_MAX at a time; where one of them stays, the rest of the range is
    not looked at.  Frames of nobody on the LRU lists are passed over: the caller's test finds them.
    """
    pfn, moved, taken, stuck = start, Pages(0), 0, False
    charge(m, m.cost[0].lru_add_drain)
    while pfn < end:
        size = 1
        if s.frame[pfn].where == IN_BUDDY:
            size = chunk_pages(s, pfn)
        else:
            head = movable_head(s, pfn)
            if head != NO_PFN:
                size = head + chunk_pages(s, head) - pfn
                error, frames = move_out(s, m, cpu, head, target_user)
                if error == ENOMEM:
                    return ENOMEM, moved
                moved, taken, stuck = Pages(moved + frames), taken + size, stuck or error == EBUSY
        if taken >= COMPACT_CLUSTER_MAX:
            if stuck:
                return EBUSY, moved
            taken = 0
        pfn = Pfn(pfn + size)
    return EBUSY if stuck else OK, moved
