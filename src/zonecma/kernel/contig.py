"""Emptying a contiguous range: clean cache is dropped, what else can move is moved.

__alloc_contig_migrate_range, isolate_migratepages_range and reclaim_clean_pages_from_list, 6.12, 6.1
and 4.7.  Where nothing is reclaimed (``closed`` is 0) every movable object moves, and none is dropped.
"""

from __future__ import annotations

from zonecma.kernel.bonds import is_bound, is_referenced
from zonecma.kernel.buffer_heads import invalidate_bh_lrus
from zonecma.kernel.buffers import are_buffers_busy
from zonecma.kernel.chunk import chunk_order, chunk_pages
from zonecma.kernel.features import DISABLES_LRU_CACHE, GIVES_UP_WITHOUT_TARGET, MOVES_LARGE_PAGES, has
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.limits import COMPACT_CLUSTER_MAX
from zonecma.kernel.lru import is_anonymous
from zonecma.kernel.lru_batch import lru_add_drain_all
from zonecma.kernel.memory import DIRTY, NO_LRU, SHARED, SWAP_CACHE, WRITEBACK, Memory, charge
from zonecma.kernel.migrate import NOBODY, migrate_pages
from zonecma.kernel.move import EBUSY, ENOMEM, ESPLIT, OK, head_of_object, is_movable_object
from zonecma.kernel.page_class import class_of_object
from zonecma.kernel.reclaim import evict
from zonecma.kernel.state import IN_BUDDY, IN_USE, State
from zonecma.kernel.units import NO_PFN, Code, Cpu, Pages, Pfn, User

_TRIES = 5
"""Calls of migrate_pages() for one batch."""


@primitive
def is_clean_cache(s: State, m: Memory, obj: int) -> bool:
    """Whether a page of a file can be dropped where it lies (reclaim_clean_pages_from_list)."""
    page = m.page[obj]
    busy = page.page_flags & (DIRTY | WRITEBACK) != 0 or is_bound(m, obj) or are_buffers_busy(s, m, obj)
    return page.lru != NO_LRU and not is_anonymous(m, obj) and not busy


@primitive
def _is_passed_over(m: Memory, obj: int) -> bool:
    """Whether a page is not even taken: anonymous, without a mapping, and referenced by somebody."""
    page = m.page[obj]
    has_mapping = page.mapped == SHARED or page.page_flags & SWAP_CACHE != 0
    return is_anonymous(m, obj) and not has_mapping and is_referenced(m, obj)


@primitive
def movable_head(s: State, m: Memory, pfn: Pfn) -> Pfn:
    """First frame of the object that a frame belongs to, if it can be taken to be moved; else NO_PFN.

    4.7 takes no compound page (isolate_migratepages_block).
    """
    if s.frame[pfn].where != IN_USE:
        return NO_PFN
    head = head_of_object(s, pfn)
    if head == NO_PFN or not is_movable_object(s, head) or _is_passed_over(m, s.frame[head].object):
        return NO_PFN
    if chunk_order(s, head) > 0 and not has(s, MOVES_LARGE_PAGES):
        return NO_PFN
    return head


@jit
def _isolate_batch(s: State, m: Memory, start: Pfn, end: Pfn) -> tuple[Pfn, int]:
    """Pick the objects of the next COMPACT_CLUSTER_MAX frames; where to go on, and how many.

    Frames of nobody on the LRU lists are passed over: the caller's test finds them.
    """
    pfn, taken, nr = start, 0, 0
    while pfn < end and taken < COMPACT_CLUSTER_MAX:
        size = 1
        if s.frame[pfn].where == IN_BUDDY:
            size = chunk_pages(s, pfn)
        else:
            head = movable_head(s, m, pfn)
            if head != NO_PFN:
                size = head + chunk_pages(s, head) - pfn
                m.picked[nr] = s.frame[head].object
                nr, taken = nr + 1, taken + size
        pfn = Pfn(pfn + size)
    _reverse(m, nr)
    return pfn, nr


@jit
def _reverse(m: Memory, nr: int) -> None:
    """The last frame comes first: isolated pages are added to the head of their list."""
    for i in range(nr // 2):
        other = nr - 1 - i
        m.picked[i], m.picked[other] = m.picked[other], m.picked[i]


@jit
def _drop_clean(s: State, m: Memory, cpu: Cpu, nr: int) -> None:
    """Drop what is clean cache of those that were picked (reclaim_clean_pages_from_list)."""
    for i in range(nr):
        obj = m.picked[i]
        if obj != NOBODY and is_clean_cache(s, m, obj):
            pages, work = chunk_pages(s, Pfn(s.object_pfn[obj])), m.work[class_of_object(s, m, obj)]
            before = m.vm[0].now
            evict(s, m, cpu, obj)
            m.vm[0].dropped += pages
            work.dropped += pages
            work.ns += m.vm[0].now - before
            m.picked[i] = NOBODY


@jit
def _nr_left(s: State, m: Memory, nr: int) -> int:
    """How many of those that were picked are still there; reclaim may have taken some."""
    left = 0
    for i in range(nr):
        if m.picked[i] != NOBODY and s.object_pfn[m.picked[i]] == NO_PFN:
            m.picked[i] = NOBODY
        left += m.picked[i] != NOBODY
    return left


@jit
def _note_failures(s: State, m: Memory, nr: int) -> None:
    for i in range(nr):
        if m.picked[i] != NOBODY:
            m.work[class_of_object(s, m, m.picked[i])].failed += 1


@jit
def _migrate_batch(s: State, m: Memory, cpu: Cpu, nr: int, target_user: User) -> tuple[Code, Pages]:
    """Get the picked objects out of the range: OK, EBUSY, ENOMEM or ESPLIT, and the frames moved."""
    moved, error = Pages(0), OK
    for _ in range(_TRIES):
        if m.vm[0].closed:
            _drop_clean(s, m, cpu, nr)
        error, more = migrate_pages(s, m, cpu, target_user, nr)
        moved = Pages(moved + more)
        if _nr_left(s, m, nr) == 0:
            return OK, moved
        if error == ESPLIT:
            return ESPLIT, moved
        if error == ENOMEM and has(s, GIVES_UP_WITHOUT_TARGET):
            break
    _note_failures(s, m, nr)
    return ENOMEM if error == ENOMEM else EBUSY, moved


@jit
def prepare_migration(s: State, m: Memory) -> None:
    """Batches on their way to LRU lists are emptied; since 5.13 CPUs also forget their buffers."""
    charge(m, m.cost[0].lru_add_drain)
    lru_add_drain_all(m)
    if has(s, DISABLES_LRU_CACHE):
        invalidate_bh_lrus(m)


@jit
def migrate_next(
    s: State, m: Memory, cpu: Cpu, pfn: Pfn, end: Pfn, target_user: User
) -> tuple[Pfn, Code, Pages]:
    """Empty the next batch of an isolated range: where to go on, OK, EBUSY or ENOMEM, and the frames moved.

    After a large page is split its batch is taken anew.
    """
    after, nr = _isolate_batch(s, m, pfn, end)
    if nr == 0:
        return after, OK, Pages(0)
    error, moved = _migrate_batch(s, m, cpu, nr, target_user)
    if error == ESPLIT:
        return pfn, OK, moved
    return after, error, moved
