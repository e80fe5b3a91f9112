"""How full a trace shows memory to be: frames of the areas in use over time, frames free outside them.

A frame on a per-cpu list is as free as one on a buddy list: refills and drains change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.events import EVENT_ID
from zonecma.capture.snapshot import Snapshot
from zonecma.kernel.jit import entry, jit
from zonecma.kernel.migratetype import MIGRATE_PCPTYPES
from zonecma.kernel.pcp import NR_LOWORDER_PCP_LISTS
from zonecma.kernel.units import Order
from zonecma.workload.compactions import NONE, Compactions, keeps
from zonecma.workload.compactions import follow as follow_compaction
from zonecma.workload.lives import pages_of

# Occupancy.held
FREE = 0
IN_USE = 1
CONTIGUOUS = 2
"""a contiguous call took it"""

# Occupancy.now
AREA_USE, FREE_OUTSIDE, TIME = range(3)

_ALLOC = EVENT_ID["mm_page_alloc"]
_FREE = EVENT_ID["mm_page_free"]
_BULK_PAGE = EVENT_ID["bulk_page"]
_ISOLFREE = EVENT_ID["isolfree"]
_PUTBACK = EVENT_ID["putback"]
_CMA_START = EVENT_ID["cma_alloc_start"]
_CMA_FINISH = EVENT_ID["cma_alloc_finish"]


class Occupancy(NamedTuple):
    """Every frame's state, and what was found so far."""

    held: NDArray[np.uint8]
    """u1[frames]"""
    in_area: NDArray[np.bool_]
    """b1[frames]"""
    calling: NDArray[np.uint8]
    """u1[words]: 1 while a task is in a contiguous call"""
    window: NDArray[np.int64]
    """i8[2]: start and end (ns) of the time that counts"""
    now: NDArray[np.int64]
    """i8[3]: frames of areas in use, free frames outside, the time up to which both are accounted"""
    frame_ns: NDArray[np.float64]
    """f8[1]: frames times nanoseconds of use"""
    min_free_outside: NDArray[np.int64]
    """i8[1]: fewest free frames outside"""


def occupancy_of(snapshot: Snapshot, nr_frames: int, words: int, window: tuple[int, int]) -> Occupancy:
    """Frames as a snapshot shows them, before the first event of a trace with so many words."""
    in_area = np.zeros(nr_frames, np.bool_)
    for area in snapshot.areas:
        in_area[area.base_pfn : area.base_pfn + area.count] = True
    held = frames_shown(snapshot, nr_frames)
    use, outside = in_area & (held == IN_USE), ~in_area & (held == FREE)
    return Occupancy(
        held=held,
        in_area=in_area,
        calling=np.zeros(words, np.uint8),
        window=np.array(window, np.int64),
        now=np.array([use.sum(), outside.sum(), np.iinfo(np.int64).min], np.int64),
        frame_ns=np.zeros(1),
        min_free_outside=np.array([np.iinfo(np.int64).max], np.int64),
    )


def frames_shown(snapshot: Snapshot, nr_frames: int) -> NDArray[np.uint8]:
    """u1[frames]: FREE, IN_USE or CONTIGUOUS.  What is on no list and in no contiguous buffer is in use."""
    held = np.full(nr_frames, IN_USE, np.uint8)
    for area in snapshot.areas:
        taken = np.repeat(area.bitmap, 1 << area.order_per_bit)
        held[area.base_pfn : area.base_pfn + len(taken)][taken == 1] = CONTIGUOUS
    for order, first in _free_chunks(snapshot):
        held[first : first + (1 << order)] = FREE
    return held


def _free_chunks(snapshot: Snapshot) -> Iterator[tuple[int, int]]:
    """Order and first frame of each chunk, on buddy lists and on per-cpu lists."""
    for zone in snapshot.zones:
        for (order, _), frames in zone.free.items():
            yield from ((order, pfn) for pfn in frames)
        for pindex, frames in (row for pcp in zone.pcp for row in pcp.lists.items()):
            order = Order(zone.pageblock_order)
            if pindex < NR_LOWORDER_PCP_LISTS:
                order = Order(pindex // MIGRATE_PCPTYPES)
            yield from ((order, pfn) for pfn in frames)


@jit
def _advance(o: Occupancy, time: int) -> None:
    """Account the time up to ``time`` to the frames as they are."""
    start, end = o.window[0], o.window[1]
    if o.now[TIME] <= end and time >= start:
        o.frame_ns[0] += o.now[AREA_USE] * max(min(time, end) - max(o.now[TIME], start), 0)
        o.min_free_outside[0] = min(o.min_free_outside[0], o.now[FREE_OUTSIDE])
    o.now[TIME] = max(o.now[TIME], time)


@jit
def _put(o: Occupancy, pfn: int, pages: int, held: int) -> None:
    """What ``pages`` frames hold from now on."""
    for frame in range(pfn, pfn + pages):
        before, o.held[frame] = o.held[frame], held
        if o.in_area[frame]:
            o.now[AREA_USE] += np.int64(held == IN_USE) - np.int64(before == IN_USE)
        else:
            o.now[FREE_OUTSIDE] += np.int64(held == FREE) - np.int64(before == FREE)


@jit
def _call(o: Occupancy, event: Any) -> None:
    """A contiguous call begins, or ends: with its frames, if 0 is no frame's struct page."""
    o.calling[event.task] = event.event == _CMA_START
    if event.event == _CMA_FINISH and event.c == 0 and event.e >= 0 and event.pfn > 0:
        _put(o, event.pfn, event.a, CONTIGUOUS)


@jit
def _follow(o: Occupancy, compactions: Compactions, event: Any) -> None:
    """What an event does to frames.

    A free chunk that leaves its list goes to the task's compaction, or else to its contiguous call
    (__isolate_free_page).
    """
    what = event.event
    if what == _CMA_START or what == _CMA_FINISH:
        _call(o, event)
    elif event.pfn < 0:
        return
    elif what == _ALLOC:
        _put(o, event.pfn, pages_of(event), IN_USE)
    elif what == _BULK_PAGE:
        _put(o, event.pfn, 1, IN_USE)
    elif what == _ISOLFREE:
        for_call = o.calling[event.task] == 1 and compactions.running[event.task] == NONE
        _put(o, event.pfn, pages_of(event), CONTIGUOUS if for_call else IN_USE)
    elif what == _PUTBACK or (what == _FREE and not keeps(compactions, event)):
        _put(o, event.pfn, pages_of(event), FREE)


@entry
def follow(o: Occupancy, compactions: Compactions, events: NDArray[Any]) -> None:
    """Read events in order, up to the end of the time that counts."""
    for i in range(events.size):
        _advance(o, events[i].time)
        follow_compaction(compactions, events[i], i)
        _follow(o, compactions, events[i])
    _advance(o, max(o.window[1], o.now[TIME]))
