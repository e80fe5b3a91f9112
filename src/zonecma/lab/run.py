"""A load put to a machine: what programs ask, at their time or later, and what the kernel makes of it.

Contiguous calls and all other requests go on beside each other (lab.streams).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.alloc import alloc_pages_bulk
from zonecma.kernel.balance import run_kswapd
from zonecma.kernel.bonds import FOREVER, REFERENCE, bind
from zonecma.kernel.chance import draw
from zonecma.kernel.cma import begin_cma_alloc, cma_release, is_lent, step_cma_alloc
from zonecma.kernel.fault import make_present, settle_in, touch, write_to
from zonecma.kernel.jit import entry, jit, primitive
from zonecma.kernel.lru import lru_add_new
from zonecma.kernel.memory import ABSENT, ANONYMOUS, IN_MEMORY, Memory
from zonecma.kernel.pin import pin_user_page
from zonecma.kernel.reference import by_reference
from zonecma.kernel.release import release
from zonecma.kernel.state import NO_OBJECT, State
from zonecma.kernel.tracepoint import MM_PAGE_ALLOC, trace_reset
from zonecma.kernel.units import NO_PFN, Area, Cpu, Order, Pages, Pfn, User
from zonecma.kernel.writeback import flush_in_time, write_dirty
from zonecma.lab.streams import (
    CALLERS,
    NO_CALL,
    begin_call,
    begin_request,
    choose,
    end_call,
    end_request,
)
from zonecma.lab.usage import Usage, advance, recount, watch_free
from zonecma.workload.requests import (
    ALLOC,
    BULK,
    CMA_ALLOC,
    CMA_RELEASE,
    DIRTY,
    FLUSH,
    FREE,
    HOLD,
    PIN,
    TOUCH,
)

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
    took: NDArray[np.int64]
    """i8[requests]: ns that each contiguous call took in the recording"""
    wall: NDArray[np.float64]
    """f8[1]: ns that pass while a contiguous call runs for one (workload.call_times)"""
    users: NDArray[np.int64]
    """i8[2]: gfp classes of the targets when pages leave an area: for a call, and before they are pinned"""


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
def _pin(s: State, m: Memory, run: Run, request: Any) -> None:
    """A page is brought to memory and pinned; one that can't leave its area stays unpinned there."""
    if m.page[request.object].where != ABSENT:
        touch(s, m, Cpu(request.cpu), request.object, True)
        pin_user_page(s, m, Cpu(request.cpu), request.object, User(run.users[1]))


@jit
def _hold(s: State, m: Memory, request: Any) -> None:
    """A page is brought to memory and referenced, wherever it is."""
    if m.page[request.object].where != ABSENT:
        touch(s, m, Cpu(request.cpu), request.object, True)
        bind(m, request.object, REFERENCE, FOREVER)


@jit
def _begin_call(m: Memory, run: Run, request: Any, i: int) -> None:
    area, pages, align = Area(request.area), Pages(request.count), Order(request.align)
    begin_cma_alloc(m, Cpu(request.cpu), area, pages, align, User(run.users[0]))
    begin_call(run.streams, i, m.vm[0].now)


@jit
def _end_call(s: State, m: Memory, run: Run, request: Any, took: int) -> None:
    start, pages = Pfn(m.call[0].start), request.count
    run.call_start[request.object], run.call_pages[request.object] = start, pages
    outcome = run.calls[run.nr_calls[0]]
    run.nr_calls[0] += 1
    outcome.time, outcome.pages, outcome.start, outcome.moved = request.time, pages, start, m.call[0].moved
    outcome.took = end_call(run.streams, took)
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
def _serve(s: State, m: Memory, run: Run, request: Any) -> None:
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
    elif op == PIN:
        _pin(s, m, run, request)
    elif op == HOLD:
        _hold(s, m, request)
    elif op == FLUSH:
        write_dirty(s, m, m.vm[0].nr_dirty, m.vm[0].now)
    elif op == CMA_RELEASE:
        _release(s, run, request)


@jit
def _come_to(s: State, m: Memory, cpu: Cpu) -> None:
    """What happened up to now, before a task of this CPU goes on."""
    trace_reset(s)
    s.config[0].this_cpu = cpu
    if m.vm[0].closed:
        flush_in_time(s, m)
        run_kswapd(s, m)


@jit
def _go_on(s: State, m: Memory, run: Run, request: Any, i: int) -> None:
    """The call under way goes on, up to where others may run; while it works, they have their share."""
    vm, callers = m.vm[0], run.streams[CALLERS]
    vm.now = callers.now
    _come_to(s, m, Cpu(request.cpu))
    begun, waited = vm.now, _waited(m)
    is_over = step_cma_alloc(s, m)
    waited = _waited(m) - waited
    callers.now = begun + waited + np.int64(run.wall[0] * max(vm.now - begun - waited, 0))
    vm.now = callers.now
    if is_over:
        _end_call(s, m, run, request, run.took[i])
        watch_free(s, run.usage, request.time)


@jit
def _begin(
    s: State, m: Memory, run: Run, requests: NDArray[Any], i: int, stalled: int, reads_on: int
) -> None:
    """The request's time has come."""
    vm = m.vm[0]
    vm.now = begin_request(run.streams, requests, i, stalled)
    advance(run.usage, requests[i].time, vm.now)
    _come_to(s, m, Cpu(requests[i].cpu))
    vm.read_on = reads_on


@jit
def _request(s: State, m: Memory, run: Run, request: Any) -> None:
    """Any but a contiguous call, from its beginning to its end."""
    vm = m.vm[0]
    begun, waited = vm.now, _waited(m)
    _serve(s, m, run, request)
    waited = _waited(m) - waited
    vm.now = begun + waited
    end_request(run.streams, request, waited, vm.now)
    if run.streams[CALLERS].under_way == NO_CALL:  # what a call has isolated is on no account
        watch_free(s, run.usage, request.time)


@entry
def run_load(
    s: State,
    m: Memory,
    requests: NDArray[Any],
    stalls: NDArray[np.int64],
    follows: NDArray[np.uint8],
    run: Run,
    count: int,
) -> None:
    """Serve the next ``count`` requests of the streams, and the call that is under way then.

    ``stalls``: i8[requests], ns that each waited for in the recording.  ``follows``: u1[requests], 1 for
    a page of the same file as the request before it.
    """
    served = 0
    while True:
        i = choose(run.streams, requests, stalls)
        if i == requests.size:
            return
        if i == run.streams[CALLERS].under_way:
            _go_on(s, m, run, requests[i], i)
            continue
        if served == count:
            return
        served += 1
        _begin(s, m, run, requests, i, stalls[i], follows[i])
        if requests[i].op == CMA_ALLOC:
            _begin_call(m, run, requests[i], i)
        else:
            _request(s, m, run, requests[i])


@entry
def finish(m: Memory, run: Run) -> None:
    """Account the time from the last request to the end of the window."""
    end = run.usage.window[1]
    for stream in run.streams:
        m.vm[0].now = max(m.vm[0].now, stream.now, end + stream.delay)
    advance(run.usage, end, m.vm[0].now)
