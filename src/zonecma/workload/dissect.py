"""From trace events to requests, and what the kernel chose for each: one compiled pass.

The trace says when a page was allocated, not which request refilled a per-cpu list: a
refill's events precede the allocation's on that CPU.  Drained pages follow the free that
caused them; those that follow no free were drained by something else, a timer or a path
that empties all lists.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.events import EVENT_ID
from zonecma.kernel.jit import entry, jit, primitive
from zonecma.kernel.reference import by_reference
from zonecma.workload.compactions import NONE, Compactions, follow, keeps
from zonecma.workload.fates import LISTED, PASSED
from zonecma.workload.locks import (
    NO_CPU,
    NOBODY,
    Locks,
    come_between,
    commit,
    drains_next,
    emptied_from_afar,
    emptied_until_now,
    hold_again,
    prepare,
)
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
    NO_RECLAIM,
    OF_THE_KERNEL,
    RECLAIM,
    TAKE_FREE,
    TIMER_DRAIN,
    UNKNOWN_GFP,
    WAKEUP_KSWAPD,
    WITHIN_RECLAIM,
)
from zonecma.workload.ticks import ALL_ZONES, FIRST_ZONE

_ALLOC = EVENT_ID["mm_page_alloc"]
_FREE = EVENT_ID["mm_page_free"]
_FREE_BATCHED = EVENT_ID["mm_page_free_batched"]
_ZONE_LOCKED = EVENT_ID["mm_page_alloc_zone_locked"]
_DRAIN = EVENT_ID["mm_page_pcpu_drain"]
_EXTFRAG = EVENT_ID["mm_page_alloc_extfrag"]
_CMA_START = EVENT_ID["cma_alloc_start"]
_CMA_RETRY = EVENT_ID["cma_alloc_busy_retry"]
_CMA_FINISH = EVENT_ID["cma_alloc_finish"]
_CMA_RELEASE = EVENT_ID["cma_release"]
_TESTED = EVENT_ID["test_pages_isolated"]
_BULK = EVENT_ID["bulk"]
_BULK_PAGE = EVENT_ID["bulk_page"]
_DECAY = EVENT_ID["decay"]
_WAKEUP = EVENT_ID["mm_vmscan_wakeup_kswapd"]
_KSWAPD_WAKE = EVENT_ID["mm_vmscan_kswapd_wake"]
_ISOLFREE = EVENT_ID["isolfree"]
_COMPACT_BEGIN = EVENT_ID["mm_compaction_begin"]
_KCOMPACTD_WAKE = EVENT_ID["mm_compaction_kcompactd_wake"]
_SCANNED = EVENT_ID["mm_compaction_isolate_migratepages"]
_SEARCHED = EVENT_ID["mm_compaction_fast_isolate_freepages"]
_RECLAIM_BEGIN = EVENT_ID["mm_vmscan_direct_reclaim_begin"]
_RECLAIM_END = EVENT_ID["mm_vmscan_direct_reclaim_end"]

CONTIGUOUS = -2
"""Owner of a frame that a contiguous call holds."""

_PCP_ORDERS = 3
"""Orders up to this one have per-cpu lists, and so has the pageblock's."""


