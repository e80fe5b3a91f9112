"""Where a chunk went that was freed: on a per-cpu list, or past locked ones; told by what became of it.

Who finds the lists locked frees to the buddy lists at once (free_unref_page, 6.1 and 6.12), and
an interrupt can find them so where the trace shows nothing: between a batch's last commit and its
unlock, or within an allocation that needs no refill.  Two things tell in the end:

- A chunk that leaves the buddy lists, and was not drained since it was freed, had gone past.
- So had one that stays behind: lists are drained oldest first (free_pcppages_bulk).  If a chunk that
  was freed later, on the same CPU and in the same pageblock, is drained before it, it was not there.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.events import EVENT_ID
from zonecma.kernel.jit import entry, jit, primitive
from zonecma.kernel.reference import by_reference

UNTOLD, LISTED, PASSED = 0, 1, 2
"""Marks of a free: the trace does not tell; on a per-cpu list; past the lists."""

_NOTHING, _FREED, _LEFT_BUDDY, _ALLOCATED, _DRAINED = 0, 1, 2, 3, 4
"""What becomes of a frame next."""
_LISTS = 5
"""Orders 0 to 3, and the pageblock's."""

_ALLOC = EVENT_ID["mm_page_alloc"]
_FREE = EVENT_ID["mm_page_free"]
_FREE_BATCHED = EVENT_ID["mm_page_free_batched"]
_ZONE_LOCKED = EVENT_ID["mm_page_alloc_zone_locked"]
_DRAIN = EVENT_ID["mm_page_pcpu_drain"]
_EXTFRAG = EVENT_ID["mm_page_alloc_extfrag"]
_BULK = EVENT_ID["bulk"]
_BULK_PAGE = EVENT_ID["bulk_page"]
_ISOLFREE = EVENT_ID["isolfree"]


@by_reference
class Later(NamedTuple):
    """What comes after the event that is read, while the trace is read backwards."""

    what: NDArray[np.uint8]
    """u1[frames]: what becomes of each next"""
    order: NDArray[np.int8]
    """i1[frames]: of the chunk to which that happens"""
    overtakes: NDArray[np.uint8]
    """u1[cpus, pageblocks, _LISTS]: 1 when a chunk that is yet to be freed there will be drained"""
    pageblock_order: int


@primitive
def _list(order: int) -> int:
    return min(order, _LISTS - 1)


@primitive
def _becomes(later: Later, event: Any, order: int, what: int) -> None:
    first, last = event.pfn, event.pfn + (1 << max(order, 0))
    later.what[first:last], later.order[first:last] = what, order


@jit
def _comes_to_list(later: Later, event: Any) -> None:
    """A chunk comes to a per-cpu list: older ones that it overtakes are not there."""
    if later.what[event.pfn] == _DRAINED:
        block = event.pfn >> later.pageblock_order
        later.overtakes[event.cpu, block, _list(later.order[event.pfn])] = 1


@jit
def _where_it_went(later: Later, event: Any) -> int:
    """The mark of a free."""
    if event.order >= _LISTS - 1 and event.order != later.pageblock_order:
        return UNTOLD
    what = later.what[event.pfn]
    if what == _LEFT_BUDDY:
        return PASSED
    if what == _ALLOCATED or what == _DRAINED:
        return LISTED if later.order[event.pfn] == event.order else UNTOLD
    block = event.pfn >> later.pageblock_order
    overtaken = later.overtakes[event.cpu, block, _list(event.order)]
    return PASSED if what == _NOTHING and overtaken else UNTOLD


@jit
def _forget_lists(later: Later, event: Any) -> None:
    """A chunk's pageblocks change their type: what is freed there comes to another list than before."""
    order = max(event.a, later.pageblock_order)
    first, blocks = event.pfn >> order << order >> later.pageblock_order, 1 << order - later.pageblock_order
    later.overtakes[:, first : first + blocks] = 0


@entry
def mark_fates(events: NDArray[Any], later: Later, fates: NDArray[np.uint8]) -> None:
    """Mark each mm_page_free (u1) whose chunk's way the trace tells."""
    for i in range(events.size - 1, -1, -1):
        event = events[i]
        what, fates[i] = event.event, UNTOLD
        if what == _BULK and events[min(i + 1, events.size - 1)].event != _BULK_PAGE:
            later.overtakes[:] = 0  # who stays behind may have gone with it
        if event.pfn < 0:
            continue
        if what == _FREE:
            fates[i] = _where_it_went(later, event)
            if fates[i] == LISTED:
                _comes_to_list(later, event)
            _becomes(later, event, event.order, _FREED)
        elif what == _FREE_BATCHED:
            _comes_to_list(later, event)
            _becomes(later, event, 0, _FREED)
        elif what == _ALLOC or what == _BULK_PAGE:
            _becomes(later, event, event.order, _ALLOCATED)
        elif what == _DRAIN:
            _becomes(later, event, event.order, _DRAINED)
        elif what == _ZONE_LOCKED or what == _ISOLFREE or what == _EXTFRAG:
            _becomes(later, event, event.order, _LEFT_BUDDY)
            if what == _EXTFRAG:
                _forget_lists(later, event)


def fates_of(events: NDArray[Any], nr_frames: int, pageblock_order: int) -> NDArray[np.uint8]:
    """u1[events]: where each mm_page_free went, as far as the trace tells."""
    blocks = (nr_frames >> pageblock_order) + 1
    cpus = int(events["cpu"].max(initial=0)) + 1
    later = Later(
        what=np.full(nr_frames, _NOTHING, np.uint8),
        order=np.zeros(nr_frames, np.int8),
        overtakes=np.zeros((cpus, blocks, _LISTS), np.uint8),
        pageblock_order=pageblock_order,
    )
    fates = np.empty(len(events), np.uint8)
    mark_fates(events.view(np.recarray), later, fates)
    return fates
