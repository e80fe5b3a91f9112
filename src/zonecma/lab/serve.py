"""A recorded request, put to the model.  It knows nothing of what the kernel chose."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from zonecma.kernel.alloc import alloc_pages, alloc_pages_bulk
from zonecma.kernel.cma import FREE as BITS_FREE
from zonecma.kernel.cma import mark_bits, range_zone
from zonecma.kernel.free import free_pages
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.kswapd import begin_balance, end_balance, wakeup_kswapd
from zonecma.kernel.offline import take_chunk
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
from zonecma.lab.calls import FIRST_CPU, begin_call, end_range, next_range, test_range
from zonecma.workload.requests import (
    ALLOC,
    BULK,
    CMA_ALLOC,
    CMA_FINISH,
    CMA_RELEASE,
    CMA_RETRY,
    CMA_TEST,
    DRAIN_ALL,
    DRAIN_CPU,
    FREE,
    KSWAPD_BEGIN,
    KSWAPD_END,
    NO_AREA,
    TAKE_FREE,
    TIMER_DRAIN,
    WAKEUP_KSWAPD,
)


@jit
def _drain_cpu(s: State, calls: NDArray[Any], request: Any) -> None:
    """One more CPU's lists, of the zone of a contiguous call that has a range, or of all zones."""
    cpu = Cpu(request.count)
    if request.area == NO_AREA:
        drain_pages(s, cpu)
        return
    start = Pfn(calls[request.area].start)
    if start != NO_PFN and request.locked:
        drain_for_holds(s, range_zone(s, start), cpu, request.locked)
    elif start != NO_PFN:
        drain_pages_zone(s, range_zone(s, start), cpu)


@primitive
def come_to(s: State, request: Any) -> None:
    """An empty log, the request's CPU, and the per-cpu lists that it finds locked."""
    trace_reset(s)
    s.config[0].this_cpu, s.config[0].pcp_locked = request.cpu, request.locked


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
        return alloc_pages(s, cpu, user, order)
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
        drain_pages(s, FIRST_CPU)
    elif op == DRAIN_CPU:
        _drain_cpu(s, calls, request)
    elif op == TAKE_FREE:
        take_chunk(s, Pfn(request.pfn), order)
    elif op == WAKEUP_KSWAPD:
        wakeup_kswapd(s, ZoneIndex(s.gfp[user].highest_zone))
    elif op == KSWAPD_BEGIN:
        begin_balance(s)
    elif op == KSWAPD_END:
        end_balance(s)
    return NO_PFN
