"""Direct compaction: who wants a larger chunk than there is moves pages until one is free.

__alloc_pages_direct_compact (mm/page_alloc.c) and mm/compaction.c, 6.12, 6.1 and 4.7.  What it does to
the free lists of a recorded kernel is told, and lies in ``compaction.py``.
"""

from __future__ import annotations

from zonecma.kernel.alloc import get_page_from_freelist
from zonecma.kernel.bonds import is_bound
from zonecma.kernel.buffers import has_to_be_written, stays_for_buffers
from zonecma.kernel.chunk import chunk_order
from zonecma.kernel.compact_hints import (
    compaction_defer_reset,
    compaction_deferred,
    compaction_restarting,
    defer_compaction,
    reset_cached_positions,
    reset_zone_hints,
)
from zonecma.kernel.compact_scan import (
    block_end_pfn,
    compaction_alloc,
    freepages,
    isolate_migratepages,
    migratepages,
    putback_movable_pages,
)
from zonecma.kernel.compact_suitable import (
    COMPACT_COMPLETE,
    COMPACT_CONTENDED,
    COMPACT_CONTINUE,
    COMPACT_DEFERRED,
    COMPACT_PARTIAL_SKIPPED,
    COMPACT_SKIPPED,
    COMPACT_SUCCESS,
    compaction_suitable,
    has_chunk,
    has_free_chunk,
)
from zonecma.kernel.features import COMPACTS_AFTER_RECLAIM, COMPACTS_BY_TYPE, COMPACTS_LARGE_PAGES, has
from zonecma.kernel.free import free_pages
from zonecma.kernel.gfp import Gfp
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.lists import list_del, list_empty, list_first
from zonecma.kernel.memory import WRITEBACK, Memory
from zonecma.kernel.move import EBUSY, ENOMEM, OK, move_object
from zonecma.kernel.pageblock import pageblock_nr_pages, pageblock_of, pageblock_start_pfn
from zonecma.kernel.pcp import drain_pages_zone
from zonecma.kernel.span import zone_end_pfn
from zonecma.kernel.state import State
from zonecma.kernel.units import NO_PFN, AllocFlags, Code, Cpu, Migratetype, Order, Pfn, User, ZoneIndex

# enum compact_priority, the most thorough first; 4.7 knows the last two as modes
COMPACT_PRIO_SYNC_FULL = Code(0)
COMPACT_PRIO_SYNC_LIGHT = Code(1)
COMPACT_PRIO_ASYNC = Code(2)

_IO, _FS = int(Gfp.IO), int(Gfp.FS)


@primitive
def gfp_compaction_allowed(s: State, user: User) -> bool:
    """Whether a request may have pages moved; in 4.7 only if it may enter file systems, too."""
    needed = _IO if has(s, COMPACTS_AFTER_RECLAIM) else _IO | _FS
    return s.gfp[user].mask & needed == needed  # type: ignore[no-any-return]


@jit
def _place_scanners(s: State, m: Memory, zone: ZoneIndex) -> None:
    """The scanners begin where the last ones came to, or at the zone's ends (compact_zone)."""
    cc, compact = m.control[0], m.compact[zone]
    start, end = s.zone[zone].start_pfn, zone_end_pfn(s, zone)
    last = pageblock_start_pfn(s, Pfn(end - 1))
    cc.migrate_pfn, cc.free_pfn = compact.migrate_pfn[cc.sync], compact.free_pfn
    if cc.ignores_hints or not start <= cc.free_pfn < end:
        cc.free_pfn = last
    if cc.ignores_hints or not start <= cc.migrate_pfn < end:
        cc.migrate_pfn = start
    cc.whole_zone = cc.migrate_pfn == start


@jit
def _begin(s: State, m: Memory, user: User, zone: ZoneIndex, order: Order, priority: Code) -> None:
    """The control of one zone's compaction (compact_zone_order)."""
    cc, gfp, cached = m.control[0], s.gfp[user], m.compact[zone].migrate_pfn
    cc.zone, cc.order, cc.migratetype = zone, order, gfp.migratetype
    cc.may_enter_fs = 1 if gfp.mask & _FS else 0
    cc.sync = 0 if priority == COMPACT_PRIO_ASYNC else 1
    cc.ignores_hints = 1 if priority == COMPACT_PRIO_SYNC_FULL else 0
    cc.last_migrated_pfn = NO_PFN
    cc.nr_migratepages = cc.nr_freepages = 0
    cc.update_cached = has(s, COMPACTS_BY_TYPE) and not cc.sync and cached[0] == cached[1]
    _place_scanners(s, m, zone)


@primitive
def compact_scanners_met(s: State, m: Memory) -> bool:
    """Whether the free scanner came down to the pageblock of the other one (compact_scanners_met)."""
    cc = m.control[0]
    return pageblock_of(s, Pfn(cc.free_pfn)) <= pageblock_of(s, Pfn(cc.migrate_pfn))


