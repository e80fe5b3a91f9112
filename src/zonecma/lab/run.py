"""A load put to a machine: what programs ask, at their time or later, and what the kernel makes of it.

Contiguous calls and all other requests go on beside each other (lab.streams).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.alloc import alloc_pages_bulk
from zonecma.kernel.balance import run_kswapd
from zonecma.kernel.chance import draw
from zonecma.kernel.cma import cma_alloc, cma_release, is_lent
from zonecma.kernel.fault import make_present, settle_in, touch, write_to
from zonecma.kernel.jit import entry, jit, primitive
from zonecma.kernel.lru import lru_add_new
from zonecma.kernel.memory import ABSENT, ANONYMOUS, IN_MEMORY, Memory
from zonecma.kernel.reference import by_reference
from zonecma.kernel.release import release
from zonecma.kernel.state import NO_OBJECT, State
from zonecma.kernel.tracepoint import MM_PAGE_ALLOC, trace_reset
from zonecma.kernel.units import NO_PFN, Area, Cpu, Order, Pages, Pfn, User
from zonecma.kernel.writeback import flush_in_time
from zonecma.lab.streams import begin_request, choose, end_request
from zonecma.lab.usage import Usage, advance, recount, watch_free
from zonecma.workload.requests import ALLOC, BULK, CMA_ALLOC, CMA_RELEASE, DIRTY, FREE, TOUCH

OUTCOME = np.dtype(
    [
        ("time", "i8"),  # ns, the trace's clock
        ("pages", "i8"),  # frames asked for
        ("start", "i8"),  # first frame; NO_PFN when the call failed
        ("moved", "i8"),  # frames moved out of the way
        ("took", "i8"),  # ns
    ],
    align=True,
)
"""What became of a contiguous call."""


@by_reference
class Run(NamedTuple):
    """What a run writes besides the state and its memory."""

    usage: Usage
    calls: NDArray[Any]
    """OUTCOME[calls]"""
    call_start: NDArray[np.int64]
    """i8[objects]: first frame of a call's range; NO_PFN"""
    call_pages: NDArray[np.int64]
    """i8[objects]: frames of a call's range"""
    streams: NDArray[Any]
    """STREAM[NR_STREAMS]"""
    nr_calls: NDArray[np.int64]
    """i8[1]: calls made"""


_TRIES = 8
_NEARBY = 1 << 16
"""Objects, by number, among which another one of a task's is looked for"""


@jit
def _bulk(s: State, m: Memory, request: Any) -> None:
    trace_reset(s)
    alloc_pages_bulk(s, Cpu(request.cpu), User(request.gfp), Pages(request.count))
    got = 0
    for i in range(s.config[0].log_length):
        if s.log[i].event == MM_PAGE_ALLOC:
            settle_in(s, m, request.object + got, Pfn(s.log[i].pfn))
            got += 1
    m.vm[0].failed += got < request.count


@jit
def _free(s: State, m: Memory, request: Any) -> None:
    if request.object != NO_OBJECT and m.page[request.object].where != ABSENT:
        release(s, m, Cpu(request.cpu), request.object)


@jit
def _dirty(s: State, m: Memory, request: Any) -> None:
    """A page is written to, after it was brought to memory."""
    where = m.page[request.object].where
    if where == IN_MEMORY:
        write_to(s, m, request.object)
    elif where != ABSENT:
        touch(s, m, Cpu(request.cpu), request.object, True)


@jit
def _touch_untold(s: State, m: Memory, request: Any) -> None:
    """Accesses of the same task that no trace shows, for what they met lay in memory: any of its pages."""
    task, last = m.page[request.object].task, min(request.object + _NEARBY, m.vm[0].first_list)
    first = max(request.object - _NEARBY, 0)
    for _ in range(request.count):
        for _ in range(_TRIES):
            obj = first + draw(m, last - first)
            page = m.page[obj]
            if page.task == task and page.kind == ANONYMOUS and page.where != ABSENT:
                touch(s, m, Cpu(request.cpu), obj, False)
                break


