"""A recording's load: the requests between two snapshots, and what the kernel chose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.events import EVENT_ID
from zonecma.capture.trace import Trace
from zonecma.errors import InputError
from zonecma.kernel.gfp import GFP_KERNEL, GFP_MIGRATION_TARGET, Gfp
from zonecma.kernel.zone import MAX_NR_ZONES
from zonecma.workload.compactions import no_compactions
from zonecma.workload.dissect import (
    NR_ALLOCATED,
    NR_DRAINED,
    NR_FOUND,
    NR_OBJECTS,
    NR_REFILLED,
    NR_REQUESTS,
    Books,
    Facts,
    Output,
    dissect,
    mark_batched,
)
from zonecma.workload.fates import fates_of
from zonecma.workload.kswapd import mark_rests
from zonecma.workload.locks import NOBODY, no_locks
from zonecma.workload.recorded import Recorded, by_request
from zonecma.workload.requests import (
    NO_AREA,
    NO_RECLAIM,
    OBJECT,
    OF_THE_KERNEL,
    REQUEST,
    UNKNOWN_GFP,
    WITHIN_RECLAIM,
    Load,
)
from zonecma.workload.ticks import KWORKER, Worker, mark_ticks

BULK_GFP = GFP_KERNEL
"""What bulk allocations are taken to ask for: the probe does not record their gfp mask."""


NOTHING_TOLD = Worker()
_WITH_GFP = tuple(
    EVENT_ID[name] for name in ("mm_page_alloc", "mm_vmscan_wakeup_kswapd", "mm_vmscan_direct_reclaim_begin")
)
NO_HOLDS = np.full(MAX_NR_ZONES, 63 << 5)
"""Pages that a drain frees under one hold of the lock, on most machines."""


def _is_line(trace: Trace) -> NDArray[np.bool_]:
    """Which events are lines that the kernel wrote: not bulk pages, and not notes of a loss."""
    event = trace.events["event"]
    return np.isin(event, (EVENT_ID["bulk_page"], EVENT_ID["lost"]), invert=True)


def count_lines(trace: Trace, cpu: int) -> int:
    """How many lines a CPU wrote."""
    return int(np.count_nonzero(_is_line(trace) & (trace.events["cpu"] == cpu)))


def lines_before(trace: Trace, trace_lines: Sequence[int]) -> NDArray[np.bool_]:
    """Which events were written before a snapshot that counts each CPU's lines."""
    is_line, before = _is_line(trace), np.zeros(len(trace.events), np.bool_)
    for cpu, lines in enumerate(trace_lines):
        of_cpu = trace.events["cpu"] == cpu
        # A bulk page has no line of its own: it counts with the bulk event before it.
        before |= of_cpu & (np.cumsum(is_line & of_cpu) <= lines)
    return before


def load_from_trace(
    trace: Trace,
    before_a: NDArray[np.bool_],
    before_b: NDArray[np.bool_],
    *,
    areas: Mapping[str, int],
    zone_of: NDArray[np.uint8],
    pageblock_order: int,
    claims_alone: bool = True,
    worker: Worker = NOTHING_TOLD,
    hold: NDArray[np.int64] = NO_HOLDS,
) -> tuple[Load, Recorded]:
    """The load between snapshots A and B, and what the kernel chose for each of its requests.

    ``areas`` are the frames of each CMA area by its name, in the machine's order, ``zone_of`` is
    u1[frames]: the zone of each.  The trace
    must be one of the machine's: frames and CPUs are not looked at again.  ``claims_alone``: its
    kernel tells of a claimed pageblock by mm_page_alloc_extfrag alone.  ``worker`` tells when
    counters and per-cpu lists were looked after; ``hold`` are the pages that a drain of per-cpu
    lists frees under one hold of each zone's lock.
    """
    events = trace.events.view(np.recarray)
    masks, facts = _facts(
        trace, areas, zone_of, pageblock_order, claims_alone=claims_alone, worker=worker, hold=hold
    )
    books = _empty_books(trace, len(zone_of))
    out = _empty_output(len(events), _unseen(trace, facts))
    dissect(events, before_a.astype(np.uint8), facts, books, out)
    living = _living(books)
    for count in (NR_REQUESTS, NR_ALLOCATED, NR_REFILLED, NR_DRAINED, NR_FOUND):
        books.used[count] = 0
    books.waiting[:] = books.freeing[:] = books.draining[:] = NOBODY
    books.last_event[:] = books.round_at[:] = NOBODY
    dissect(events, (before_b & ~before_a).astype(np.uint8), facts, books, out)
    requests = _in_order_of_locks(events, books, out)
    load = Load(requests, masks, np.concatenate([living, _found(books)]), int(books.used[NR_OBJECTS]))
    return load, _recorded(books, out)


