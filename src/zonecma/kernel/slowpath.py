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
from zonecma.kernel.features import NODE_LRUS, has
from zonecma.kernel.gfp import Gfp
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.memory import ACTIVE_ANON, NR_LRU, Memory, charge
from zonecma.kernel.oom import NOBODY, out_of_memory
from zonecma.kernel.pcp import drain_all_pages
from zonecma.kernel.reclaim import (
    DEF_PRIORITY,
    NODE_CONGESTED,
    SWAP_CLUSTER_MAX,
    can_reclaim_anon,
    shrink_node,
    snapshot_refaults,
    zone_reclaimable,
)
from zonecma.kernel.state import State
from zonecma.kernel.units import NO_PFN, AllocFlags, Cpu, Order, Pfn, User, ZoneIndex
from zonecma.kernel.watermark import unusable_free
from zonecma.kernel.writeback import flush_in_time, wait_for_writes, wakeup_flusher
from zonecma.kernel.zone import MAX_NR_ZONES, ZONE_NORMAL

PAGE_ALLOC_COSTLY_ORDER = 3

_DIRECT = int(Gfp.DIRECT_RECLAIM)
_NORETRY = int(Gfp.NORETRY)
_MAYFAIL = int(Gfp.RETRY_MAYFAIL)
_NOFAIL = int(Gfp.NOFAIL)
_FS = int(Gfp.FS)


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
    vm = m.vm[0]
    while vm.kswapd_awake and _is_low(s):
        vm.io_ns += max(vm.kswapd_now - vm.now, 0)
        vm.now = max(vm.kswapd_now, vm.now)
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
        if pages + free > mark:
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


@jit
def _reclaim_until_served(s: State, m: Memory, cpu: Cpu, user: User, order: Order) -> Pfn:
    """Reclaim, again and again while there is hope."""
    mask, flags, loops = s.gfp[user].mask, slow_flags(s, user, order), 0
    while True:
        progress = try_to_free_pages(s, m, cpu, user, order)
        pfn = _drain_and_try(s, cpu, user, order, flags)
        if pfn != NO_PFN or mask & _NORETRY:
            return pfn
        if order > PAGE_ALLOC_COSTLY_ORDER and not mask & _MAYFAIL:
            return NO_PFN
        loops = 0 if progress and order <= PAGE_ALLOC_COSTLY_ORDER else loops + 1
        if not _worth_retrying(s, m, user, order, flags, loops):
            pfn, loops = _kill_and_try(s, m, cpu, user, order) if _kills(mask, order) else NO_PFN, 0
            if pfn != NO_PFN or not _kills(mask, order) or m.vm[0].victim == NOBODY:
                return pfn
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
