"""What a trace tells of each frame before its first event: what was done first says what was there.

A page that is freed was in use.  A chunk that is allocated was free: on a buddy list where
mm_page_alloc_zone_locked says so first, else on a per-cpu list.  What a contiguous call gets without
anything having been freed in it was free; what is released and was never got was a buffer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.events import EVENT_ID
from zonecma.capture.trace import Trace

# Evidence.held
UNSEEN = 0
USED = 1
IN_BUDDY = 2
ON_PCP = 3
BUFFER = 4
"""a contiguous call had got it before the trace began"""

NO_TYPE = -1
_LAST_PCP_ORDER = 3
_NEVER = np.iinfo(np.int64).max
_CLAIM_FOLLOWS = 2
"""Events: mm_page_alloc_extfrag comes right after the mm_page_alloc_zone_locked of the chunk it tells of."""

_CODES = {
    "mm_page_free": USED,
    "mm_page_free_batched": USED,
    "mm_lru_insertion": USED,
    "mm_lru_activate": USED,
    "mm_filemap_add_to_page_cache": USED,
    "mm_filemap_delete_from_page_cache": USED,
    "mm_page_alloc": ON_PCP,
    "bulk_page": ON_PCP,
    "mm_page_pcpu_drain": ON_PCP,
    "mm_page_alloc_zone_locked": IN_BUDDY,
    "mm_page_alloc_extfrag": IN_BUDDY,
    "isolfree": IN_BUDDY,
    "putback": IN_BUDDY,
}
"""What the frames of an event's chunk were, if it is the first that names them."""
_CHUNKS = frozenset(_CODES) - {"mm_lru_insertion", "mm_lru_activate", "mm_page_free_batched", "bulk_page"}
"""Those whose ``order`` is that of their chunk."""


@dataclass(frozen=True)
class Evidence:
    """What the trace tells of the start, by frame."""

    held: NDArray[np.uint8]
    """u1[frames]: UNSEEN where the trace tells nothing"""
    migratetype: NDArray[np.int8]
    """i1[frames]: of the list that a free frame was on; NO_TYPE"""
    order: NDArray[np.int8]
    """i1[frames]: of the chunk on a per-cpu list, at its first frame; -1"""
    cpu: NDArray[np.uint16]
    """u2[frames]: whose per-cpu list it was"""

    def count(self, held: int) -> int:
        """Frames of a kind."""
        return int(np.count_nonzero(self.held == held))


def evidence_of(trace: Trace, nr_frames: int, pageblock_order: int) -> Evidence:
    """What a trace tells of frames below ``nr_frames``."""
    events = trace.events
    codes = _codes(events, pageblock_order)
    told = np.flatnonzero(codes)
    pfn, order = _chunks(events, told)
    first = _first(nr_frames, told, pfn, order)
    types = events["migratetype"].astype(np.int8)
    _correct_claims(events, first, types)
    held, chunk_type = np.zeros(nr_frames, np.uint8), np.full(nr_frames, NO_TYPE, np.int8)
    whole, cpu = np.full(nr_frames, -1, np.int8), np.zeros(nr_frames, np.uint16)
    seen = np.flatnonzero(first != _NEVER)
    by = first[seen]
    held[seen], chunk_type[seen], cpu[seen] = codes[by], types[by], events["cpu"][by]
    heads = events["pfn"][by] == seen
    whole[seen[heads]] = np.maximum(events["order"][by[heads]], 0)
    _contiguous(events, first, held)
    return Evidence(held, chunk_type, whole, cpu)


def _codes(events: NDArray[Any], pageblock_order: int) -> NDArray[np.uint8]:
    """u1[events]: what each event says of its frames; 0: nothing."""
    table = np.zeros(256, np.uint8)
    for name, code in _CODES.items():
        table[EVENT_ID[name]] = code
    codes: NDArray[np.uint8] = table[events["event"]]
    codes[events["pfn"] < 0] = 0
    alloc = events["event"] == EVENT_ID["mm_page_alloc"]
    has_list = (events["order"] <= _LAST_PCP_ORDER) | (events["order"] == pageblock_order)
    if not (events["event"] == EVENT_ID["mm_page_alloc_zone_locked"]).any():
        has_list[:] = False  # such a trace does not tell one kind of list from the other
    codes[alloc & ~has_list & (codes != 0)] = IN_BUDDY
    return codes


def _chunks(events: NDArray[Any], told: NDArray[np.intp]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First frame and order of what each of these events names.

    mm_page_alloc_extfrag tells of the chunk that was split, by its order.
    """
    event = events["event"][told]
    pfn, order = events["pfn"][told].astype(np.int64), events["order"][told].astype(np.int64)
    order[np.isin(event, [EVENT_ID[name] for name in _CHUNKS], invert=True)] = 0
    split = event == EVENT_ID["mm_page_alloc_extfrag"]
    order[split] = np.clip(events["a"][told[split]], 0, 30)
    order = np.maximum(order, 0)
    return pfn >> order << order, order


def _first(
    nr_frames: int, told: NDArray[np.intp], pfn: NDArray[np.int64], order: NDArray[np.int64]
) -> NDArray[np.int64]:
    """i8[frames]: the first event that names each; _NEVER."""
    first = np.full(nr_frames, _NEVER, np.int64)
    for one in np.unique(order):
        rows = np.flatnonzero((order == one) & (pfn + (1 << one) <= nr_frames))
        for offset in range(1 << one):
            np.minimum.at(first, pfn[rows] + offset, told[rows])
    return first


def _correct_claims(events: NDArray[Any], first: NDArray[np.int64], types: NDArray[np.int8]) -> None:
    """A chunk that another type's list claimed was on its own type's before."""
    claims = np.flatnonzero(events["event"] == EVENT_ID["mm_page_alloc_extfrag"])
    claims = claims[(events["pfn"][claims] >= 0) & (events["pfn"][claims] < len(first))]
    types[claims] = events["b"][claims]
    told = first[events["pfn"][claims]]
    right_before = (told <= claims) & (claims - told <= _CLAIM_FOLLOWS)
    types[told[right_before]] = events["b"][claims[right_before]]


def _contiguous(events: NDArray[Any], first: NDArray[np.int64], held: NDArray[np.uint8]) -> None:
    """What contiguous calls got and gave back."""
    got = np.full(len(first), _NEVER, np.int64)
    for i in np.flatnonzero(events["event"] == EVENT_ID["cma_alloc_finish"]):
        event = events[i]
        if event["c"] == 0 and event["e"] >= 0 and event["pfn"] > 0:
            frames = slice(event["pfn"], event["pfn"] + max(int(event["a"]), 0))
            held[frames][first[frames] > i] = IN_BUDDY
            first[frames] = np.minimum(first[frames], i)
            got[frames] = np.minimum(got[frames], i)
    for i in np.flatnonzero(events["event"] == EVENT_ID["cma_release"]):
        event = events[i]
        if event["pfn"] > 0:
            frames = slice(event["pfn"], event["pfn"] + max(int(event["a"]), 0))
            held[frames][got[frames] > i] = BUFFER
            got[frames] = np.minimum(got[frames], i)