@by_reference
class Facts(NamedTuple):
    """What is known of the trace beforehand."""

    batched: NDArray[np.uint8]
    """u1[events]: 1 for a mm_page_free that a later mm_page_free_batched commits"""
    fates: NDArray[np.uint8]
    """u1[events]: where each mm_page_free went, as ``fates.py`` marks it"""
    ticks: NDArray[np.uint8]
    """u1[events]: the vmstat worker's runs, as ``ticks.py`` marks them"""
    zone_start: NDArray[np.int64]
    """i8[zones]: a frame of each zone"""
    rests: NDArray[np.uint8]
    """u1[events]: 1 where kswapd is done with a round, after the event"""
    zone: NDArray[np.uint8]
    """u1[frames]: each frame's zone"""
    hold: NDArray[np.int64]
    """i8[zones]: pages that a drain of a CPU's lists frees under one hold of the zone's lock"""
    gfp: NDArray[np.uint8]
    """u1[events]: index of the gfp mask"""
    target: NDArray[np.uint8]
    """u1[gfp masks]: 1 where migration asks for its targets with this mask"""
    worker: NDArray[np.uint8]
    """u1[words]: 1 for the tasks that are kworkers"""
    area: NDArray[np.uint8]
    """u1[words]: index of the CMA area with this name; NO_AREA"""
    area_pages: NDArray[np.int64]
    """i8[areas]: frames of each area"""
    bulk_gfp: int
    """index of the gfp mask that bulk allocations are taken to have"""
    pageblock_order: int
    claims_alone: int
    """1 where a claimed pageblock leaves its list with mm_page_alloc_extfrag alone (6.12.117)"""


@by_reference
class Books(NamedTuple):
    """Who owns what, while the pass reads."""

    owner: NDArray[np.int32]
    """i4[frames]: the object whose chunk starts here; NOBODY, CONTIGUOUS"""
    call_at: NDArray[np.int32]
    """i4[frames]: the contiguous call whose range starts here; NOBODY"""
    free_order: NDArray[np.uint8]
    """u1[frames]: order of the batched free that waits for its commit"""
    object_gfp: NDArray[np.uint8]
    """u1[objects]: index of the gfp mask; UNKNOWN_GFP"""
    object_order: NDArray[np.uint8]
    """u1[objects]"""
    object_origin: NDArray[np.uint8]
    """u1[objects]: OF_THE_KERNEL"""
    call_of_task: NDArray[np.int32]
    """i4[words]: the contiguous call that a task is in; NOBODY"""
    area_of_task: NDArray[np.uint8]
    """u1[words]: the area of that call"""
    range_request: NDArray[np.int32]
    """i4[words]: the request that began the range, until the task's next event; NOBODY"""
    last_event: NDArray[np.int64]
    """i8[words]: the last event of each task; NOBODY"""
    round_at: NDArray[np.int64]
    """i8[1]: the event with which kswapd last began a round"""
    last_task: NDArray[np.int64]
    """i8[cpus]: task of the last event on each CPU"""
    freeing: NDArray[np.int64]
    """i8[cpus]: the request that a drain would follow on each CPU; NOBODY"""
    reclaim: NDArray[np.uint8]
    """u1[words]: how each task stands to reclaim; AFTER_RECLAIM until the allocation that it was for"""
    locks: Locks
    compactions: Compactions
    contended: NDArray[np.uint8]
    """u1[cpus]: 1 when another CPU was emptying this one's lists as the waiting refills began"""
    waiting: NDArray[np.int64]
    """i8[cpus]: the last refill that waits for its allocation; NOBODY"""
    refilled_at: NDArray[np.int64]
    """i8[cpus]: the event with which the waiting refills began"""
    draining: NDArray[np.int64]
    """i8[cpus]: the request that drained last on each CPU"""
    targets: NDArray[np.int32]
    """i4[]: targets of the running migration"""
    found: NDArray[np.int32]
    """i4[, 2]: objects that only their free showed to be alive, and their frames"""
    used: NDArray[np.int64]
    """i8[9]: how many of each there are, by the names below; and the event that is read"""


NR_OBJECTS, NR_REQUESTS, NR_ALLOCATED, NR_REFILLED, NR_DRAINED = 0, 1, 2, 3, 4
FIRST_TARGET, NR_TARGETS, NR_FOUND, AT_EVENT = 5, 6, 7, 8


@by_reference
class Output(NamedTuple):
    """Requests, and the recorded chunks with the request that owns each (NOBODY: none)."""

    requests: NDArray[Any]
    """REQUEST[]"""
    locked_at: NDArray[np.int64]
    """i8[]: the event at which each request had the zone's lock, as far as the trace tells"""
    allocated: NDArray[np.int32]
    """i4[, 3]: frame, order, request"""
    refilled: NDArray[np.int32]
    """i4[, 4]: frame, order, request, the refill before it on this CPU"""
    drained: NDArray[np.int32]
    """i4[, 3]: frame, order, request"""