@jit
def _touch(s: State, m: Memory, request: Any) -> None:
    if m.page[request.object].where != ABSENT:
        touch(s, m, Cpu(request.cpu), request.object, False)
    _touch_untold(s, m, request)


@jit
def _call(s: State, m: Memory, run: Run, request: Any, target_user: User) -> None:
    area, pages, align, begun = Area(request.area), Pages(request.count), Order(request.align), m.vm[0].now
    start, moved = cma_alloc(s, m, Cpu(request.cpu), area, pages, align, target_user)
    run.call_start[request.object], run.call_pages[request.object] = start, pages
    outcome = run.calls[run.nr_calls[0]]
    run.nr_calls[0] += 1
    outcome.time, outcome.pages, outcome.start, outcome.moved = request.time, pages, start, moved
    outcome.took = m.vm[0].now - begun
    if start != NO_PFN and is_lent(s, start):
        run.usage.held[1] += pages


@jit
def _release(s: State, run: Run, request: Any) -> None:
    if request.object == NO_OBJECT or run.call_start[request.object] == NO_PFN:
        return
    start = Pfn(run.call_start[request.object])
    pages = Pages(min(request.count, run.call_pages[request.object]))
    cma_release(s, Cpu(request.cpu), Area(request.area), start, pages)
    run.call_start[request.object] = NO_PFN
    if is_lent(s, start):
        run.usage.held[1] -= pages


@entry
def begin(s: State, m: Memory, run: Run, objects: NDArray[np.int64]) -> None:
    """Before the first request: who lives in memory already, in the order of arrival, and what is free."""
    for obj in objects:
        if s.object_pfn[obj] != NO_PFN:
            m.page[obj].where, m.page[obj].order = IN_MEMORY, s.frame[s.object_pfn[obj]].order
            lru_add_new(s, m, obj)
    recount(s, m)
    watch_free(s, run.usage, run.usage.window[0])


@primitive
def _waited(m: Memory) -> int:
    """Nanoseconds that all requests so far have waited."""
    return m.vm[0].stall_ns + m.vm[0].io_ns  # type: ignore[no-any-return]


@jit
def _serve(s: State, m: Memory, run: Run, request: Any, target_user: User) -> None:
    op = request.op
    if op == ALLOC:
        make_present(s, m, Cpu(request.cpu), request.object)
    elif op == FREE:
        _free(s, m, request)
    elif op == TOUCH:
        _touch(s, m, request)
    elif op == DIRTY:
        _dirty(s, m, request)
    elif op == BULK:
        _bulk(s, m, request)
    elif op == CMA_ALLOC:
        _call(s, m, run, request, target_user)
    elif op == CMA_RELEASE:
        _release(s, run, request)


@entry
def run_load(
    s: State,
    m: Memory,
    requests: NDArray[Any],
    stalls: NDArray[np.int64],
    follows: NDArray[np.uint8],
    run: Run,
    target_user: User,
    count: int,
) -> None:
    """Serve the next ``count`` requests of the streams.

    ``stalls``: i8[requests], ns that each waited for in the recording.  ``follows``: u1[requests], 1 for
    a page of the same file as the request before it.  Targets of migration are allocated with gfp class
    ``target_user``.
    """
    vm = m.vm[0]
    for _ in range(count):
        i = choose(run.streams, requests, stalls)
        request = requests[i]
        vm.now = begin_request(run.streams, requests, i, stalls[i])
        advance(run.usage, request.time, vm.now)
        trace_reset(s)
        s.config[0].this_cpu = request.cpu
        if vm.closed:
            flush_in_time(s, m)
            run_kswapd(s, m)
        vm.read_on = follows[i]
        begun, waited = vm.now, _waited(m)
        _serve(s, m, run, request, target_user)
        waited = _waited(m) - waited
        vm.now = begun + waited
        end_request(run.streams, request, waited, vm.now)
        watch_free(s, run.usage, request.time)


@entry
def finish(m: Memory, run: Run) -> None:
    """Account the time from the last request to the end of the window."""
    end = run.usage.window[1]
    for stream in run.streams:
        m.vm[0].now = max(m.vm[0].now, stream.now, end + stream.delay)
    advance(run.usage, end, m.vm[0].now)
