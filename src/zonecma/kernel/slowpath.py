"""What a request does that found nothing: it asks kswapd, reclaims itself, compacts, and kills at last.

__alloc_pages_slowpath (mm/page_alloc.c) and try_to_free_pages (mm/vmscan.c), 6.12 and 4.7.
"""

from __future__ import annotations

from zonecma.kernel.alloc import get_page_from_freelist, hand_out, slow_flags
from zonecma.kernel.alloc_flags import ALLOC_KSWAPD, ALLOC_WMARK_MASK, WMARK_HIGH, WMARK_MIN
from zonecma.kernel.balance import (
    MAX_RECLAIM_RETRIES,
    kswapd_step,
    run_kswapd,
    wake_all_kswapds,
)
from zonecma.kernel.compact import (
    COMPACT_PRIO_ASYNC,
    COMPACT_PRIO_SYNC_FULL,
    COMPACT_PRIO_SYNC_LIGHT,
    alloc_pages_direct_compact,
    gfp_compaction_allowed,
)
from zonecma.kernel.compact_suitable import (
    COMPACT_COMPLETE,
    COMPACT_DEFERRED,
    COMPACT_SKIPPED,
    COMPACT_SUCCESS,
    has_targets,
)
from zonecma.kernel.features import COMPACTS_AFTER_RECLAIM, NODE_LRUS, has
from zonecma.kernel.gfp import Gfp
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.limits import PAGE_ALLOC_COSTLY_ORDER, SWAP_CLUSTER_MAX
from zonecma.kernel.memory import ACTIVE_ANON, NR_LRU, Memory, charge, wait_until
from zonecma.kernel.migratetype import MIGRATE_MOVABLE
from zonecma.kernel.oom import NOBODY, out_of_memory
from zonecma.kernel.pcp import drain_all_pages
from zonecma.kernel.reclaim import (
    DEF_PRIORITY,
    NODE_CONGESTED,
    shrink_node,
    snapshot_refaults,
    zone_reclaimable,
)
from zonecma.kernel.scan_count import can_reclaim_anon
from zonecma.kernel.state import State
from zonecma.kernel.units import NO_PFN, AllocFlags, Code, Cpu, Order, Pfn, User, ZoneIndex
from zonecma.kernel.watermark import has_suitable_chunk, unusable_free
from zonecma.kernel.writeback import flush_in_time, wait_for_writes, wakeup_flusher
from zonecma.kernel.zone import MAX_NR_ZONES, ZONE_NORMAL

MAX_COMPACT_RETRIES = 16

_DIRECT = int(Gfp.DIRECT_RECLAIM)
_NORETRY = int(Gfp.NORETRY)
_MAYFAIL = int(Gfp.RETRY_MAYFAIL)
_NOFAIL = int(Gfp.NOFAIL)
_FS = int(Gfp.FS)
_THISNODE = int(Gfp.THISNODE)
_THP = int(Gfp.NOMEMALLOC | Gfp.NORETRY)
_KSWAPD = int(Gfp.KSWAPD_RECLAIM)


@jit
def _begin_scan(s: State, m: Memory, user: User, order: Order) -> None:
    scan = m.scan[0]
    scan.is_kswapd, scan.reclaim_idx, scan.order = 0, s.gfp[user].highest_zone, order
    scan.may_swap, scan.nr_to_reclaim = 1, SWAP_CLUSTER_MAX
    scan.nr_reclaimed = scan.force_deactivate = scan.skipped_deactivate = scan.no_cache_trim = 0


@jit
def _shrink_zones(s: State, m: Memory, cpu: Cpu, user: User) -> None:
    """The node's lists; in 4.7 those of each zone that the request may use (shrink_zones)."""
    if has(s, NODE_LRUS):
        shrink_node(s, m, cpu, 0)
        return
    gfp = s.gfp[user]
    for i in range(gfp.nr_zones):
        zone = gfp.zonelist[i]
        if m.scan[0].priority == DEF_PRIORITY or zone_reclaimable(m, zone):
            shrink_node(s, m, cpu, zone)


@jit
def _throttle(s: State, m: Memory) -> None:
    """Direct reclaim waits for writes when it gets nowhere, or kswapd saw nothing else (reclaim_throttle)."""
    if m.scan[0].priority == 1 and not m.scan[0].nr_reclaimed:
        wait_for_writes(s, m, int(m.cost[0].tick))  # VMSCAN_THROTTLE_NOPROGRESS
    if m.lru[0].set_flags & NODE_CONGESTED:
        wait_for_writes(s, m, int(m.cost[0].tick))