@entry
def mark_batched(events: NDArray[Any], waits: NDArray[np.uint8], batched: NDArray[np.uint8]) -> None:
    """Find the frees that are committed by a later mm_page_free_batched of the same frame.

    ``waits``: u1[frames], all zero.
    """
    for i in range(events.size - 1, -1, -1):
        event, pfn = events[i].event, events[i].pfn
        batched[i] = 0
        if event == _FREE_BATCHED:
            waits[pfn] = 1
        elif event == _FREE:
            batched[i] = waits[pfn]
            waits[pfn] = 0
        elif event == _ALLOC and pfn >= 0:
            waits[pfn] = 0


@jit
def _emit(books: Books, out: Output, event: Any, op: int, origin: int) -> int:
    """Append a request; returns its number."""
    number = books.used[NR_REQUESTS]
    books.used[NR_REQUESTS] += 1
    request = out.requests[number]
    out.locked_at[number] = books.used[AT_EVENT]
    request.time, request.line, request.cpu = event.time, event.line, event.cpu
    request.op, request.origin = op, origin
    request.pfn, request.object, request.count = -1, NOBODY, 0
    request.order, request.gfp, request.area, request.align, request.locked = 0, 0, 0, 0, 0
    return number  # type: ignore[no-any-return]


@primitive
def _append(books: Books, what: int, rows: NDArray[np.int32], pfn: int, order: int, request: int) -> int:
    """Append a recorded chunk; returns its row."""
    row = books.used[what]
    books.used[what] += 1
    rows[row, 0], rows[row, 1], rows[row, 2] = pfn, order, request
    return row  # type: ignore[no-any-return]


@jit
def _new_object(books: Books, gfp: int, order: int, origin: int) -> int:
    number = books.used[NR_OBJECTS]
    books.used[NR_OBJECTS] += 1
    books.object_gfp[number], books.object_order[number] = gfp, order
    books.object_origin[number] = origin
    return number  # type: ignore[no-any-return]


@primitive
def _in_call(books: Books, event: Any) -> bool:
    return books.call_of_task[event.task] != NOBODY  # type: ignore[no-any-return]


@jit
def _refill(books: Books, out: Output, facts: Facts, events: NDArray[Any], i: int) -> None:
    """A chunk left the buddy lists; which request wanted it will be seen.

    Older kernels move a chunk to another type's list first (mm_page_alloc_extfrag), and take one
    from there then, with an event of its own.
    """
    event = events[i]
    if event.event == _EXTFRAG and not facts.claims_alone:
        return
    last = books.waiting[event.cpu]
    if event.event == _EXTFRAG and last != NOBODY and out.refilled[last, 0] == event.pfn:
        return  # the second event of the same chunk: claimed, then taken from its new list
    come_between(books.locks, event.cpu)
    row = _append(books, NR_REFILLED, out.refilled, event.pfn, event.order, NOBODY)
    out.refilled[row, 3] = last
    books.waiting[event.cpu] = row
    books.locks.home[event.pfn] = event.cpu
    if last == NOBODY:
        books.refilled_at[event.cpu] = i
        afar = emptied_from_afar(books.locks, events, i, event.cpu)
        books.contended[event.cpu] = afar or emptied_until_now(books.locks, event.cpu)


@jit
def _claim_refills(books: Books, out: Output, cpu: int, request: int) -> None:
    """Give the CPU's waiting refills to the request that they served; NOBODY drops them."""
    row = books.waiting[cpu]
    while row != NOBODY:
        out.refilled[row, 2] = request
        row = out.refilled[row, 3]
    books.waiting[cpu] = NOBODY


@primitive
def _has_pcp_list(facts: Facts, order: int) -> bool:
    return order <= _PCP_ORDERS or order == facts.pageblock_order


