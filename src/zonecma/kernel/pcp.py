"""Per-cpu page lists (mm/page_alloc.c, 6.12.117 and 4.7.4).

Since 6.7 they tune themselves: consecutive allocations fetch ever larger batches; consecutive
frees drain ever larger ones; ``high`` moves between high_min and high_max.  Before, ``high`` and
``batch`` are fixed; in 6.1 drains in a row grow.  In 4.7 there are lists of single frames only,
with a hot end, the head, and a cold one, the tail.
"""

from __future__ import annotations

import numpy as np

from zonecma.kernel.alloc_flags import ALLOC_COLD, NO_ALLOC_FLAGS, WMARK_HIGH
from zonecma.kernel.buddy import free_one_page
from zonecma.kernel.features import (
    COUNTS_REFILLS_LATE,
    FREELIST_HYGIENE,
    PCP_DRAINS_GROW,
    PCP_HIGH_ORDERS,
    PCP_ROUND_ROBIN,
    PCP_TUNES_ITSELF,
    has,
)
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.limits import PAGE_ALLOC_COSTLY_ORDER
from zonecma.kernel.lists import (
    HEAD,
    list_add,
    list_add_tail,
    list_del,
    list_empty,
    list_first,
    list_last,
    pcp_list,
)
from zonecma.kernel.migratetype import MIGRATE_MOVABLE, MIGRATE_PCPTYPES
from zonecma.kernel.pageblock import get_pageblock_migratetype
from zonecma.kernel.rmqueue import RMQUEUE_NORMAL, rmqueue
from zonecma.kernel.state import IN_USE, ON_PCP, State
from zonecma.kernel.tracepoint import trace_mm_page_alloc_zone_locked, trace_mm_page_pcpu_drain
from zonecma.kernel.units import NO_PFN, AllocFlags, Cpu, Migratetype, Order, Pfn, Pindex, ZoneIndex
from zonecma.kernel.vmstat import fold_zone_diffs, keep_free_diff
from zonecma.kernel.watermark import wmark_pages, zone_watermark_ok
from zonecma.kernel.zone import MAX_NR_ZONES, ZONE_BELOW_HIGH, ZONE_MOVABLE, ZONE_RECLAIM_ACTIVE

NR_LOWORDER_PCP_LISTS = MIGRATE_PCPTYPES * (PAGE_ALLOC_COSTLY_ORDER + 1)
NR_PCP_LISTS = NR_LOWORDER_PCP_LISTS + 2

PCPF_PREV_FREE_HIGH_ORDER = 1
PCPF_FREE_HIGH_BATCH = 2


@primitive
def pcp_allowed_order(s: State, order: Order) -> bool:
    """Orders 0 to 3 and the huge page's, here a pageblock's, have per-cpu lists (pcp_allowed_order).

    Before 5.13 single frames alone.
    """
    if order == 0:
        return True
    wanted = order <= PAGE_ALLOC_COSTLY_ORDER or order == s.config[0].pageblock_order
    return wanted and has(s, PCP_HIGH_ORDERS)


@primitive
def may_use_pcp(s: State, zone: ZoneIndex, order: Order) -> bool:
    """Whether chunks of this order have lists, and nobody else holds the zone's (pcp_spin_trylock)."""
    return pcp_allowed_order(s, order) and s.config[0].pcp_locked != zone + 1  # type: ignore[no-any-return]


@primitive
def order_to_pindex(migratetype: Migratetype, order: Order) -> Pindex:
    """The per-cpu list of a type and order (order_to_pindex)."""
    if order > PAGE_ALLOC_COSTLY_ORDER:
        movable = 1 if migratetype == MIGRATE_MOVABLE else 0
        return Pindex(NR_LOWORDER_PCP_LISTS + movable)
    return Pindex(MIGRATE_PCPTYPES * order + migratetype)


