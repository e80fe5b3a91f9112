"""kswapd: woken when a zone is low, it reclaims until one zone, or each, is above its high mark.

mm/vmscan.c, 6.12 (balance_pgdat) and 4.7.  No watermark that it uses counts free CMA.  It has a clock
of its own: whoever serves requests lets it work up to their time, a piece after the other.
"""

from __future__ import annotations

from zonecma.kernel.alloc_flags import NO_ALLOC_FLAGS, WMARK_HIGH, WMARK_LOW
from zonecma.kernel.compact_hints import reset_isolation_suitable
from zonecma.kernel.features import NODE_LRUS, has
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.kswapd import begin_balance, end_balance, wakeup_kswapd
from zonecma.kernel.limits import SWAP_CLUSTER_MAX
from zonecma.kernel.lru import inactive_is_low
from zonecma.kernel.memory import ACTIVE_ANON, INACTIVE_ANON, Memory
from zonecma.kernel.reclaim import (
    DEF_PRIORITY,
    NODE_CONGESTED,
    PGDAT_DIRTY,
    PGDAT_WRITEBACK,
    shrink_active_list,
    shrink_node,
    snapshot_refaults,
    zone_reclaimable,
)
from zonecma.kernel.scan_count import can_reclaim_anon
from zonecma.kernel.state import State
from zonecma.kernel.units import Cpu, Order, User, ZoneIndex
from zonecma.kernel.watermark import wmark_pages, zone_watermark_ok
from zonecma.kernel.writeback import flush_in_time, wait_for_writes
from zonecma.kernel.zone import MAX_NR_ZONES, NOT_ASKED, ZONE_DMA

MAX_RECLAIM_RETRIES = 16
_ZONE_BALANCE_GAP_RATIO = 100


@primitive
def zone_balanced(
    s: State, zone: ZoneIndex, order: Order, gap: int, highest_zone: ZoneIndex, exactly: bool
) -> bool:
    """Whether a zone is above its high mark and a gap; 4.7 looks at order 0 alone unless ``exactly``."""
    mark = wmark_pages(s, zone, WMARK_HIGH) + gap
    if not has(s, NODE_LRUS) and not exactly:
        mark, order = mark + (1 << order), Order(0)
    return zone_watermark_ok(s, zone, order, mark, highest_zone, NO_ALLOC_FLAGS)


@jit
def pgdat_balanced(s: State, m: Memory, order: Order, highest_zone: ZoneIndex) -> bool:
    """Whether kswapd may rest: one zone is balanced, or (4.7) all that can be are."""
    any_zone = not has(s, NODE_LRUS)
    for index in range(highest_zone + 1):
        zone = ZoneIndex(index)
        if not s.zone[zone].managed:
            continue
        if has(s, NODE_LRUS):
            if zone_balanced(s, zone, order, 0, highest_zone, True):
                return True
        elif zone_reclaimable(m, index) and not zone_balanced(s, zone, order, 0, zone, False):
            return False
    return any_zone


@jit
def wake_all_kswapds(s: State, m: Memory, user: User, order: Order) -> None:
    """A request found too little: kswapd is asked, and woken unless it would find nothing to do."""
    gfp, vm = s.gfp[user], m.vm[0]
    highest_zone = ZoneIndex(gfp.highest_zone)
    wakeup_kswapd(s, highest_zone)
    vm.kswapd_order = max(vm.kswapd_order, order)
    if vm.kswapd_awake or vm.kswapd_failures >= MAX_RECLAIM_RETRIES:
        return
    if _is_needed(s, m, user, order):
        vm.kswapd_awake, vm.kswapd_now = 1, max(vm.kswapd_now, vm.now)
        vm.kswapd_wakes += 1
        _begin_run(s, m)


@jit
def _is_needed(s: State, m: Memory, user: User, order: Order) -> bool:
    """Whether a zone of the request's is below its high mark (4.7), or the whole node (wakeup_kswapd)."""
    gfp = s.gfp[user]
    if has(s, NODE_LRUS):
        highest = ZoneIndex(gfp.highest_zone)
        return not pgdat_balanced(s, m, order, highest) or _boost(s, highest) > 0
    for i in range(gfp.nr_zones):
        if not zone_balanced(s, ZoneIndex(gfp.zonelist[i]), order, 0, ZONE_DMA, True):
            return True
    return False


@primitive
def _boost(s: State, highest_zone: ZoneIndex) -> int:
    boost = 0
    for index in range(highest_zone + 1):
        boost += s.zone[index].watermark_boost if s.zone[index].managed else 0
    return boost