@primitive
def _is_locked_out(books: Books, out: Output, event: Any) -> bool:
    """Whether an allocation took the only chunk that left the buddy lists while its CPU's were emptied."""
    row = books.waiting[event.cpu]
    if row == NOBODY or not books.contended[event.cpu] or out.refilled[row, 3] != NOBODY:
        return False
    return out.refilled[row, 0] == event.pfn  # type: ignore[no-any-return]


@jit
def _alloc(books: Books, out: Output, facts: Facts, event: Any, gfp: int) -> None:
    origin = OF_THE_KERNEL if _in_call(books, event) else 0
    number = _emit(books, out, event, ALLOC, origin)
    request = out.requests[number]
    request.order, request.gfp, request.align = event.order, gfp, books.reclaim[event.task]
    if request.align == AFTER_RECLAIM:
        books.reclaim[event.task] = NO_RECLAIM
    request.object = _new_object(books, gfp, event.order, origin)
    if books.waiting[event.cpu] != NOBODY:
        out.locked_at[number] = books.refilled_at[event.cpu]
    has_list = _has_pcp_list(facts, event.order)
    if has_list and _is_locked_out(books, out, event):
        request.locked = 1 + facts.zone[event.pfn]
    _claim_refills(books, out, event.cpu, number if has_list else NOBODY)
    if event.pfn < 0:
        return
    _append(books, NR_ALLOCATED, out.allocated, event.pfn, event.order, number)
    books.owner[event.pfn] = request.object
    if origin and facts.target[gfp]:
        books.targets[books.used[NR_TARGETS]] = event.pfn
        books.used[NR_TARGETS] += 1


@jit
def _bulk(books: Books, out: Output, facts: Facts, events: NDArray[Any], i: int) -> None:
    """A bulk allocation and the frames that the probe saw.

    Frames that are alive already came through mm_page_alloc (the bulk interface falls back
    to a single page), or were in the caller's array before.
    """
    event = events[i]
    last = i + 1
    alive = 0
    while last < events.size and events[last].event == _BULK_PAGE and events[last].line == event.line:
        alive += books.owner[events[last].pfn] != NOBODY
        last += 1
    if event.a <= alive:
        return
    number = _emit(books, out, event, BULK, OF_THE_KERNEL if _in_call(books, event) else 0)
    request = out.requests[number]
    request.count, request.gfp = event.a - alive, facts.bulk_gfp
    request.object = books.used[NR_OBJECTS]
    for _ in range(event.a - alive):
        _new_object(books, facts.bulk_gfp, 0, request.origin)
    if books.waiting[event.cpu] != NOBODY:
        out.locked_at[number] = books.refilled_at[event.cpu]
    _claim_refills(books, out, event.cpu, number)
    number_of_page = 0
    for page in range(i + 1, last):
        pfn = events[page].pfn
        if books.owner[pfn] == NOBODY:
            _append(books, NR_ALLOCATED, out.allocated, pfn, 0, number)
            books.owner[pfn] = request.object + number_of_page
            number_of_page += 1


@jit
def _next_target(books: Books) -> int:
    """The frame that the next migrated page went to; NOBODY."""
    if books.used[FIRST_TARGET] == books.used[NR_TARGETS]:
        return NOBODY
    books.used[FIRST_TARGET] += 1
    return books.targets[books.used[FIRST_TARGET] - 1]  # type: ignore[no-any-return]


@jit
def _drop_target(books: Books, pfn: int) -> bool:
    """Whether a frame was a target that is given back unused; forgets it."""
    for i in range(books.used[FIRST_TARGET], books.used[NR_TARGETS]):
        if books.targets[i] == pfn:
            for j in range(i, books.used[NR_TARGETS] - 1):
                books.targets[j] = books.targets[j + 1]
            books.used[NR_TARGETS] -= 1
            return True
    return False