@jit
def _try_all_priorities(s: State, m: Memory, cpu: Cpu, user: User) -> None:
    """Scan more and more of the lists until enough was freed (do_try_to_free_pages)."""
    scan, scanned = m.scan[0], 0
    scan.priority = DEF_PRIORITY
    while scan.priority >= 0:
        scan.nr_scanned = 0
        _shrink_zones(s, m, cpu, user)
        if scan.nr_reclaimed >= scan.nr_to_reclaim:
            return
        scanned += scan.nr_scanned
        if has(s, NODE_LRUS):
            _throttle(s, m)
        elif scanned > scan.nr_to_reclaim + scan.nr_to_reclaim // 2:
            wakeup_flusher(s, m)
        scan.priority -= 1


@jit
def _is_low(s: State) -> bool:
    """Whether the reserves of those who free memory are half gone (allow_direct_reclaim)."""
    free = reserve = 0
    for index in range(ZONE_NORMAL + 1):
        if s.zone[index].managed:
            free += s.zone[index].nr_free_pages
            reserve += s.zone[index].watermark[WMARK_MIN]
    return free <= reserve // 2


@jit
def _wait_for_kswapd(s: State, m: Memory) -> None:
    """Where memory is almost gone, everybody waits for kswapd (throttle_direct_reclaim)."""
    while m.vm[0].kswapd_awake and _is_low(s):
        wait_until(m, m.vm[0].kswapd_now)
        kswapd_step(s, m)


@jit
def try_to_free_pages(s: State, m: Memory, cpu: Cpu, user: User, order: Order) -> int:
    """Direct reclaim; how many pages were freed (try_to_free_pages)."""
    begun, waited = m.vm[0].now, m.vm[0].io_ns
    m.vm[0].allocstall += 1
    if s.gfp[user].mask & _FS:
        _wait_for_kswapd(s, m)
    flush_in_time(s, m)
    _begin_scan(s, m, user, order)
    scan = m.scan[0]
    _try_all_priorities(s, m, cpu, user)
    if not scan.nr_reclaimed and scan.skipped_deactivate:
        scan.force_deactivate = 1
        _try_all_priorities(s, m, cpu, user)
    for lru_set in range(m.vm[0].nr_sets):
        snapshot_refaults(m, lru_set)
    m.vm[0].io_ns = waited  # what it waited is part of the stall
    m.vm[0].stall_ns += m.vm[0].now - begun
    return scan.nr_reclaimed  # type: ignore[no-any-return]


@jit
def _reclaimable(m: Memory, zone: int) -> int:
    """Pages of a zone that reclaim could free (zone_reclaimable_pages)."""
    pages, first = 0, 0 if can_reclaim_anon(m) else ACTIVE_ANON + 1
    for lru_set in range(m.vm[0].nr_sets):
        for lru in range(first, NR_LRU):
            pages += m.lru[lru_set].nr_zone[lru, zone]
    return pages