@jit
def _begin_run(s: State, m: Memory) -> None:
    vm = m.vm[0]
    begin_balance(s)
    vm.pageoutrun += 1
    vm.kswapd_priority, vm.kswapd_reclaimed = DEF_PRIORITY, 0
    vm.kswapd_boost = _boost(s, ZoneIndex(s.config[0].kswapd_zone)) if has(s, NODE_LRUS) else 0
    scan = m.scan[0]
    scan.no_cache_trim = scan.cache_trim_failed = 0


@jit
def _end_run(s: State, m: Memory) -> None:
    """A run is over; kswapd goes to sleep unless it was asked for more meanwhile (kswapd_try_to_sleep)."""
    vm, order = m.vm[0], Order(m.vm[0].kswapd_order)
    end_balance(s)
    for lru_set in range(vm.nr_sets):
        snapshot_refaults(m, lru_set)
    vm.kswapd_order = 0
    conf = s.config[0]
    if vm.kswapd_failures < MAX_RECLAIM_RETRIES and conf.kswapd_asked != NOT_ASKED:
        if not pgdat_balanced(s, m, order, ZoneIndex(conf.kswapd_asked)):
            _begin_run(s, m)
            return
    vm.kswapd_awake = 0
    reset_isolation_suitable(s, m)


@primitive
def kswapd_cpu(s: State) -> Cpu:
    """Where kswapd runs."""
    return Cpu(s.config[0].nr_cpus - 1)


@jit
def _begin_scan(m: Memory, highest_zone: int) -> None:
    scan, vm = m.scan[0], m.vm[0]
    scan.is_kswapd, scan.reclaim_idx, scan.priority = 1, highest_zone, vm.kswapd_priority
    scan.order, scan.may_swap = vm.kswapd_order, 0 if vm.kswapd_boost else 1
    scan.nr_scanned = scan.nr_reclaimed = scan.force_deactivate = scan.skipped_deactivate = 0


@jit
def _age(s: State, m: Memory, lru_set: int) -> None:
    """Some anonymous pages are deactivated in any case (kswapd_age_node, age_active_anon)."""
    if can_reclaim_anon(m) and inactive_is_low(m, lru_set, INACTIVE_ANON):
        shrink_active_list(s, m, lru_set, ACTIVE_ANON, SWAP_CLUSTER_MAX)


@jit
def _shrink_whole_node(s: State, m: Memory, highest_zone: ZoneIndex) -> bool:
    """One round over the node's lists; whether enough was scanned (kswapd_shrink_node)."""
    _begin_scan(m, highest_zone)
    scan = m.scan[0]
    scan.nr_to_reclaim = 0
    for index in range(highest_zone + 1):
        if s.zone[index].managed:
            scan.nr_to_reclaim += max(wmark_pages(s, ZoneIndex(index), WMARK_HIGH), SWAP_CLUSTER_MAX)
    _age(s, m, 0)
    shrink_node(s, m, kswapd_cpu(s), 0)
    m.vm[0].kswapd_reclaimed += scan.nr_reclaimed
    return max(scan.nr_scanned, scan.nr_reclaimed) >= scan.nr_to_reclaim  # type: ignore[no-any-return]


@jit
def _highest_unbalanced(s: State, m: Memory) -> int:
    """4.7: the highest zone that is below its mark, whoever asked; -1."""
    for index in range(MAX_NR_ZONES - 1, -1, -1):
        zone, vm = s.zone[index], m.vm[0]
        if not zone.present:
            continue
        if vm.kswapd_priority != DEF_PRIORITY and not zone_reclaimable(m, index):
            continue
        _age(s, m, index)
        if not zone_balanced(s, ZoneIndex(index), Order(vm.kswapd_order), 0, ZONE_DMA, False):
            return index
        m.lru[index].set_flags &= ~(NODE_CONGESTED | PGDAT_DIRTY)
    return -1