@jit
def _free_within_call(books: Books, pfn: int) -> int:
    """Flags of a free that the caller of a contiguous allocation makes.

    A migrated page lives on in its target, and targets are handed out in the order in which
    pages are freed.  A page without a target is clean cache that was dropped: freed indeed.
    """
    owner = books.owner[pfn]
    if owner < 0 or books.object_origin[owner] & OF_THE_KERNEL:
        _drop_target(books, pfn)
        return OF_THE_KERNEL
    target = _next_target(books)
    if target == NOBODY:
        return 0
    books.owner[target] = owner
    return OF_THE_KERNEL


@jit
def _locked_zone(books: Books, out: Output, facts: Facts, events: NDArray[Any], i: int) -> int:
    """1 + the zone whose lists are locked for a free that tells of no commit; 0."""
    cpu, pfn = events[i].cpu, events[i].pfn
    if facts.fates[i] == LISTED:
        return 0
    if facts.fates[i] == PASSED:
        return 1 + facts.zone[pfn]  # type: ignore[no-any-return]
    if books.locks.committed[cpu] != NOBODY:
        return 1 + facts.zone[books.locks.committed[cpu]]  # type: ignore[no-any-return]
    row = books.waiting[cpu]
    if row != NOBODY and _has_pcp_list(facts, out.refilled[row, 1]):
        return 1 + facts.zone[out.refilled[row, 0]]  # type: ignore[no-any-return]
    return 1 + facts.zone[pfn] if emptied_from_afar(books.locks, events, i, cpu) else 0


@jit
def _free(books: Books, out: Output, facts: Facts, events: NDArray[Any], i: int, order: int) -> None:
    event = events[i]
    pfn, owner = event.pfn, books.owner[event.pfn]
    if _in_call(books, event):
        origin = _free_within_call(books, pfn)
    elif owner == CONTIGUOUS or (owner >= 0 and books.object_origin[owner] & OF_THE_KERNEL):
        origin = OF_THE_KERNEL
    else:
        origin = 0
    if owner == NOBODY and origin == 0:
        owner = _new_object(books, UNKNOWN_GFP, order, 0)
        row = books.used[NR_FOUND]
        books.used[NR_FOUND] += 1
        books.found[row, 0], books.found[row, 1] = owner, pfn
    books.owner[pfn] = NOBODY
    number = _emit(books, out, event, FREE, origin)
    request = out.requests[number]
    request.pfn, request.order, request.object = pfn, order, owner
    if event.event == _FREE:
        request.locked = _locked_zone(books, out, facts, events, i)
    books.locks.home[pfn] = event.cpu
    books.freeing[event.cpu] = number


@jit
def _prepare(books: Books, event: Any) -> None:
    """A free that is committed with the others of its batch."""
    books.free_order[event.pfn] = event.order
    prepare(books.locks, event)


@primitive
def _drains_all(op: int) -> bool:
    return op == CMA_ALLOC or op == CMA_RETRY or op == DRAIN_ALL or op == DRAIN_CPU


@jit
def _owe_drains(books: Books, task: int, first: int) -> None:
    """A task will empty the lists of CPU ``first`` and those after it."""
    books.locks.owed[task] = first + 1 if first < books.freeing.size else 0


@jit
def _begin_drain(books: Books, request: Any, task: int) -> None:
    """All lists are drained; for compaction those of its zone, and of its own CPU while it runs."""
    request.pfn = books.compactions.zone[task]
    if books.compactions.running[task] != NONE:
        request.op, request.count, request.area = DRAIN_CPU, request.cpu, NO_AREA
    else:
        _owe_drains(books, task, 1)


@jit
def _go_on_draining(books: Books, out: Output, event: Any, number: int, last: int) -> int:
    """The task of ``event`` goes on to empty the lists of CPUs up to ``last``; the last request.

    ``number``: the last one so far.
    """
    owed = books.locks.owed
    while 0 < owed[event.task] <= last + 1:
        number = _emit(books, out, event, DRAIN_CPU, OF_THE_KERNEL if _in_call(books, event) else 0)
        request = out.requests[number]
        request.count, request.area = owed[event.task] - 1, NO_AREA
        request.pfn = books.compactions.zone[event.task]
        if request.origin:
            request.area = books.area_of_task[event.task]
        _owe_drains(books, event.task, owed[event.task])
    return number