@jit
def _worth_retrying(s: State, m: Memory, user: User, order: Order, flags: AllocFlags, loops: int) -> bool:
    """Whether a zone could serve if all that is reclaimable were free (should_reclaim_retry).

    Reclaim is not believed to make a chunk of a higher order: that is for compaction.
    4.7 believes in less of it after each loop without progress.
    """
    if loops > MAX_RECLAIM_RETRIES:
        return False
    gfp = s.gfp[user]
    for i in range(gfp.nr_zones):
        zone = ZoneIndex(gfp.zonelist[i])
        pages = _reclaimable(m, zone)
        if not has(s, NODE_LRUS):
            pages -= -(-pages * loops // MAX_RECLAIM_RETRIES)
        free = s.zone[zone].nr_free_pages - unusable_free(s, zone, order, flags)
        mark = (
            s.zone[zone].watermark[flags & ALLOC_WMARK_MASK] + s.zone[zone].lowmem_reserve[gfp.highest_zone]
        )
        if pages + free > mark and (not order or has_suitable_chunk(s, zone, order, flags)):
            return True
    return False


@jit
def _drain_and_try(s: State, cpu: Cpu, user: User, order: Order, flags: AllocFlags) -> Pfn:
    """After reclaim: what it freed may wait on per-cpu lists (__alloc_pages_direct_reclaim)."""
    pfn = get_page_from_freelist(s, cpu, user, order, flags)
    if pfn != NO_PFN:
        return pfn
    for zone in range(MAX_NR_ZONES):
        if s.zone[zone].managed:
            drain_all_pages(s, ZoneIndex(zone))
    return get_page_from_freelist(s, cpu, user, order, flags)


@primitive
def _kills(mask: int, order: Order) -> bool:
    """Whether a request may end in a kill (__alloc_pages_may_oom)."""
    return order <= PAGE_ALLOC_COSTLY_ORDER and not mask & (_NORETRY | _MAYFAIL)


@jit
def _kill_and_try(s: State, m: Memory, cpu: Cpu, user: User, order: Order) -> Pfn:
    """Out of memory: one more look above the high mark, then a task dies."""
    flags = AllocFlags(slow_flags(s, user, order) & ~ALLOC_WMARK_MASK)
    pfn = get_page_from_freelist(s, cpu, user, order, AllocFlags(flags | WMARK_HIGH))
    if pfn == NO_PFN and out_of_memory(s, m, cpu):
        pfn = _drain_and_try(s, cpu, user, order, slow_flags(s, user, order))
    return pfn


@primitive
def _is_thp(mask: int) -> bool:
    """Whether 4.7 takes a request for a huge page of a program's fault (is_thp_gfp_mask)."""
    return mask & _THP == _THP and not mask & _KSWAPD


@jit
def _first_priority(s: State, user: User, order: Order) -> Code:
    """How thorough the first compaction of a round is: 4.7's does not wait, nor does that of huge pages."""
    costly = order > PAGE_ALLOC_COSTLY_ORDER
    if not has(s, COMPACTS_AFTER_RECLAIM) or (costly and s.gfp[user].mask & _NORETRY):
        return COMPACT_PRIO_ASYNC
    return COMPACT_PRIO_SYNC_LIGHT


@jit
def _compacts_first(s: State, user: User, order: Order) -> bool:
    """Whether compaction comes before reclaim: base pages may do, or the types shall not mix (4.8 on)."""
    costly, movable = order > PAGE_ALLOC_COSTLY_ORDER, s.gfp[user].migratetype == MIGRATE_MOVABLE
    return has(s, COMPACTS_AFTER_RECLAIM) and (costly or (order > 0 and not movable))


@primitive
def _gives_up(mask: int, order: Order, result: Code) -> bool:
    """Whether a request that is not worth much reclaims nothing after its first compaction failed."""
    idle = result == COMPACT_SKIPPED or result == COMPACT_DEFERRED
    light = order > PAGE_ALLOC_COSTLY_ORDER and mask & _NORETRY != 0
    return light and (idle or mask & _THISNODE != 0)


@jit
def _zonelist_suitable(s: State, m: Memory, user: User, order: Order, flags: AllocFlags) -> bool:
    """Whether reclaim may free enough targets in some zone (compaction_zonelist_suitable)."""
    for i in range(s.gfp[user].nr_zones):
        zone = ZoneIndex(s.gfp[user].zonelist[i])
        free = s.zone[zone].nr_free_pages + _reclaimable(m, zone) // order
        if has_targets(s, user, zone, order, flags, free):
            return True
    return False


@jit
def _next_priority(s: State, order: Order, result: Code, priority: Code) -> Code:
    """A more thorough compaction, or the same where that is no help; 4.7's once, when all was scanned."""
    if result == COMPACT_SKIPPED:
        return priority
    if not has(s, COMPACTS_AFTER_RECLAIM):
        return COMPACT_PRIO_SYNC_LIGHT if result == COMPACT_COMPLETE else priority
    costly = order > PAGE_ALLOC_COSTLY_ORDER
    least = COMPACT_PRIO_SYNC_LIGHT if costly else COMPACT_PRIO_SYNC_FULL
    return Code(max(priority - 1, least)) if priority > least else priority


@jit
def _may_retry(
    s: State, m: Memory, user: User, order: Order, flags: AllocFlags, result: Code, retries: int
) -> bool:
    """Whether another compaction like the last one may help (should_compact_retry).

    4.7 hopes for reclaim also where compaction was put off, or did not see all of the zone.
    """
    if result == COMPACT_SUCCESS:
        most = MAX_COMPACT_RETRIES // (4 if order > PAGE_ALLOC_COSTLY_ORDER else 1)
        return retries <= most
    withdrawn = not has(s, COMPACTS_AFTER_RECLAIM) and result != COMPACT_COMPLETE
    return (result == COMPACT_SKIPPED or withdrawn) and _zonelist_suitable(s, m, user, order, flags)


@jit
def _round(
    s: State, m: Memory, cpu: Cpu, user: User, order: Order, flags: AllocFlags, priority: Code
) -> tuple[Pfn, int, Code]:
    """Reclaim and compaction once: a chunk or NO_PFN, pages freed, and what compaction came to."""
    if not has(s, COMPACTS_AFTER_RECLAIM):
        pfn, result = alloc_pages_direct_compact(s, m, cpu, user, order, flags, priority)
        if pfn != NO_PFN or (_is_thp(s.gfp[user].mask) and result == COMPACT_DEFERRED):
            return pfn, 0, result
        progress = try_to_free_pages(s, m, cpu, user, order)
        return _drain_and_try(s, cpu, user, order, flags), progress, result
    progress = try_to_free_pages(s, m, cpu, user, order)
    pfn = _drain_and_try(s, cpu, user, order, flags)
    if pfn != NO_PFN:
        return pfn, progress, COMPACT_SKIPPED
    pfn, result = alloc_pages_direct_compact(s, m, cpu, user, order, flags, priority)
    return pfn, progress, result


@jit
def _last_compaction(
    s: State, m: Memory, cpu: Cpu, user: User, order: Order, flags: AllocFlags, result: Code
) -> Pfn:
    """4.7: a request that does not loop compacts once more after it reclaimed (noretry)."""
    huge = _is_thp(s.gfp[user].mask)
    if has(s, COMPACTS_AFTER_RECLAIM) or (huge and result == COMPACT_DEFERRED):
        return NO_PFN
    priority = COMPACT_PRIO_ASYNC if huge else COMPACT_PRIO_SYNC_LIGHT
    pfn, _ = alloc_pages_direct_compact(s, m, cpu, user, order, flags, priority)
    return pfn


@primitive
def _loops(s: State, user: User, order: Order) -> bool:
    """Whether a request tries again when one round did not serve it."""
    mask = s.gfp[user].mask
    if order > PAGE_ALLOC_COSTLY_ORDER:
        return mask & _MAYFAIL != 0 and mask & _NORETRY == 0 and gfp_compaction_allowed(s, user)
    return mask & _NORETRY == 0  # type: ignore[no-any-return]


@jit
def _reclaim_until_served(s: State, m: Memory, cpu: Cpu, user: User, order: Order) -> Pfn:
    """Reclaim and compact, again and again while there is hope."""
    mask, flags, loops, retries = s.gfp[user].mask, slow_flags(s, user, order), 0, 0
    priority = _first_priority(s, user, order)
    while True:
        pfn, progress, result = _round(s, m, cpu, user, order, flags, priority)
        if pfn != NO_PFN:
            return pfn
        if not _loops(s, user, order):
            return _last_compaction(s, m, cpu, user, order, flags, result)
        loops = 0 if progress and order <= PAGE_ALLOC_COSTLY_ORDER else loops + 1
        if not _worth_retrying(s, m, user, order, flags, loops):
            retries += 1 if result == COMPACT_SUCCESS else 0
            hope = progress > 0 and order > 0 and gfp_compaction_allowed(s, user)
            again = hope and _may_retry(s, m, user, order, flags, result, retries)
            if hope and not again:
                harder = _next_priority(s, order, result, priority)
                again, priority, retries = harder != priority, harder, 0
            if not again:
                pfn, loops = _kill_and_try(s, m, cpu, user, order) if _kills(mask, order) else NO_PFN, 0
                if pfn != NO_PFN:
                    return pfn
                if not _kills(mask, order) or m.vm[0].victim == NOBODY:
                    return _last_compaction(s, m, cpu, user, order, flags, result)
        wake_all_kswapds(s, m, user, order)
        run_kswapd(s, m)


@jit
def _slowpath(s: State, m: Memory, cpu: Cpu, user: User, order: Order) -> Pfn:
    flags = slow_flags(s, user, order)
    if flags & ALLOC_KSWAPD:
        wake_all_kswapds(s, m, user, order)
    pfn = get_page_from_freelist(s, cpu, user, order, flags)
    if pfn != NO_PFN or not m.vm[0].closed or not s.gfp[user].mask & _DIRECT:
        return pfn
    if _compacts_first(s, user, order) and gfp_compaction_allowed(s, user):
        pfn, result = alloc_pages_direct_compact(s, m, cpu, user, order, flags, COMPACT_PRIO_ASYNC)
        if pfn != NO_PFN or _gives_up(s.gfp[user].mask, order, result):
            return pfn
    return _reclaim_until_served(s, m, cpu, user, order)


@jit
def alloc_pages_reclaim(s: State, m: Memory, cpu: Cpu, user: User, order: Order) -> Pfn:
    """Serve a request, with all that the kernel does for it; NO_PFN when nothing helped.

    Where nothing is reclaimed (``closed`` is 0) the slow path is one attempt.
    """
    pfn = get_page_from_freelist(s, cpu, user, order, s.gfp[user].fast_flags)
    if pfn == NO_PFN:
        pfn = _slowpath(s, m, cpu, user, order)
    if pfn != NO_PFN:
        hand_out(s, cpu, user, order, pfn)
        charge(m, m.cost[0].alloc * (1 << order))
    return pfn