@primitive
def pindex_to_order(s: State, pindex: Pindex) -> Order:
    """The order of a per-cpu list's chunks (pindex_to_order)."""
    if pindex >= NR_LOWORDER_PCP_LISTS:
        return Order(s.config[0].pageblock_order)
    return Order(pindex // MIGRATE_PCPTYPES)


@primitive
def clamp(value: int, low: int, high: int) -> int:
    """The nearest value within the bounds."""
    return min(max(value, low), high)


@primitive
def add_to_pcp_list(
    s: State, pfn: Pfn, zone: ZoneIndex, cpu: Cpu, order: Order, pindex: Pindex, tail: np.bool_
) -> None:
    """Hang a chunk on a per-cpu list."""
    head = pcp_list(s, zone, cpu, pindex)
    if tail:
        list_add_tail(s, pfn, head)
    else:
        list_add(s, pfn, head)
    s.frame[pfn].where = ON_PCP
    s.frame[pfn].order = order
    s.pcp[zone, cpu].count += 1 << order


@primitive
def remove_from_pcp_list(s: State, pfn: Pfn, zone: ZoneIndex, cpu: Cpu, order: Order) -> None:
    """Take a chunk off the per-cpu list it is on."""
    list_del(s, pfn)
    s.frame[pfn].where = IN_USE
    s.pcp[zone, cpu].count -= 1 << order


@jit
def nr_pcp_alloc(s: State, zone: ZoneIndex, cpu: Cpu, order: Order) -> int:
    """How many chunks to fetch at once (nr_pcp_alloc)."""
    pcp = s.pcp[zone, cpu]
    base = pcp.batch
    if not has(s, PCP_TUNES_ITSELF):
        return max(base >> order, 2) if base > 1 else base  # type: ignore[no-any-return]
    high = clamp(pcp.high, pcp.high_min, pcp.high_max)
    pcp.high = high
    if high < base:
        return 1
    batch = base if order else base << pcp.alloc_factor
    if pcp.high_min != pcp.high_max and not s.zone[zone].zone_flags & ZONE_BELOW_HIGH:
        high = min(high + batch, pcp.high_max)
        pcp.high = high
    if order == 0:
        room = max(high - pcp.count - base, base)
        if batch <= room and pcp.alloc_factor < s.config[0].pcp_batch_scale_max:
            pcp.alloc_factor += 1
        batch = min(batch, room)
    if batch > 1:
        batch = max(batch >> order, 2)
    return batch  # type: ignore[no-any-return]


@jit
def rmqueue_bulk(
    s: State,
    zone: ZoneIndex,
    cpu: Cpu,
    order: Order,
    migratetype: Migratetype,
    alloc_flags: AllocFlags,
    nr_chunks: int,
) -> None:
    """Fill an empty per-cpu list under one hold of the zone lock (rmqueue_bulk).

    The first chunk ends up first: at the end that this request takes from.
    """
    pindex, end = order_to_pindex(migratetype, order), np.bool_(not alloc_flags & ALLOC_COLD)
    mode, before = RMQUEUE_NORMAL, s.zone[zone].nr_free_pages
    s.zone[zone].counts_later = 1 if has(s, COUNTS_REFILLS_LATE) else 0
    for _ in range(nr_chunks):
        pfn, mode = rmqueue(s, zone, order, migratetype, alloc_flags, mode)
        if pfn == NO_PFN:
            break
        add_to_pcp_list(s, pfn, zone, cpu, order, pindex, end)
        trace_mm_page_alloc_zone_locked(s, pfn, order, cpu)
    if has(s, COUNTS_REFILLS_LATE):
        s.zone[zone].counts_later = 0
        keep_free_diff(s, zone, s.zone[zone].nr_free_pages - before)


@jit
def rmqueue_pcplist(
    s: State, zone: ZoneIndex, cpu: Cpu, order: Order, migratetype: Migratetype, alloc_flags: AllocFlags
) -> Pfn:
    """Take the first chunk of a per-cpu list, refilled if empty (__rmqueue_pcplist).

    Cold requests take the last one (buffered_rmqueue, 4.7).
    """
    head = pcp_list(s, zone, cpu, order_to_pindex(migratetype, order))
    if list_empty(s, head):
        nr_chunks = nr_pcp_alloc(s, zone, cpu, order)
        rmqueue_bulk(s, zone, cpu, order, migratetype, alloc_flags, nr_chunks)
        if list_empty(s, head):
            return NO_PFN
    pfn = list_last(s, head) if alloc_flags & ALLOC_COLD else list_first(s, head)
    remove_from_pcp_list(s, pfn, zone, cpu, order)
    return pfn


@primitive
def next_pcp_list(s: State, zone: ZoneIndex, cpu: Cpu, pindex: Pindex, nr_lists: int) -> tuple[Pindex, int]:
    """The next list that is not empty, cyclically (there must be one), and the steps to it."""
    steps = 1
    pindex = Pindex((pindex + 1) % nr_lists)
    while list_empty(s, pcp_list(s, zone, cpu, pindex)):
        pindex = Pindex((pindex + 1) % nr_lists)
        steps += 1
    return pindex, steps


@primitive
def type_in_buddy(s: State, pfn: Pfn, zone: ZoneIndex, pindex: Pindex) -> Migratetype:
    """To which type's lists a chunk of a per-cpu list returns: with freelist hygiene its pageblock's.

    Before, the page remembers whose list it came from, or its pageblock's type when it was freed
    (get_pcppage_migratetype); it is read anew while pageblocks of the zone are isolated.  The
    model keeps no such memory: what hangs on a list was remembered as the list's type, but for
    CMA and HIGHATOMIC pages on the movable one, whose pageblocks keep those types meanwhile.
    Unmovable and reclaimable huge pages share a list: there too the pageblock tells.
    """
    block_type = get_pageblock_migratetype(s, pfn)
    if has(s, FREELIST_HYGIENE) or s.zone[zone].nr_isolate_pageblock or block_type >= MIGRATE_PCPTYPES:
        return block_type
    if pindex < NR_LOWORDER_PCP_LISTS:
        return Migratetype(pindex % MIGRATE_PCPTYPES)
    return MIGRATE_MOVABLE if pindex > NR_LOWORDER_PCP_LISTS else block_type


@jit
def free_pcppages_bulk(s: State, zone: ZoneIndex, cpu: Cpu, count: int, first: Pindex) -> None:
    """Give ``count`` pages or more back, oldest first, list by list (free_pcppages_bulk).

    ``first``: the list to begin with.  In turn (4.7) that is the movable one; a list's turn is
    one page longer than what was left of the last one, and one more for each empty list on the
    way; a turn of three, meant for the only list that is not empty, takes all.
    """
    count = min(count, s.pcp[zone, cpu].count)
    in_turn = has(s, PCP_ROUND_ROBIN)
    nr_lists = MIGRATE_PCPTYPES if in_turn else NR_PCP_LISTS
    pindex, turn = Pindex((MIGRATE_MOVABLE if in_turn else first) - 1), 0
    while count > 0:
        pindex, steps = next_pcp_list(s, zone, cpu, pindex, nr_lists)
        turn += steps
        if turn == MIGRATE_PCPTYPES or not in_turn:
            turn = count
        head = pcp_list(s, zone, cpu, pindex)
        order = pindex_to_order(s, pindex)
        while count > 0 and turn > 0 and not list_empty(s, head):
            pfn = list_last(s, head)
            remove_from_pcp_list(s, pfn, zone, cpu, order)
            count -= 1 << order
            turn -= 1 << order
            free_one_page(s, pfn, zone, order, type_in_buddy(s, pfn, zone, pindex), HEAD)
            trace_mm_page_pcpu_drain(s, pfn, order, cpu)


@primitive
def nr_pcp_free(s: State, zone: ZoneIndex, cpu: Cpu, high: int, free_high: bool) -> int:
    """How many pages to give back (nr_pcp_free)."""
    pcp = s.pcp[zone, cpu]
    if free_high:
        return min(pcp.count, pcp.batch << s.config[0].pcp_batch_scale_max)  # type: ignore[no-any-return]
    if high < pcp.batch:
        return 1
    return clamp(pcp.free_count, pcp.batch, high - pcp.batch)


@jit
def nr_pcp_high(s: State, zone: ZoneIndex, cpu: Cpu, free_high: bool) -> int:
    """How many pages the lists may hold now; tunes ``high`` (nr_pcp_high)."""
    pcp = s.pcp[zone, cpu]
    high = clamp(pcp.high, pcp.high_min, pcp.high_max)
    pcp.high = high
    if high == 0:
        return 0
    if free_high:
        pcp.high = max(high - (pcp.batch << s.config[0].pcp_batch_scale_max), pcp.high_min)
        return 0
    in_a_row = max(pcp.free_count, pcp.batch)
    if s.zone[zone].zone_flags & ZONE_RECLAIM_ACTIVE:
        pcp.high = max(high - in_a_row, pcp.high_min)
        return min(pcp.batch << 2, pcp.high)  # type: ignore[no-any-return]
    if pcp.high_min == pcp.high_max:
        return high
    if s.zone[zone].zone_flags & ZONE_BELOW_HIGH:
        pcp.high = max(high - in_a_row, pcp.high_min)
        return max(pcp.count, pcp.high_min)  # type: ignore[no-any-return]
    need = pcp.free_count + pcp.batch
    if pcp.count >= high and pcp.high < need:
        pcp.high = clamp(need, pcp.high_min, pcp.high_max)
    return high


@primitive
def count_free(s: State, zone: ZoneIndex, cpu: Cpu, order: Order) -> bool:
    """Note one more free in a row; True when a run of high-order frees must be flushed."""
    pcp = s.pcp[zone, cpu]
    free_high = False
    if order and order <= PAGE_ALLOC_COSTLY_ORDER:
        free_high = (
            pcp.free_count >= pcp.batch
            and pcp.pcp_flags & PCPF_PREV_FREE_HIGH_ORDER != 0
            and (pcp.pcp_flags & PCPF_FREE_HIGH_BATCH == 0 or pcp.count >= pcp.batch)
        )
        pcp.pcp_flags |= PCPF_PREV_FREE_HIGH_ORDER
    else:
        pcp.pcp_flags &= ~PCPF_PREV_FREE_HIGH_ORDER
    if pcp.free_count < pcp.batch << s.config[0].pcp_batch_scale_max:
        pcp.free_count += 1 << order
    return free_high


@primitive
def nr_pcp_free_untuned(s: State, zone: ZoneIndex, cpu: Cpu, high: int) -> int:
    """How many pages to give back where ``high`` is fixed (nr_pcp_free, 6.1; free_hot_cold_page, 4.7)."""
    pcp = s.pcp[zone, cpu]
    if not has(s, PCP_DRAINS_GROW):
        return pcp.batch  # type: ignore[no-any-return]
    if high < pcp.batch:
        return 1
    wanted = pcp.batch << pcp.free_count
    if wanted < high - pcp.batch and pcp.free_count < s.config[0].pcp_batch_scale_max:
        pcp.free_count += 1
    return clamp(wanted, pcp.batch, high - pcp.batch)


@jit
def drain_above_high(s: State, zone: ZoneIndex, cpu: Cpu, order: Order, pindex: Pindex) -> None:
    """Give back what is too much after a free, where ``high`` is fixed.

    free_unref_page_commit, 6.1, which keeps nothing of high orders once drains have begun to
    grow; free_hot_cold_page, 4.7, which has no high orders here.
    """
    pcp = s.pcp[zone, cpu]
    if 0 < order <= PAGE_ALLOC_COSTLY_ORDER and pcp.free_count:
        free_pcppages_bulk(s, zone, cpu, pcp.count, pindex)
        return
    high = pcp.high
    if s.zone[zone].zone_flags & ZONE_RECLAIM_ACTIVE and has(s, PCP_DRAINS_GROW):
        high = min(pcp.batch << 2, high)
    if pcp.count >= high:
        free_pcppages_bulk(s, zone, cpu, nr_pcp_free_untuned(s, zone, cpu, high), pindex)


@jit
def free_unref_page_commit(
    s: State, pfn: Pfn, zone: ZoneIndex, cpu: Cpu, order: Order, migratetype: Migratetype, end: np.bool_
) -> None:
    """Put a freed chunk on its per-cpu list and drain what is too much.

    free_unref_page_commit, 6.12; free_hot_cold_page, 4.7.  ``end``: TAIL for a cold page.
    """
    pcp = s.pcp[zone, cpu]
    pindex = order_to_pindex(migratetype, order)
    add_to_pcp_list(s, pfn, zone, cpu, order, pindex, end)
    if not has(s, PCP_TUNES_ITSELF):
        drain_above_high(s, zone, cpu, order, pindex)
        return
    pcp.alloc_factor >>= 1
    free_high = count_free(s, zone, cpu, order)
    high = nr_pcp_high(s, zone, cpu, free_high)
    if pcp.count < high:
        return
    free_pcppages_bulk(s, zone, cpu, nr_pcp_free(s, zone, cpu, high, free_high), pindex)
    if s.zone[zone].zone_flags & ZONE_BELOW_HIGH and zone_watermark_ok(
        s, zone, Order(0), wmark_pages(s, zone, WMARK_HIGH), ZONE_MOVABLE, NO_ALLOC_FLAGS
    ):
        s.zone[zone].zone_flags &= ~ZONE_BELOW_HIGH


@jit
def drain_pages_zone(s: State, zone: ZoneIndex, cpu: Cpu) -> None:
    """Empty one CPU's lists of a zone, in chunks; in turn, at once (drain_pages_zone)."""
    pcp = s.pcp[zone, cpu]
    if has(s, PCP_ROUND_ROBIN):
        free_pcppages_bulk(s, zone, cpu, pcp.count, Pindex(0))
    while pcp.count > 0:
        chunk = min(pcp.count, pcp.batch << s.config[0].pcp_batch_scale_max)
        free_pcppages_bulk(s, zone, cpu, chunk, Pindex(0))


@jit
def drain_for_holds(s: State, zone: ZoneIndex, cpu: Cpu, holds: int) -> None:
    """The first holds of the zone's lock of a drain: after each others may take it (drain_pages_zone)."""
    pcp = s.pcp[zone, cpu]
    for _ in range(holds):
        free_pcppages_bulk(s, zone, cpu, pcp.batch << s.config[0].pcp_batch_scale_max, Pindex(0))


@jit
def drain_all_pages(s: State, zone: ZoneIndex) -> None:
    """Empty every CPU's lists of a zone, CPU by CPU (drain_all_pages with a zone)."""
    for cpu in range(s.config[0].nr_cpus):
        drain_pages_zone(s, zone, Cpu(cpu))


@jit
def drain_pages(s: State, cpu: Cpu) -> None:
    """Empty one CPU's lists of all zones (drain_pages)."""
    for zone in range(MAX_NR_ZONES):
        drain_pages_zone(s, ZoneIndex(zone), cpu)


@jit
def drain_all_zones(s: State) -> None:
    """Empty every CPU's lists of all zones, CPU by CPU (drain_all_pages without one)."""
    for cpu in range(s.config[0].nr_cpus):
        drain_pages(s, Cpu(cpu))


@jit
def decay_pcp_high(s: State, zone: ZoneIndex, cpu: Cpu) -> None:
    """``high`` falls, and what exceeds it is given back (decay_pcp_high)."""
    pcp = s.pcp[zone, cpu]
    pcp.high_before_decay = pcp.high
    if pcp.high > pcp.high_min:
        chunk = pcp.batch << s.config[0].pcp_batch_scale_max
        pcp.high = max(pcp.count - chunk, pcp.high - (pcp.high >> 3), pcp.high_min)
    excess = pcp.count - pcp.high
    while excess > 0:
        batch = min(excess, pcp.batch)
        free_pcppages_bulk(s, zone, cpu, batch, Pindex(0))
        excess -= batch


@jit
def refresh_zone_stats(s: State, zone: ZoneIndex, cpu: Cpu) -> None:
    """A CPU's periodic timer, one zone's turn (refresh_cpu_vm_stats)."""
    fold_zone_diffs(s, zone, cpu)
    if has(s, PCP_TUNES_ITSELF):
        decay_pcp_high(s, zone, cpu)


@jit
def refresh_cpu_vm_stats(s: State, cpu: Cpu) -> None:
    """A CPU's periodic timer, all zones in turn (refresh_cpu_vm_stats)."""
    for zone in range(MAX_NR_ZONES):
        refresh_zone_stats(s, ZoneIndex(zone), cpu)