@primitive
def _is_of_range(request: Any) -> bool:
    """Whether a request drains another CPU's lists of one zone, for a contiguous call."""
    return request.op == DRAIN_CPU and request.area != NO_AREA  # type: ignore[no-any-return]


@jit
def _drain_the_empty(books: Books, out: Output, events: NDArray[Any], i: int) -> None:
    """Where a task goes on to something else, the CPUs that it still had to empty had empty lists."""
    task = events[i].task
    if books.locks.owed[task] and not drains_next(events, i, task):
        _go_on_draining(books, out, events[i], NOBODY, books.freeing.size)


@jit
def _next_hold(books: Books, out: Output, facts: Facts, event: Any, number: int) -> int:
    """The request that a chunk is drained by, where another CPU came between two holds of the lock.

    drain_pages_zone, 6.12: after every ``batch << pcp_batch_scale_max`` pages it is given up.
    """
    locks, cpu, pages = books.locks, event.cpu, 1 << event.order
    hold = facts.hold[facts.zone[event.pfn]]
    if books.draining[cpu] != number:
        hold_again(locks, cpu, pages)
    elif locks.between[cpu] and _is_of_range(out.requests[number]) and locks.held[cpu] % hold == 0:
        last = out.requests[number]
        last.locked = locks.held[cpu] // hold
        number = _emit(books, out, event, DRAIN_CPU, last.origin)
        request = out.requests[number]
        request.count, request.area, request.pfn = last.count, last.area, last.pfn
        books.range_request[event.task] = number
        hold_again(locks, cpu, pages)
    else:
        locks.held[cpu] += pages
    return number


@jit
def _drain(books: Books, out: Output, facts: Facts, event: Any) -> None:
    """A drained chunk: of the free before it, of the range that was begun, or of something else."""
    cpu, task = event.cpu, event.task
    number = books.freeing[cpu]
    if number == NOBODY or books.last_task[cpu] != task:
        number = books.range_request[task]
    if number == NOBODY:
        origin = OF_THE_KERNEL if _in_call(books, event) else 0
        number = _emit(books, out, event, TIMER_DRAIN if facts.worker[task] else DRAIN_ALL, origin)
        if not facts.worker[task]:
            _begin_drain(books, out.requests[number], task)
    if _drains_all(out.requests[number].op):
        home, owed = books.locks.home[event.pfn], books.locks.owed[task]
        if home == NO_CPU and owed:
            home = owed - 1
        if home != NO_CPU:
            number = _go_on_draining(books, out, event, number, home)
            books.range_request[task] = number
        number = _next_hold(books, out, facts, event, number)
        books.locks.drainer[cpu], books.locks.emptied[cpu] = task, home
    books.freeing[cpu] = number
    if books.draining[cpu] != number and out.requests[number].op == FREE:
        out.locked_at[number] = books.used[AT_EVENT]
    books.draining[cpu] = number
    come_between(books.locks, cpu)
    _append(books, NR_DRAINED, out.drained, event.pfn, event.order, number)


@jit
def _begin_range(books: Books, event: Any, number: int) -> None:
    """A contiguous call goes for a range: isolation, then a drain of all lists, when it comes to each CPU."""
    books.range_request[event.task] = number
    if _in_call(books, event):
        _owe_drains(books, event.task, 0)
    books.used[FIRST_TARGET] = books.used[NR_TARGETS] = 0


