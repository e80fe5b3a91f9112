"""A simple migration: every movable object can move, at once, and none fails.

What the kernel does besides (clean cache is dropped, pages under I/O are waited for, pinned
pages refuse) is not modelled here; results that depend on it say so.
"""

from __future__ import annotations

from zonecma.kernel.alloc import alloc_pages
from zonecma.kernel.chunk import chunk_order, chunk_pages
from zonecma.kernel.features import MOVES_LARGE_PAGES, has
from zonecma.kernel.free import free_pages
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.migratetype import MIGRATE_MOVABLE
from zonecma.kernel.state import IN_BUDDY, IN_USE, NO_OBJECT, State
from zonecma.kernel.units import NO_PFN, Code, Cpu, Pages, Pfn, User

OK = Code(0)
ENOMEM = Code(12)
EBUSY = Code(16)


@jit
def place_object(s: State, object_id: int, pfn: Pfn) -> None:
    """Note where an object lives."""
    s.object_pfn[object_id] = pfn
    s.frame[pfn].object = object_id


@jit
def head_of_object(s: State, pfn: Pfn) -> Pfn:
    """First frame of the object that a used frame belongs to; NO_PFN when it belongs to none."""
    for order in range(s.config[0].max_order + 1):
        head = Pfn(pfn & -(1 << order))
        if s.frame[head].object != NO_OBJECT and head + chunk_pages(s, head) > pfn:
            return head
    return NO_PFN


@jit
def migrate_object(s: State, cpu: Cpu, head: Pfn, target_user: User) -> Code:
    """Move one object to frames of gfp class ``target_user``: OK, or ENOMEM when there are none.

    The target is allocated before the source is freed, as in migrate_pages().  The moved
    frames keep the class of the request that they served.
    """
    order, user, object_id = chunk_order(s, head), s.frame[head].user, s.frame[head].object
    target = alloc_pages(s, cpu, target_user, order)
    if target == NO_PFN:
        return ENOMEM
    free_pages(s, cpu, head, order)
    s.frame[target].user = user
    place_object(s, object_id, target)
    return OK


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
    if head == NO_PFN or s.gfp[s.frame[head].user].migratetype != MIGRATE_MOVABLE:
        return NO_PFN
    return head


@jit
def migrate_range(s: State, cpu: Cpu, start: Pfn, end: Pfn, target_user: User) -> tuple[Code, Pages]:
    """Empty an isolated range (__alloc_contig_migrate_range): OK or ENOMEM, and the frames moved.

    Frames that can't be moved are passed over: the caller's test finds them.
    """
    pfn, moved = start, Pages(0)
    while pfn < end:
        size = 1
        if s.frame[pfn].where == IN_BUDDY:
            size = chunk_pages(s, pfn)
        else:
            head = movable_head(s, pfn)
            if head != NO_PFN:
                frames = chunk_pages(s, head)
                size = head + frames - pfn
                if migrate_object(s, cpu, head, target_user) != OK:
                    return ENOMEM, moved
                moved = Pages(moved + frames)
        pfn = Pfn(pfn + size)
    return OK, moved