@jit
def compact_finished(s: State, m: Memory, user: User, flags: AllocFlags) -> Code:
    """COMPACT_CONTINUE until the scanners meet, or a suitable chunk is free (compact_finished).

    A pageblock that was begun is emptied first; 4.7 asks for the low mark instead.
    """
    cc, zone, order = m.control[0], ZoneIndex(m.control[0].zone), Order(m.control[0].order)
    if compact_scanners_met(s, m):
        reset_cached_positions(s, m, zone)
        m.compact[zone].blockskip_flush = 1
        return COMPACT_COMPLETE if cc.whole_zone else COMPACT_PARTIAL_SKIPPED
    if has(s, COMPACTS_BY_TYPE):
        ready = cc.migrate_pfn % pageblock_nr_pages(s) == 0
    else:
        ready = has_chunk(s, user, zone, order, flags)
    found = ready and has_free_chunk(s, zone, order, Migratetype(cc.migratetype))
    return COMPACT_SUCCESS if found else COMPACT_CONTINUE


@primitive
def _stays(s: State, m: Memory, obj: int) -> bool:
    """Whether a page can't move now: it is written, would have to be, or somebody has it."""
    written = m.page[obj].page_flags & WRITEBACK != 0 or has_to_be_written(s, m, obj)
    return written or is_bound(m, obj) or stays_for_buffers(s, m, obj)


@jit
def migrate_pages(s: State, m: Memory, cpu: Cpu) -> Code:
    """Move what was isolated: OK, EBUSY when pages stayed, ENOMEM when there are no targets.

    No compaction of a request waits for a page: one that is held or being written stays.
    """
    head, error = migratepages(s, m), OK
    pfn = list_first(s, head)
    while pfn != Pfn(head):
        after, obj = Pfn(s.frame[pfn].next), s.frame[pfn].object
        if _stays(s, m, obj):
            error = EBUSY
        else:
            target = compaction_alloc(s, m, chunk_order(s, pfn))
            if target == NO_PFN:
                error = ENOMEM
                break
            list_del(s, pfn)
            move_object(s, m, cpu, obj, target)
        pfn = after
    putback_movable_pages(s, m)
    return error


@jit
def _note_migrated(s: State, m: Memory, begun: Pfn) -> None:
    """From where on the per-cpu lists hold frames that this compaction freed (last_migrated_pfn)."""
    cc = m.control[0]
    if has(s, COMPACTS_LARGE_PAGES):
        block = pageblock_start_pfn(s, Pfn(cc.migrate_pfn - 1))
        cc.last_migrated_pfn = max(s.zone[cc.zone].start_pfn, block)
    elif has(s, COMPACTS_BY_TYPE) or cc.last_migrated_pfn == NO_PFN:
        cc.last_migrated_pfn = begun


@jit
def _move_some(s: State, m: Memory, cpu: Cpu) -> Code:
    """One batch of pages: isolated, and moved."""
    cc, begun = m.control[0], Pfn(m.control[0].migrate_pfn)
    isolate_migratepages(s, m)
    if cc.nr_migratepages:
        cc.update_cached = 0
        _note_migrated(s, m, begun)
        return migrate_pages(s, m, cpu)
    if cc.update_cached:
        cached = m.compact[cc.zone].migrate_pfn
        cached[1] = cached[0]
    return OK


@primitive
def _rescans(s: State, m: Memory) -> bool:
    """Whether the rest of a pageblock is taken at once since a page of it stayed (since 6.3)."""
    cc = m.control[0]
    inside = cc.migrate_pfn % pageblock_nr_pages(s) != 0
    fresh = not cc.ignores_hints and not cc.finish_pageblock
    return has(s, COMPACTS_LARGE_PAGES) and inside and fresh


@jit
def _after_failure(s: State, m: Memory, cpu: Cpu) -> Code:
    """A page stayed: who must not wait gives up its chunk of the wanted order (to 6.2)."""
    cc = m.control[0]
    if _rescans(s, m):
        cc.finish_pageblock = 1
        return _move_some(s, m, cpu)
    if not has(s, COMPACTS_LARGE_PAGES) and not cc.sync:
        cc.migrate_pfn = block_end_pfn(m, Pfn(cc.migrate_pfn - 1))
        cc.last_migrated_pfn = NO_PFN
    return OK


@jit
def _flush_freed(s: State, m: Memory, cpu: Cpu) -> None:
    """Behind a chunk of the wanted order the frames that were freed leave the per-cpu lists, and merge."""
    cc = m.control[0]
    if NO_PFN < cc.last_migrated_pfn < cc.migrate_pfn & -(1 << cc.order):
        drain_pages_zone(s, ZoneIndex(cc.zone), cpu)
        cc.last_migrated_pfn = NO_PFN


@jit
def _step(s: State, m: Memory, cpu: Cpu) -> Code:
    """One turn of compact_zone's loop; COMPACT_CONTENDED when targets ran out before the scanners met."""
    cc = m.control[0]
    again = pageblock_of(s, Pfn(cc.last_migrated_pfn)) == pageblock_of(s, Pfn(cc.migrate_pfn))
    cc.finish_pageblock = 1 if has(s, COMPACTS_BY_TYPE) and again else 0
    error = _move_some(s, m, cpu)
    if error == EBUSY or (error == ENOMEM and compact_scanners_met(s, m)):
        error = _after_failure(s, m, cpu)
    if error == ENOMEM and not compact_scanners_met(s, m):
        return COMPACT_CONTENDED
    _flush_freed(s, m, cpu)
    return COMPACT_CONTINUE