def _facts(
    trace: Trace,
    areas: Mapping[str, int],
    zone_of: NDArray[np.uint8],
    pageblock_order: int,
    *,
    claims_alone: bool,
    worker: Worker,
    hold: NDArray[np.int64],
) -> tuple[NDArray[np.uint32], Facts]:
    events = trace.events.view(np.recarray)
    has_gfp = np.isin(events.event, _WITH_GFP)
    masks = np.unique(np.append(events.gfp[has_gfp], np.uint32(BULK_GFP)))
    if len(masks) > UNKNOWN_GFP:
        raise InputError(f"the trace has {len(masks)} different gfp masks; expected at most {UNKNOWN_GFP}")
    names = list(areas)
    batched = np.zeros(len(events), np.uint8)
    mark_batched(events, np.zeros(len(zone_of), np.uint8), batched)
    target_bits = np.uint32(Gfp.MOVABLE | Gfp.RETRY_MAYFAIL | Gfp.HIGHMEM)
    wanted = np.uint32(GFP_MIGRATION_TARGET & int(target_bits))
    return masks, Facts(
        batched=batched,
        fates=fates_of(events, len(zone_of), pageblock_order),
        ticks=mark_ticks(trace, worker),
        rests=mark_rests(trace),
        zone=zone_of,
        hold=hold,
        zone_start=np.array(list(worker.zones.values()), np.int64),
        gfp=np.searchsorted(masks, events.gfp).astype(np.uint8),
        target=((masks & target_bits) == wanted).astype(np.uint8),
        worker=np.array([text.startswith(KWORKER) for text in trace.texts], np.uint8),
        area=np.array([_area(text, names) for text in trace.texts], np.uint8),
        area_pages=np.array(list(areas.values()), np.int64),
        bulk_gfp=int(np.searchsorted(masks, np.uint32(BULK_GFP))),
        pageblock_order=pageblock_order,
        claims_alone=int(claims_alone),
    )


def _area(name: str, names: Sequence[str]) -> int:
    """The area that a trace calls so; kernels that don't print names have one area."""
    if name in names:
        return names.index(name)
    return 0 if not name and names else NO_AREA


def _reclaim(task: str) -> int:
    """How a task stands to reclaim as a rule."""
    return WITHIN_RECLAIM if task.startswith("kswapd") else NO_RECLAIM


def _empty_books(trace: Trace, nr_frames: int) -> Books:
    events, words = len(trace.events), len(trace.texts)
    cpus = int(trace.events["cpu"].max(initial=0)) + 1
    bulk = int(trace.events["a"][trace.events["event"] == EVENT_ID["bulk"]].sum())
    return Books(
        owner=np.full(nr_frames, NOBODY, np.int32),
        call_at=np.full(nr_frames, NOBODY, np.int32),
        free_order=np.zeros(nr_frames, np.uint8),
        object_gfp=np.empty(events + bulk, np.uint8),
        object_order=np.empty(events + bulk, np.uint8),
        object_origin=np.zeros(events + bulk, np.uint8),
        call_of_task=np.full(words, NOBODY, np.int32),
        area_of_task=np.zeros(words, np.uint8),
        range_request=np.full(words, NOBODY, np.int32),
        last_event=np.full(words, NOBODY, np.int64),
        round_at=np.full(1, NOBODY, np.int64),
        last_task=np.full(cpus, NOBODY, np.int64),
        refilled_at=np.zeros(cpus, np.int64),
        draining=np.full(cpus, NOBODY, np.int64),
        freeing=np.full(cpus, NOBODY, np.int64),
        reclaim=np.array([_reclaim(text) for text in trace.texts], np.uint8),
        locks=no_locks(nr_frames, cpus, words),
        compactions=no_compactions(nr_frames, trace.texts),
        contended=np.zeros(cpus, np.uint8),
        waiting=np.full(cpus, NOBODY, np.int64),
        targets=np.empty(events, np.int32),
        found=np.empty((events, 2), np.int32),
        used=np.zeros(9, np.int64),
    )