@jit
def _shrink_zone(s: State, m: Memory, index: int, end_zone: int) -> bool:
    """4.7: one zone's lists, unless it is well above its mark; whether enough was scanned."""
    zone, scan = ZoneIndex(index), m.scan[0]
    scan.nr_scanned = 0
    high, low = wmark_pages(s, zone, WMARK_HIGH), wmark_pages(s, zone, WMARK_LOW)
    scan.nr_to_reclaim = max(SWAP_CLUSTER_MAX, high)
    gap = min(low, -(-s.zone[zone].managed // _ZONE_BALANCE_GAP_RATIO))
    if zone_balanced(s, zone, Order(scan.order), gap, ZoneIndex(end_zone), False):
        return True
    shrink_node(s, m, kswapd_cpu(s), index)
    m.lru[index].set_flags &= ~PGDAT_WRITEBACK
    return scan.nr_scanned >= scan.nr_to_reclaim  # type: ignore[no-any-return]


@jit
def _shrink_zones_up_to(s: State, m: Memory, end_zone: int) -> bool:
    """4.7: all zones from the lowest to the highest that is low; whether enough was scanned."""
    _begin_scan(m, MAX_NR_ZONES)
    enough = False
    for index in range(end_zone + 1):
        if not s.zone[index].present:
            continue
        if m.vm[0].kswapd_priority != DEF_PRIORITY and not zone_reclaimable(m, index):
            continue
        enough = _shrink_zone(s, m, index, end_zone) or enough
    m.vm[0].kswapd_reclaimed = m.scan[0].nr_reclaimed
    return enough


@jit
def _next_priority(s: State, m: Memory, enough: bool, reclaimed: int) -> None:
    """Scan harder when too little was scanned, or nothing freed; give up at last."""
    vm = m.vm[0]
    stays = vm.kswapd_boost > 0 and vm.kswapd_priority == DEF_PRIORITY - 2
    if vm.kswapd_boost and not reclaimed:
        _end_run(s, m)
        return
    vm.kswapd_boost -= min(vm.kswapd_boost, reclaimed)
    if not (enough or stays) or not reclaimed:
        vm.kswapd_priority -= 1
    if vm.kswapd_priority >= 1:
        return
    scan = m.scan[0]
    if not vm.kswapd_reclaimed and not scan.no_cache_trim and scan.cache_trim_failed:
        scan.no_cache_trim, vm.kswapd_priority = 1, DEF_PRIORITY
        return
    vm.kswapd_failures += 0 if vm.kswapd_reclaimed else 1
    _end_run(s, m)


@jit
def _balance_node(s: State, m: Memory) -> None:
    """One turn of balance_pgdat's loop, 4.8 and later."""
    vm, highest_zone = m.vm[0], ZoneIndex(min(s.config[0].kswapd_zone, MAX_NR_ZONES - 1))
    balanced = pgdat_balanced(s, m, Order(vm.kswapd_order), highest_zone)
    if not balanced and vm.kswapd_boost:
        vm.kswapd_boost, vm.kswapd_priority = 0, DEF_PRIORITY
    if balanced and not vm.kswapd_boost:
        _end_run(s, m)
        return
    enough = _shrink_whole_node(s, m, highest_zone)
    if m.scan[0].immediate:
        wait_for_writes(s, m, int(m.cost[0].tick * 25))
    if vm.kswapd_order and vm.kswapd_reclaimed >= 2 << vm.kswapd_order:
        vm.kswapd_order = 0
    _next_priority(s, m, enough, m.scan[0].nr_reclaimed)


@jit
def _balance_zones(s: State, m: Memory) -> None:
    """One turn of balance_pgdat's loop, 4.7."""
    vm = m.vm[0]
    end_zone = _highest_unbalanced(s, m)
    if end_zone < 0:
        _end_run(s, m)
        return
    enough = _shrink_zones_up_to(s, m, end_zone)
    if not enough or not vm.kswapd_reclaimed:
        vm.kswapd_priority -= 1
    highest_zone = ZoneIndex(min(s.config[0].kswapd_zone, MAX_NR_ZONES - 1))
    if vm.kswapd_priority < 1 or pgdat_balanced(s, m, Order(vm.kswapd_order), highest_zone):
        _end_run(s, m)


@jit
def kswapd_step(s: State, m: Memory) -> bool:
    """One piece of kswapd's work, on its own clock; False when it sleeps then."""
    vm = m.vm[0]
    if not vm.kswapd_awake:
        return False
    others, vm.now = vm.now, vm.kswapd_now
    cpu, s.config[0].this_cpu = s.config[0].this_cpu, kswapd_cpu(s)
    waited = vm.io_ns
    flush_in_time(s, m)
    if has(s, NODE_LRUS):
        _balance_node(s, m)
    else:
        _balance_zones(s, m)
    vm.io_ns, waited = waited, vm.io_ns - waited
    vm.kswapd_ns += vm.now - vm.kswapd_now - waited
    vm.kswapd_now = max(vm.now, vm.kswapd_now + 1)
    vm.now, s.config[0].this_cpu = others, cpu
    return vm.kswapd_awake != 0  # type: ignore[no-any-return]


@jit
def run_kswapd(s: State, m: Memory) -> None:
    """Let kswapd work up to now."""
    while m.vm[0].kswapd_awake and m.vm[0].kswapd_now <= m.vm[0].now:
        kswapd_step(s, m)