@jit
def _cma(books: Books, out: Output, facts: Facts, event: Any) -> None:
    task, what, area = event.task, event.event, facts.area[event.d]
    if area == NO_AREA:
        return  # an area that was never activated
    if what == _CMA_START:
        call = _new_object(books, UNKNOWN_GFP, 0, 0)
        # A request that the area can never hold ends here: no range is tried, no end is traced.
        books.call_of_task[task] = call if 0 < event.a <= facts.area_pages[area] else NOBODY
        number = _emit(books, out, event, CMA_ALLOC, 0)
        _begin_range(books, event, number)
    elif what == _CMA_RETRY:
        number = _emit(books, out, event, CMA_RETRY, OF_THE_KERNEL)
        _begin_range(books, event, number)
    else:
        number = _emit(books, out, event, CMA_FINISH, OF_THE_KERNEL)
    request = out.requests[number]
    books.area_of_task[task] = area
    request.object, request.area = books.call_of_task[task], area
    request.count, request.align = event.a, event.b
    if what == _CMA_FINISH:
        _cma_finish(books, out, event, number)
    elif what == _CMA_RETRY:
        _append(books, NR_ALLOCATED, out.allocated, event.pfn, 0, number)


@jit
def _cma_finish(books: Books, out: Output, event: Any, number: int) -> None:
    call = books.call_of_task[event.task]
    books.call_of_task[event.task] = NOBODY
    if call != NOBODY and event.c == 0 and event.e >= 0:
        _append(books, NR_ALLOCATED, out.allocated, event.pfn, 0, number)
        books.call_at[event.pfn] = call
        for pfn in range(event.pfn, event.pfn + event.a):
            books.owner[pfn] = CONTIGUOUS


@jit
def _tested(books: Books, out: Output, event: Any) -> None:
    """Recorded: the first frame that is not free."""
    number = _emit(books, out, event, CMA_TEST, OF_THE_KERNEL)
    request = out.requests[number]
    request.object, request.area = books.call_of_task[event.task], books.area_of_task[event.task]
    _append(books, NR_ALLOCATED, out.allocated, event.b, 0, number)


@jit
def _cma_release(books: Books, out: Output, facts: Facts, event: Any) -> None:
    if facts.area[event.d] == NO_AREA:
        return
    request = out.requests[_emit(books, out, event, CMA_RELEASE, 0)]
    request.object, request.area = books.call_at[event.pfn], facts.area[event.d]
    request.pfn, request.count = event.pfn, event.a
    books.call_at[event.pfn] = NOBODY


@jit
def _tick(books: Books, out: Output, facts: Facts, event: Any, mark: int) -> None:
    """The vmstat worker ran; what its task drains now, it drains."""
    number = _emit(books, out, event, TIMER_DRAIN, 0)
    if mark != ALL_ZONES:
        out.requests[number].pfn = facts.zone_start[mark - FIRST_ZONE]
        books.freeing[event.cpu] = number


@jit
def _compact(books: Books, out: Output, events: NDArray[Any], i: int) -> None:
    """A compaction begins, or it searched the free lists; a search precedes what it took from them."""
    event, cc = events[i], books.compactions
    what, task = event.event, event.task
    if what == _KCOMPACTD_WAKE or (what == _COMPACT_BEGIN and not cc.daemon[task]):
        request = out.requests[_emit(books, out, event, COMPACT_BEGIN, OF_THE_KERNEL)]
        request.order = event.order if what == _KCOMPACTD_WAKE else cc.order[task]
    elif what == _SCANNED or what == _SEARCHED:
        number = _emit(
            books, out, event, COMPACT_SOURCE if what == _SCANNED else COMPACT_TARGET, OF_THE_KERNEL
        )
        request = out.requests[number]
        request.order, request.count = cc.order[task], cc.sources[task]
        request.pfn, request.object = event.pfn, cc.targets[task] if what == _SCANNED else event.a
        if what == _SCANNED:
            out.locked_at[number] = books.last_event[task]
        elif event.c:
            out.locked_at[number] = cc.taken_at[task] - 1