def _in_order_of_locks(events: NDArray[Any], books: Books, out: Output) -> NDArray[Any]:
    """The requests in the order in which they had the zone's lock; renumbers whose chunks are whose.

    On several CPUs that is not the order of the events that tell of them: an allocation is traced
    after its refill, a free before its drain.
    """
    locked_at = out.locked_at[: books.used[NR_REQUESTS]]
    order = np.argsort(locked_at, kind="stable")
    number = np.empty(len(order) + 1, np.int32)
    number[order], number[NOBODY] = np.arange(len(order)), NOBODY
    kinds = (NR_ALLOCATED, out.allocated), (NR_REFILLED, out.refilled), (NR_DRAINED, out.drained)
    for count, rows in kinds:
        owner = rows[: books.used[count], 2]
        owner[:] = number[owner]
    requests: NDArray[Any] = out.requests[order]
    requests["time"] = events["time"][locked_at[order]]
    return requests


def _unseen(trace: Trace, facts: Facts) -> int:
    """How many requests no event stands for, at most: the worker's, kswapd's, drains by CPU."""
    ranges = np.isin(trace.events["event"], (EVENT_ID["cma_alloc_start"], EVENT_ID["cma_alloc_busy_retry"]))
    drains = trace.events["event"] == EVENT_ID["mm_page_pcpu_drain"]
    reclaims = int(np.count_nonzero(trace.events["event"] == EVENT_ID["mm_vmscan_direct_reclaim_begin"]))
    cpus = int(trace.events["cpu"].max(initial=0)) + 1
    many = int(np.count_nonzero(ranges) + np.count_nonzero(drains)) * cpus
    return int(np.count_nonzero(facts.ticks) + np.count_nonzero(facts.rests)) + reclaims + many


def _empty_output(events: int, unseen: int) -> Output:
    """``unseen``: requests that no event stands for."""
    return Output(
        requests=np.empty(events + unseen, REQUEST).view(np.recarray),
        locked_at=np.empty(events + unseen, np.int64),
        allocated=np.empty((events, 3), np.int32),
        refilled=np.empty((events, 4), np.int32),
        drained=np.empty((events, 3), np.int32),
    )


def _objects(books: Books, pfn: NDArray[np.int32], number: NDArray[np.int32]) -> NDArray[np.void]:
    objects = np.zeros(len(pfn), OBJECT)
    objects["pfn"], objects["object"] = pfn, number
    objects["order"], objects["gfp"] = books.object_order[number], books.object_gfp[number]
    return objects


def _living(books: Books) -> NDArray[np.void]:
    """The load's objects that are alive now, by frame."""
    pfn = np.flatnonzero(books.owner >= 0).astype(np.int32)
    of_load = books.object_origin[books.owner[pfn]] & OF_THE_KERNEL == 0
    return _objects(books, pfn[of_load], books.owner[pfn[of_load]])


def _found(books: Books) -> NDArray[np.void]:
    """The objects that only their free showed to be alive."""
    found = books.found[: books.used[NR_FOUND]]
    return _objects(books, found[:, 1], found[:, 0])


def _recorded(books: Books, out: Output) -> Recorded:
    requests = int(books.used[NR_REQUESTS])

    def group(rows: NDArray[np.int32], count: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
        used = rows[: books.used[count]]
        return by_request(used[:, 0], used[:, 1], used[:, 2], requests)

    return Recorded(
        *group(out.allocated, NR_ALLOCATED),
        *group(out.refilled, NR_REFILLED),
        *group(out.drained, NR_DRAINED),
    )
