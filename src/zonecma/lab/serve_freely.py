"""A recording's requests served on the model's own frames, with no repair.

What is freed is named by who got it (``names.py``), so that it is found wherever the model put it.
The recorded choices are compared with, never copied.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.cma import FREE as BITS_FREE
from zonecma.kernel.cma import free_contig_range, mark_bits
from zonecma.kernel.free import free_pages
from zonecma.kernel.isolation import find_large_buddy
from zonecma.kernel.jit import entry, jit, primitive
from zonecma.kernel.offline import take_chunk_off_buddy
from zonecma.kernel.reference import by_reference
from zonecma.kernel.state import IN_USE, State
from zonecma.kernel.tracepoint import MM_PAGE_ALLOC
from zonecma.kernel.units import NO_PFN, Area, Code, Cpu, Order, Pages, Pfn
from zonecma.lab.names import BESIDE_RANGE, UNNAMED, Names
from zonecma.lab.repair import is_free, to_buddy
from zonecma.lab.serve import come_to, serve
from zonecma.workload.recorded import Recorded
from zonecma.workload.requests import (
    ALLOC,
    BULK,
    CMA_FINISH,
    CMA_RELEASE,
    CMA_RETRY,
    CMA_TEST,
    FREE,
    TAKE_FREE,
)

CHECKED, EXACT, BEFORE_FIRST, CALLS, CALLS_EXACT = Code(0), Code(1), Code(2), Code(3), Code(4)
HOMELESS, REFUSED, RANGE_BUSY, RANGE_FREE, NOT_FREE = Code(5), Code(6), Code(7), Code(8), Code(9)
NR_COUNTS = 10


@by_reference
class Books(NamedTuple):
    """What a run writes besides the state."""

    counts: NDArray[np.int64]
    """i8[NR_COUNTS]"""
    first_miss: NDArray[np.int64]
    """i8[3]: trace line, the model's frame, the kernel's; line 0: no miss"""
    place: NDArray[np.int64]
    """i8[objects]: the first frame that each object or call got; NO_PFN"""
    given: NDArray[np.uint8]
    """u1[frames]: 1 where something lives that got its frame in this run"""


def empty_books(nr_objects: int, nr_frames: int) -> Books:
    """Nothing compared, and nothing given."""
    return Books(
        counts=np.zeros(NR_COUNTS, np.int64),
        first_miss=np.zeros(3, np.int64),
        place=np.full(nr_objects, NO_PFN, np.int64),
        given=np.zeros(nr_frames, np.uint8),
    )


@primitive
def _recorded_frame(recorded: Recorded, at: int, last: int) -> Pfn:
    return Pfn(recorded.allocated[at].pfn) if at < last else NO_PFN


@jit
def _compare(books: Books, line: int, predicted: Pfn, recorded: Pfn) -> None:
    books.counts[CHECKED] += 1
    if predicted == recorded:
        books.counts[EXACT] += 1
        books.counts[BEFORE_FIRST] += books.first_miss[0] == 0
    elif books.first_miss[0] == 0:
        books.first_miss[0], books.first_miss[1], books.first_miss[2] = line, predicted, recorded


@jit
def _place(books: Books, owner: int, pfn: Pfn, pages: int) -> None:
    books.place[owner] = pfn
    books.given[pfn : pfn + pages] = 1


@jit
def _allocated(s: State, books: Books, request: Any, pfn: Pfn, recorded: Pfn) -> None:
    _compare(books, request.line, pfn, recorded)
    if pfn == NO_PFN:
        return
    if recorded == NO_PFN:  # nobody will ever free it
        books.counts[REFUSED] += 1
        to_buddy(s, pfn, Order(request.order))
    else:
        _place(books, request.object, pfn, 1 << request.order)


@jit
def _allocated_bulk(s: State, books: Books, request: Any, recorded: Recorded, first: int, last: int) -> None:
    """The pages of a bulk allocation; those that the probe did not see have no names."""
    at = first
    for i in range(s.config[0].log_length):
        if s.log[i].event == MM_PAGE_ALLOC:
            if at < last:
                _compare(books, request.line, Pfn(s.log[i].pfn), _recorded_frame(recorded, at, last))
                _place(books, request.object + (at - first), Pfn(s.log[i].pfn), 1)
            at += 1
    while at < last:
        _compare(books, request.line, NO_PFN, _recorded_frame(recorded, at, last))
        at += 1


@jit
def _is_used(s: State, pfn: Pfn, order: Order) -> bool:
    """Whether this can be a chunk, and every frame of it is in use."""
    size = 1 << order
    if pfn & (size - 1) or pfn + size > s.config[0].nr_frames or is_free(s, pfn):
        return False
    for frame in range(pfn, pfn + size):
        if s.frame[frame].where != IN_USE:
            return False
    return True


@jit
def _frame_of(books: Books, request: Any, owner: int, offset: int) -> Pfn:
    """Where that lies in the model which a FREE gives back; NO_PFN when nowhere."""
    pfn = Pfn(request.pfn)
    if owner == UNNAMED:
        return NO_PFN if books.given[pfn] else pfn
    return NO_PFN if books.place[owner] == NO_PFN else Pfn(books.place[owner] + offset)


@jit
def _free(s: State, books: Books, request: Any, owner: int, offset: int) -> None:
    if owner == BESIDE_RANGE:
        return  # the model's own range has others
    pfn, order = _frame_of(books, request, owner, offset), Order(request.order)
    if pfn != NO_PFN and _is_used(s, pfn, order):
        books.given[pfn : pfn + (1 << order)] = 0
        come_to(s, request)
        free_pages(s, Cpu(request.cpu), pfn, order)
    else:
        books.counts[HOMELESS] += 1


@jit
def _test(s: State, books: Books, calls: NDArray[Any], request: Any, kernel_took: bool) -> None:
    """A range is looked at; what is taken beside it is given back (alloc_contig_range)."""
    call, cpu = calls[request.area], Cpu(request.cpu)
    if call.start == NO_PFN or call.taken:
        books.counts[RANGE_BUSY] += kernel_took and not call.taken
        return
    outer_start = find_large_buddy(s, Pfn(call.start))
    outer_end = serve(s, calls, request)
    books.counts[RANGE_BUSY] += kernel_took and not call.taken
    books.counts[RANGE_FREE] += call.taken != 0 and not kernel_took
    if call.taken:
        _place(books, request.object, Pfn(call.start), call.end - call.start)
        free_contig_range(s, cpu, outer_start, Pfn(call.start))
        free_contig_range(s, cpu, Pfn(call.end), outer_end)


@jit
def _finish(s: State, books: Books, calls: NDArray[Any], request: Any, recorded: Pfn) -> None:
    start = serve(s, calls, request)
    books.counts[CALLS] += 1
    books.counts[CALLS_EXACT] += start == recorded


@jit
def _release(s: State, books: Books, request: Any) -> None:
    """The bits of a range; its frames are freed one by one."""
    start, area = Pfn(request.pfn), Area(request.area)
    if request.object >= 0:
        start = Pfn(books.place[request.object])
    if start != NO_PFN:
        room = s.cma[area].base_pfn + s.cma[area].count - start
        mark_bits(s, area, start, Pages(min(request.count, room)), BITS_FREE)


@entry
def serve_freely(
    s: State,
    calls: NDArray[Any],
    requests: NDArray[Any],
    names: Names,
    recorded: Recorded,
    took: NDArray[np.uint8],
    books: Books,
) -> None:
    """Serve all requests.  ``took``: u1[requests], 1 for each CMA_TEST whose range the kernel took."""
    for i in range(requests.size):
        request = requests[i]
        op, first, last = request.op, recorded.first_allocated[i], recorded.first_allocated[i + 1]
        if op == FREE:
            _free(s, books, request, names.owner[i], names.offset[i])
        elif op == ALLOC:
            pfn = serve(s, calls, request)
            _allocated(s, books, request, pfn, _recorded_frame(recorded, first, last))
        elif op == BULK:
            serve(s, calls, request)
            _allocated_bulk(s, books, request, recorded, first, last)
        elif op == CMA_TEST:
            _test(s, books, calls, request, took[i] != 0)
        elif op == CMA_FINISH:
            _finish(s, books, calls, request, _recorded_frame(recorded, first, last))
        elif op == CMA_RELEASE:
            _release(s, books, request)
        elif op == TAKE_FREE:
            taken = take_chunk_off_buddy(s, Pfn(request.pfn), Order(request.order))
            books.counts[NOT_FREE] += not taken
        elif op != CMA_RETRY or not calls[request.area].taken:
            serve(s, calls, request)
