"""The model's choices held against the recorded ones, request by request.

The model chooses first, from the request alone; only when its choices stand in its log are
the recorded ones looked at.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from zonecma.kernel.jit import entry, jit, primitive
from zonecma.kernel.lists import list_empty, list_first, pcp_list
from zonecma.kernel.migratetype import MIGRATE_ISOLATE
from zonecma.kernel.pageblock import get_pageblock_migratetype
from zonecma.kernel.pcp import order_to_pindex, pcp_allowed_order, remove_from_pcp_list
from zonecma.kernel.state import State
from zonecma.kernel.tracepoint import MM_PAGE_ALLOC, MM_PAGE_ALLOC_ZONE_LOCKED, MM_PAGE_PCPU_DRAIN
from zonecma.kernel.units import NO_PFN, Code, Cpu, Migratetype, Order, Pfn, User, ZoneIndex
from zonecma.kernel.users import UNKNOWN_USER
from zonecma.lab.repair import (
    Doubts,
    believe_hit,
    doubt_miss,
    is_free,
    learn_decayed_high,
    learn_high,
    redo_drain,
    redo_refill,
    take_recorded,
    to_buddy,
    undo_drain,
    undo_refill,
)
from zonecma.lab.score import (
    ALLOCATIONS,
    CALLS,
    CALLS_UNTOLD,
    DRAIN_DECISIONS,
    DRAINS_AFTER_FREE,
    DRAINS_IN_CALLS,
    DRAINS_OTHER,
    DRAINS_TIMER,
    RANGES,
    REFILL_SIZES,
    REFILLS,
    REPAIRS,
    TAKEN_BY_COMPACTION,
    Tally,
    judge,
    judge_chunks,
    logged,
)
from zonecma.lab.serve import serve
from zonecma.workload.recorded import Recorded
from zonecma.workload.requests import (
    ALLOC,
    BULK,
    CMA_ALLOC,
    CMA_FINISH,
    CMA_RETRY,
    CMA_TEST,
    DRAIN_ALL,
    DRAIN_CPU,
    FREE,
    OF_THE_KERNEL,
    TAKE_FREE,
    TIMER_DRAIN,
)


@jit
def _check_refill(s: State, tally: Tally, request: Any, recorded: Recorded, i: int) -> bool:
    """Judge the chunks and the size of a refill; False after a miss, with the list set right."""
    first, last = recorded.first_refilled[i], recorded.first_refilled[i + 1]
    predicted = logged(s, MM_PAGE_ALLOC_ZONE_LOCKED)
    if predicted == 0 and first == last:
        return True
    chunks, line = recorded.refilled, request.line
    judge(tally, REFILL_SIZES, line, predicted, last - first)
    if judge_chunks(s, tally, REFILLS, line, MM_PAGE_ALLOC_ZONE_LOCKED, chunks, first, last) < 0:
        return True
    undo_refill(s)
    migratetype = Migratetype(s.gfp[request.gfp].migratetype)
    if not request.locked:
        redo_refill(s, Cpu(request.cpu), migratetype, chunks, first, last)
    tally.counts[REPAIRS] += 1
    return False


@jit
def _take_first(s: State, request: Any, chunk: Pfn) -> None:
    """After a corrected refill: the request got the first chunk of the list."""
    order, cpu = Order(request.order), Cpu(request.cpu)
    zone = ZoneIndex(s.frame[chunk].zone)
    pindex = order_to_pindex(Migratetype(s.gfp[request.gfp].migratetype), order)
    head = pcp_list(s, zone, cpu, pindex)
    if pcp_allowed_order(s, order) and not request.locked and not list_empty(s, head):
        remove_from_pcp_list(s, list_first(s, head), zone, cpu, order)
    else:
        take_recorded(s, chunk, order, User(request.gfp))


@primitive
def _recorded_frame(recorded: Recorded, i: int) -> Pfn:
    """The frame that a request got, or that answers it; NO_PFN."""
    first = recorded.first_allocated[i]
    return Pfn(recorded.allocated[first].pfn) if first < recorded.first_allocated[i + 1] else NO_PFN


@jit
def _check_alloc(
    s: State, tally: Tally, doubts: Doubts, request: Any, recorded: Recorded, i: int, predicted: Pfn
) -> None:
    refill_right = _check_refill(s, tally, request, recorded, i)
    chunk = _recorded_frame(recorded, i)
    hit = judge(tally, ALLOCATIONS, request.line, predicted, chunk)
    cpu, order = Cpu(request.cpu), Order(request.order)
    if not refill_right:
        if chunk != NO_PFN:
            _take_first(s, request, chunk)
    elif not hit:
        tally.counts[REPAIRS] += 1
        doubt_miss(s, doubts, cpu, User(request.gfp), order, predicted, chunk)
    elif chunk != NO_PFN:
        believe_hit(s, doubts, cpu, chunk, order, Migratetype(s.gfp[request.gfp].migratetype))


@jit
def _doubt_bulk(s: State, doubts: Doubts, request: Any, chunks: NDArray[Any], first: int, last: int) -> None:
    """Weigh each page of a bulk allocation as an allocation of its own."""
    cpu, user, at = Cpu(request.cpu), User(request.gfp), first
    for i in range(s.config[0].log_length):
        if s.log[i].event != MM_PAGE_ALLOC:
            continue
        predicted = Pfn(s.log[i].pfn)
        recorded = Pfn(chunks[at].pfn) if at < last else NO_PFN
        if predicted != recorded:
            doubt_miss(s, doubts, cpu, user, Order(0), predicted, recorded)
        at += 1
    while at < last:
        take_recorded(s, Pfn(chunks[at].pfn), Order(0), user)
        at += 1


@jit
def _check_bulk(s: State, tally: Tally, doubts: Doubts, request: Any, recorded: Recorded, i: int) -> None:
    refill_right = _check_refill(s, tally, request, recorded, i)
    first, last = recorded.first_allocated[i], recorded.first_allocated[i + 1]
    if first == last:
        return  # 6.1's probe tells how many frames there were, not which: the model's are kept
    chunks = recorded.allocated
    hit = judge_chunks(s, tally, ALLOCATIONS, request.line, MM_PAGE_ALLOC, chunks, first, last) < 0
    if not refill_right:
        for at in range(first, last):
            take_recorded(s, Pfn(chunks[at].pfn), Order(0), User(request.gfp))
    elif not hit:
        tally.counts[REPAIRS] += 1
        _doubt_bulk(s, doubts, request, chunks, first, last)


@jit
def _check_drain(s: State, tally: Tally, score: Code, request: Any, recorded: Recorded, i: int) -> bool:
    """Judge drained chunks; False after a miss, with the lists set right."""
    first, last = recorded.first_drained[i], recorded.first_drained[i + 1]
    right = judge_chunks(s, tally, score, request.line, MM_PAGE_PCPU_DRAIN, recorded.drained, first, last)
    if right < 0:
        return True
    undo_drain(s, right)
    redo_drain(s, recorded.drained, first + right, last)
    tally.counts[REPAIRS] += 1
    return False


@primitive
def _reaches_pcp(s: State, request: Any) -> bool:
    """Whether a free comes to a per-cpu list."""
    pfn = Pfn(request.pfn)
    if not pcp_allowed_order(s, Order(request.order)) or request.locked == s.frame[pfn].zone + 1:
        return False
    return get_pageblock_migratetype(s, pfn) != MIGRATE_ISOLATE  # type: ignore[no-any-return]


@jit
def _check_free(s: State, tally: Tally, request: Any, recorded: Recorded, i: int) -> None:
    drained = recorded.first_drained[i + 1] - recorded.first_drained[i]
    if _reaches_pcp(s, request):
        judge(tally, DRAIN_DECISIONS, request.line, logged(s, MM_PAGE_PCPU_DRAIN), drained)
    if not _check_drain(s, tally, DRAINS_AFTER_FREE, request, recorded, i):
        learn_high(s, request, drained)


@jit
def _check_timer(s: State, tally: Tally, request: Any, recorded: Recorded, i: int) -> None:
    if not _check_drain(s, tally, DRAINS_TIMER, request, recorded, i):
        first, last = recorded.first_drained[i], recorded.first_drained[i + 1]
        learn_decayed_high(s, Cpu(request.cpu), recorded.drained, first, last)


@jit
def _check_test(
    s: State, tally: Tally, call: Any, line: int, recorded: Recorded, i: int, predicted: Pfn
) -> None:
    """Judge the first frame that is not free; settle whose a range is that only one side took."""
    not_free = _recorded_frame(recorded, i)
    judge(tally, RANGES, line, predicted, not_free)
    if call.start == NO_PFN:
        return
    really_taken = not_free >= call.end
    if really_taken == (call.taken != 0):
        return
    tally.counts[REPAIRS] += 1
    for pfn in range(call.start, call.end):
        if really_taken:
            take_recorded(s, Pfn(pfn), Order(0), UNKNOWN_USER)
        else:
            to_buddy(s, Pfn(pfn), Order(0))
    call.taken = 1 if really_taken else 0


@primitive
def _count_untold(tally: Tally, call: Any, recorded: Pfn) -> None:
    """A call's outcome as it is foreseen where no failure to migrate is told: all that is in the way moves.

    Then the first range serves; no miss, for nothing here is put right.
    """
    tally.checked[CALLS_UNTOLD] += 1
    tally.exact[CALLS_UNTOLD] += call.first == recorded


@jit
def _unseen_allocation(s: State, tally: Tally, request: Any) -> None:
    """A chunk is freed that the model holds free: it had been allocated without a trace."""
    if is_free(s, Pfn(request.pfn)):
        take_recorded(s, Pfn(request.pfn), Order(request.order), UNKNOWN_USER)
        tally.counts[REPAIRS] += 1


@entry
def referee(
    s: State,
    calls: NDArray[Any],
    requests: NDArray[Any],
    recorded: Recorded,
    tally: Tally,
    doubts: Doubts,
    first: int,
    last: int,
) -> None:
    """Put ``requests[first:last]`` to the model and judge each choice."""
    for i in range(first, last):
        request = requests[i]
        tally.request[0], op = i, request.op
        if op == FREE:
            _unseen_allocation(s, tally, request)
        answer = serve(s, calls, request)
        if op == ALLOC:
            _check_alloc(s, tally, doubts, request, recorded, i, answer)
        elif op == FREE:
            _check_free(s, tally, request, recorded, i)
        elif op == BULK:
            _check_bulk(s, tally, doubts, request, recorded, i)
        elif op == CMA_ALLOC or (request.origin & OF_THE_KERNEL and (op == DRAIN_CPU or op == DRAIN_ALL)):
            _check_drain(s, tally, DRAINS_IN_CALLS, request, recorded, i)
        elif op == CMA_RETRY:
            judge(tally, RANGES, request.line, answer, _recorded_frame(recorded, i))
            _check_drain(s, tally, DRAINS_IN_CALLS, request, recorded, i)
        elif op == CMA_TEST:
            _check_test(s, tally, calls[request.area], request.line, recorded, i, answer)
        elif op == CMA_FINISH:
            judge(tally, CALLS, request.line, answer, _recorded_frame(recorded, i))
            _count_untold(tally, calls[request.area], _recorded_frame(recorded, i))
        elif op == TIMER_DRAIN:
            _check_timer(s, tally, request, recorded, i)
        elif op == DRAIN_ALL or op == DRAIN_CPU:
            _check_drain(s, tally, DRAINS_OTHER, request, recorded, i)
        elif op == TAKE_FREE:
            tally.counts[TAKEN_BY_COMPACTION] += 1