@jit
def _reclaim(books: Books, out: Output, facts: Facts, events: NDArray[Any], i: int) -> None:
    """A task goes to reclaim what it could not get.

    Between both it lets others run (cond_resched in __perform_reclaim): where kswapd began a round
    since the task's last event, it may have been asked before.
    """
    event, round_at = events[i], books.round_at[0]
    for at in (round_at - 1, i):
        if at == i or round_at > books.last_event[event.task]:
            number = _emit(books, out, events[at], RECLAIM, OF_THE_KERNEL)
            request = out.requests[number]
            out.locked_at[number], request.cpu = at, event.cpu
            request.gfp, request.order = facts.gfp[i], event.order
    books.reclaim[event.task] = WITHIN_RECLAIM


@entry
def dissect(events: NDArray[Any], chosen: NDArray[np.uint8], facts: Facts, books: Books, out: Output) -> None:
    """Read the events whose ``chosen`` is 1, in order; fills ``out`` and moves ``books`` on.

    ``out`` must have room for a request and a chunk an event, ``books`` for an object an event.
    """
    for i in range(events.size):
        if not chosen[i]:
            continue
        event = events[i]
        books.used[AT_EVENT] = i
        what, task = event.event, event.task
        if facts.ticks[i] == ALL_ZONES:
            _tick(books, out, facts, event, ALL_ZONES)
        if what == _DRAIN:
            _drain(books, out, facts, event)
            _drain_the_empty(books, out, events, i)
            books.last_task[event.cpu] = task
            if facts.rests[i]:
                _emit(books, out, event, KSWAPD_END, OF_THE_KERNEL)
            books.last_event[task] = i
            continue
        books.locks.drainer[event.cpu] = NOBODY
        books.freeing[event.cpu] = NOBODY
        books.range_request[task] = NOBODY
        books.last_task[event.cpu] = task
        if books.compactions.running[task] != NONE or what == _COMPACT_BEGIN or what == _KCOMPACTD_WAKE:
            _compact(books, out, events, i)
        follow(books.compactions, event, i)
        if what == _ZONE_LOCKED or what == _EXTFRAG:
            _refill(books, out, facts, events, i)
        elif what == _DECAY and facts.ticks[i]:
            _tick(books, out, facts, event, facts.ticks[i])
        elif what == _ALLOC:
            _alloc(books, out, facts, event, facts.gfp[i])
        elif what == _FREE:
            if facts.batched[i]:
                _prepare(books, event)
            elif not keeps(books.compactions, event):
                _free(books, out, facts, events, i, event.order)
        elif what == _FREE_BATCHED:
            commit(books.locks, event)
            _free(books, out, facts, events, i, books.free_order[event.pfn])
        elif what == _BULK:
            _bulk(books, out, facts, events, i)
        elif what == _CMA_START or what == _CMA_RETRY or what == _CMA_FINISH:
            _cma(books, out, facts, event)
            _drain_the_empty(books, out, events, i)
        elif what == _CMA_RELEASE:
            _cma_release(books, out, facts, event)
        elif what == _TESTED and _in_call(books, event):
            _tested(books, out, event)
        elif what == _ISOLFREE and not _in_call(books, event):
            request = out.requests[_emit(books, out, event, TAKE_FREE, OF_THE_KERNEL)]
            request.pfn, request.order = event.pfn, event.order
        elif what == _WAKEUP:
            request = out.requests[_emit(books, out, event, WAKEUP_KSWAPD, OF_THE_KERNEL)]
            request.gfp = facts.gfp[i]
        elif what == _RECLAIM_BEGIN:
            _reclaim(books, out, facts, events, i)
        elif what == _RECLAIM_END:
            books.reclaim[task] = AFTER_RECLAIM
        elif what == _KSWAPD_WAKE:
            _emit(books, out, event, KSWAPD_BEGIN, OF_THE_KERNEL)
            books.round_at[0] = i
        if facts.rests[i]:
            _emit(books, out, event, KSWAPD_END, OF_THE_KERNEL)
        books.last_event[task] = i