@jit
def release_freepages(s: State, m: Memory, cpu: Cpu) -> None:
    """Targets that nobody needed are freed; the next search begins no lower than them."""
    cc, highest = m.control[0], NO_PFN
    for index in range(s.config[0].max_order + 1):
        head = freepages(s, m, Order(index))
        while not list_empty(s, head):
            pfn = list_first(s, head)
            list_del(s, pfn)
            free_pages(s, cpu, pfn, Order(index))
            highest = max(highest, pfn)
    cc.nr_freepages = 0
    if highest != NO_PFN:
        compact = m.compact[cc.zone]
        compact.free_pfn = max(compact.free_pfn, pageblock_start_pfn(s, highest))


@jit
def compact_zone(
    s: State,
    m: Memory,
    cpu: Cpu,
    user: User,
    zone: ZoneIndex,
    order: Order,
    flags: AllocFlags,
    priority: Code,
) -> Code:
    """Move pages up in a zone until a chunk is free below (compact_zone)."""
    result = compaction_suitable(s, user, zone, order, flags)
    if result != COMPACT_CONTINUE:
        return result
    if compaction_restarting(m, zone, order):
        reset_zone_hints(s, m, zone)
    _begin(s, m, user, zone, order, priority)
    while True:
        result = compact_finished(s, m, user, flags)
        if result == COMPACT_CONTINUE:
            result = _step(s, m, cpu)
        if result != COMPACT_CONTINUE:
            release_freepages(s, m, cpu)
            return result


@jit
def _conclude(
    s: State,
    m: Memory,
    user: User,
    zone: ZoneIndex,
    order: Order,
    flags: AllocFlags,
    priority: Code,
    status: Code,
) -> bool:
    """Whether a zone will serve; else, if all that may be done was, it is left alone for a while.

    4.7 looks at its low mark, whatever compaction says.
    """
    served = status == COMPACT_SUCCESS
    if not has(s, COMPACTS_AFTER_RECLAIM):
        served = has_chunk(s, user, zone, order, flags)
    if served:
        compaction_defer_reset(m, zone, order, False)
    elif priority != COMPACT_PRIO_ASYNC and (status == COMPACT_COMPLETE or status == COMPACT_PARTIAL_SKIPPED):
        defer_compaction(m, zone, order)
    return served


@jit
def try_to_compact_pages(
    s: State, m: Memory, cpu: Cpu, user: User, order: Order, flags: AllocFlags, priority: Code
) -> Code:
    """Compact one zone after the other that may serve the request; the best result."""
    gfp, best = s.gfp[user], COMPACT_SKIPPED
    for i in range(gfp.nr_zones):
        zone = ZoneIndex(gfp.zonelist[i])
        if priority != COMPACT_PRIO_SYNC_FULL and compaction_deferred(m, zone, order):
            best = max(best, COMPACT_DEFERRED)
            continue
        status = compact_zone(s, m, cpu, user, zone, order, flags, priority)
        if status == COMPACT_CONTENDED and not has(s, COMPACTS_AFTER_RECLAIM):
            status = COMPACT_SUCCESS  # 4.7's COMPACT_PARTIAL says both
        best = max(best, status)
        if _conclude(s, m, user, zone, order, flags, priority, status):
            break
    return best


@jit
def _try_again(s: State, m: Memory, cpu: Cpu, user: User, order: Order, flags: AllocFlags) -> Pfn:
    """After a compaction the request is served, or it was in vain."""
    m.vm[0].compact_stall += 1
    pfn = get_page_from_freelist(s, cpu, user, order, flags)
    if pfn == NO_PFN:
        m.vm[0].compact_fail += 1
        return pfn
    zone = ZoneIndex(s.frame[pfn].zone)
    m.compact[zone].blockskip_flush = 0
    compaction_defer_reset(m, zone, order, True)
    m.vm[0].compact_success += 1
    return pfn


@jit
def alloc_pages_direct_compact(
    s: State, m: Memory, cpu: Cpu, user: User, order: Order, flags: AllocFlags, priority: Code
) -> tuple[Pfn, Code]:
    """Compact, and try once more: a chunk or NO_PFN, and the result (__alloc_pages_direct_compact)."""
    if not order or not gfp_compaction_allowed(s, user):
        return NO_PFN, COMPACT_SKIPPED
    begun = m.vm[0].now
    result = try_to_compact_pages(s, m, cpu, user, order, flags, priority)
    m.vm[0].stall_ns += m.vm[0].now - begun
    idle = COMPACT_SKIPPED if has(s, COMPACTS_AFTER_RECLAIM) else COMPACT_DEFERRED
    if result <= idle:
        return NO_PFN, result
    return _try_again(s, m, cpu, user, order, flags), result
