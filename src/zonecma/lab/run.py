"""A load put to a machine: the requests of a program, not of the kernel for itself."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.alloc import alloc_pages, alloc_pages_bulk
from zonecma.kernel.cma import cma_alloc, cma_release
from zonecma.kernel.free import free_pages
from zonecma.kernel.jit import entry, jit
from zonecma.kernel.migrate import place_object
from zonecma.kernel.reference import by_reference
from zonecma.kernel.state import NO_OBJECT, State
from zonecma.kernel.tracepoint import MM_PAGE_ALLOC, trace_reset
from zonecma.kernel.units import NO_PFN, Area, Cpu, Order, Pages, Pfn, User
from zonecma.lab.usage import Usage, account, advance, recount, watch_free
from zonecma.workload.requests import ALLOC, BULK, CMA_ALLOC, CMA_RELEASE, FREE, OF_THE_KERNEL

OUTCOME = np.dtype(
    [
        ("time", "i8"),  # ns, the trace's clock
        ("pages", "i8"),  # frames asked for
        ("start", "i8"),  # first frame; NO_PFN when the call failed
        ("moved", "i8"),  # frames moved out of the way
    ],
    align=True,
)
"""What became of a contiguous call."""


@by_reference
class Run(NamedTuple):
    """What a run writes besides the state."""

    usage: Usage
    calls: NDArray[Any]
    """OUTCOME[calls]"""
    call_start: NDArray[np.int64]
    """i8[objects]: first frame of a call's range; NO_PFN"""
    call_pages: NDArray[np.int64]
    """i8[objects]: frames of a call's range"""
    counts: NDArray[np.int64]
    """i8[2]: calls made, requests that found nothing"""


NR_CALLS, NR_FAILED = 0, 1


@jit
def _alloc(s: State, run: Run, request: Any) -> None:
    pfn = alloc_pages(s, Cpu(request.cpu), User(request.gfp), Order(request.order))
    if pfn == NO_PFN:
        run.counts[NR_FAILED] += 1
        return
    place_object(s, request.object, pfn)
    account(s, run.usage, pfn, 1)


@jit
def _bulk(s: State, run: Run, request: Any) -> None:
    trace_reset(s)
    alloc_pages_bulk(s, Cpu(request.cpu), User(request.gfp), Pages(request.count))
    got = 0
    for i in range(s.config[0].log_length):
        if s.log[i].event == MM_PAGE_ALLOC:
            pfn = Pfn(s.log[i].pfn)
            place_object(s, request.object + got, pfn)
            account(s, run.usage, pfn, 1)
            got += 1
    run.counts[NR_FAILED] += got < request.count


@jit
def _free(s: State, run: Run, request: Any) -> None:
    if request.object == NO_OBJECT or s.object_pfn[request.object] == NO_PFN:
        return  # never allocated here
    pfn = Pfn(s.object_pfn[request.object])
    account(s, run.usage, pfn, -1)
    s.object_pfn[request.object] = NO_PFN
    free_pages(s, Cpu(request.cpu), pfn, Order(s.frame[pfn].order))


@jit
def _call(s: State, run: Run, request: Any, target_user: User) -> None:
    area, pages, align = Area(request.area), Pages(request.count), Order(request.align)
    start, moved = cma_alloc(s, Cpu(request.cpu), area, pages, align, target_user)
    run.call_start[request.object], run.call_pages[request.object] = start, pages
    outcome = run.calls[run.counts[NR_CALLS]]
    run.counts[NR_CALLS] += 1
    outcome.time, outcome.pages, outcome.start, outcome.moved = request.time, pages, start, moved
    if moved:
        recount(s, run.usage)


@jit
def _release(s: State, run: Run, request: Any) -> None:
    if request.object == NO_OBJECT or run.call_start[request.object] == NO_PFN:
        return
    start = Pfn(run.call_start[request.object])
    pages = Pages(min(request.count, run.call_pages[request.object]))
    cma_release(s, Cpu(request.cpu), Area(request.area), start, pages)
    run.call_start[request.object] = NO_PFN


@entry
def begin(s: State, run: Run) -> None:
    """Before the first request: who lives in the areas already, and what is free."""
    recount(s, run.usage)
    watch_free(s, run.usage, run.usage.window[0])


@entry
def run_load(s: State, requests: NDArray[Any], run: Run, target_user: User, first: int, last: int) -> None:
    """Serve ``requests[first:last]``, those that the kernel made for itself left out.

    Targets of migration are allocated with gfp class ``target_user``.
    """
    for i in range(first, last):
        request = requests[i]
        if request.origin & OF_THE_KERNEL:
            continue
        advance(run.usage, request.time)
        trace_reset(s)
        s.config[0].this_cpu = request.cpu
        op = request.op
        if op == ALLOC:
            _alloc(s, run, request)
        elif op == FREE:
            _free(s, run, request)
        elif op == BULK:
            _bulk(s, run, request)
        elif op == CMA_ALLOC:
            _call(s, run, request, target_user)
        elif op == CMA_RELEASE:
            _release(s, run, request)
        watch_free(s, run.usage, request.time)


@entry
def finish(run: Run) -> None:
    """Account the time from the last request to the end of the window."""
    advance(run.usage, run.usage.window[1])
