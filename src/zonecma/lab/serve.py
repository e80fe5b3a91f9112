"""A recorded request, put to the model.  It knows nothing of what the kernel chose."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from zonecma.kernel.alloc import (
    alloc_pages,
    alloc_pages_bulk,
    alloc_pages_memalloc,
    alloc_pages_slow,
    find_no_zone,
)
from zonecma.kernel.cma import FREE as BITS_FREE
from zonecma.kernel.cma import mark_bits, range_zone
from zonecma.kernel.compaction import (
    begin_search,
    fast_find_migrateblock,
    fast_isolate_freepages,
    isolate_free_page,
)
from zonecma.kernel.free import free_pages
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.kswapd import begin_balance, end_balance, wakeup_kswapd
from zonecma.kernel.pcp import (
    drain_for_holds,
    drain_pages,
    drain_pages_zone,
    refresh_cpu_vm_stats,
    refresh_zone_stats,
)
from zonecma.kernel.state import State
from zonecma.kernel.tracepoint import trace_reset
from zonecma.kernel.units import NO_PFN, Area, Cpu, Order, Pages, Pfn, User, ZoneIndex
from zonecma.lab.calls import begin_call, end_range, next_range, test_range
from zonecma.workload.requests import (
    AFTER_RECLAIM,
    ALLOC,
    BULK,
    CMA_ALLOC,
    CMA_FINISH,
    CMA_RELEASE,
    CMA_RETRY,
    CMA_TEST,
    COMPACT_BEGIN,
    COMPACT_SOURCE,
    COMPACT_TARGET,
    DRAIN_ALL,
    DRAIN_CPU,
    FREE,
    KSWAPD_BEGIN,
    KSWAPD_END,
    NO_AREA,
    RECLAIM,
    TAKE_FREE,
    TIMER_DRAIN,
    WAKEUP_KSWAPD,
    WITHIN_RECLAIM,
)


@jit
def _drain(s: State, cpu: Cpu, pfn: Pfn) -> None:
    """A CPU's lists of the zone with this frame; of all zones where none is told."""
    if pfn == NO_PFN:
        drain_pages(s, cpu)
    else:
        drain_pages_zone(s, ZoneIndex(s.frame[pfn].zone), cpu)


@jit
def _drain_cpu(s: State, calls: NDArray[Any], request: Any) -> None:
    """One CPU's lists, of the zone of a contiguous call that has isolated a range, or of all zones."""
    cpu = Cpu(request.count)
    if request.area == NO_AREA:
        _drain(s, cpu, Pfn(request.pfn))
        return
    start = Pfn(calls[request.area].start)
    if start == NO_PFN or not calls[request.area].isolated:
        return
    if request.locked:
        drain_for_holds(s, range_zone(s, start), cpu, request.locked)
    else:
        drain_pages_zone(s, range_zone(s, start), cpu)


@primitive
def come_to(s: State, request: Any) -> None:
    """An empty log, the request's CPU, and the per-cpu lists that it finds locked."""
    trace_reset(s)
    s.config[0].this_cpu, s.config[0].pcp_locked = request.cpu, request.locked


@jit
def _alloc(s: State, cpu: Cpu, user: User, order: Order, reclaim: int) -> Pfn:
    if reclaim == AFTER_RECLAIM:
        return alloc_pages_slow(s, cpu, user, order)
    if reclaim == WITHIN_RECLAIM:
        return alloc_pages_memalloc(s, cpu, user, order)
    return alloc_pages(s, cpu, user, order)


@jit
def serve(s: State, calls: NDArray[Any], request: Any) -> Pfn:
    """Do what a request asks; what was chosen stands in the model's log.

    Returns the frame that an ALLOC got; of a contiguous call the first frame that is not free
    (CMA_TEST), the first of the range that was busy (CMA_RETRY) or taken (CMA_FINISH); else NO_PFN.
    """
    come_to(s, request)
    op, cpu, user, order = request.op, Cpu(request.cpu), User(request.gfp), Order(request.order)
    area, count, align = Area(request.area), Pages(request.count), Order(request.align)
    if op == ALLOC:
        return _alloc(s, cpu, user, order, request.align)
    if op == FREE:
        free_pages(s, cpu, Pfn(request.pfn), order)
    elif op == BULK:
        alloc_pages_bulk(s, cpu, user, count)
    elif op == CMA_ALLOC:
        begin_call(s, calls[area], area, count, align)
    elif op == CMA_TEST:
        return test_range(s, calls[area])
    elif op == CMA_RETRY:
        tried = Pfn(calls[area].start)
        next_range(s, calls[area], area, count, align)
        return tried
    elif op == CMA_FINISH:
        end_range(s, calls[area], area)
        return Pfn(calls[area].chosen)
    elif op == CMA_RELEASE:
        mark_bits(s, area, Pfn(request.pfn), count, BITS_FREE)
    elif op == TIMER_DRAIN:
        if request.pfn == NO_PFN:
            refresh_cpu_vm_stats(s, cpu)
        else:
            refresh_zone_stats(s, ZoneIndex(s.frame[request.pfn].zone), cpu)
    elif op == DRAIN_ALL:
        _drain(s, Cpu(0), Pfn(request.pfn))
    elif op == DRAIN_CPU:
        _drain_cpu(s, calls, request)
    elif op == TAKE_FREE:
        isolate_free_page(s, Pfn(request.pfn), order)
    elif op == COMPACT_BEGIN:
        begin_search(s, order)
    elif op == COMPACT_SOURCE:
        fast_find_migrateblock(s, order, Pfn(request.count), Pfn(request.object), Pfn(request.pfn))
    elif op == COMPACT_TARGET:
        fast_isolate_freepages(s, order, Pfn(request.count), Pfn(request.object))
    elif op == RECLAIM:
        find_no_zone(s, user, order)
    elif op == WAKEUP_KSWAPD:
        wakeup_kswapd(s, ZoneIndex(s.gfp[user].highest_zone))
    elif op == KSWAPD_BEGIN:
        begin_balance(s)
    elif op == KSWAPD_END:
        end_balance(s)
    return NO_PFN
