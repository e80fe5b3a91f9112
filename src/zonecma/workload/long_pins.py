"""Long pins that a trace does not show, inferred from those that it does.

What a program pins for long leaves an area first, and that migration names its reason; what lies outside
already is pinned without an event.  A program that pins asks for kernel memory then: its driver's, for
the list of pages.  So the pages that it faults in between two such requests are taken as one buffer: if
a page of it left an area for a pin, all of it is pinned; if it had pages in an area that stayed, nothing
is.  Of the buffers that never had a page in an area, as large a share is pinned as of the others.
"""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.events import EVENT_ID
from zonecma.workload.requests import ALLOC, FREE, PIN, UNKNOWN_GFP
from zonecma.workload.touched import TouchedLoad
from zonecma.workload.users import UserKind

_NEVER = np.iinfo(np.int64).max


class _Faults(NamedTuple):
    """The pages that one task faulted in, in order, and the buffers that they are taken to be."""

    objects: NDArray[np.int64]
    """i8[pages]"""
    buffer: NDArray[np.int64]
    """i8[pages]: number of the buffer of each"""
    was_inside: NDArray[np.bool_]
    """bool[pages]: it lay in an area"""
    is_told: NDArray[np.bool_]
    """bool[pages]: it left an area to be pinned"""
    end: NDArray[np.int64]
    """i8[buffers]: row of the request for kernel memory that ends each; _NEVER"""


def with_untold_pins(load: TouchedLoad, events: NDArray[Any], in_area: NDArray[np.bool_]) -> TouchedLoad:
    """The load, with PIN requests for what its tasks pinned outside the areas.

    ``events``: the trace's; ``in_area``: bool[frames].  Which of the buffers that nothing is told of are
    pinned is drawn, always alike.
    """
    requests = load.requests
    is_told = np.zeros(load.nr_objects, np.bool_)
    is_told[requests["object"][requests["op"] == PIN]] = True
    was_inside = _allocated_inside(load, events, in_area)
    tasks = np.unique(load.objects["task"][is_told[: len(load.objects)]])
    pins = [_untold(_faults_of(int(task), load, was_inside, is_told)) for task in tasks]
    if not pins:
        return load
    rows, objects = (np.concatenate(column) for column in zip(*pins, strict=True))
    freed = np.full(load.nr_objects, _NEVER)
    frees = np.flatnonzero((requests["op"] == FREE) & (requests["object"] >= 0))
    freed[requests["object"][frees]] = frees
    kept = rows < freed[objects]
    return _with_pins(load, rows[kept], objects[kept])


def _allocated_inside(
    load: TouchedLoad, events: NDArray[Any], in_area: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """bool[objects]: the recorded kernel allocated it in an area."""
    inside = np.zeros(load.nr_objects, np.bool_)
    rows = load.requests[load.requests["op"] == ALLOC]
    allocated = events[events["event"] == EVENT_ID["mm_page_alloc"]]
    at = np.searchsorted(allocated["line"], rows["line"])
    inside[rows["object"]] = in_area[allocated["pfn"][at]]
    return inside


def _faults_of(
    task: int, load: TouchedLoad, was_inside: NDArray[np.bool_], is_told: NDArray[np.bool_]
) -> _Faults:
    objects, requests = load.objects, load.requests
    rows = np.flatnonzero(requests["op"] == ALLOC)
    rows = rows[objects["task"][requests["object"][rows]] == task]
    number = requests["object"][rows].astype(np.int64)
    of_kernel, is_page = (objects["kind"][number] == kind for kind in (UserKind.OTHER, UserKind.ANONYMOUS))
    return _Faults(
        objects=number[is_page],
        buffer=np.cumsum(of_kernel)[is_page],
        was_inside=was_inside[number[is_page]],
        is_told=is_told[number[is_page]],
        end=np.append(rows[of_kernel], _NEVER),
    )


def _untold(faults: _Faults) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of requests after which pages are pinned, and the objects that they are."""
    buffer, nr = faults.buffer, len(faults.end)
    pinned, inside, size = (
        np.bincount(buffer, weights, nr) for weights in (faults.is_told, faults.was_inside, None)
    )
    is_pinned, tells = pinned > 0, (pinned > 0) | (inside > 0)
    share = size[is_pinned].sum() / max(size[tells].sum(), 1)
    drawn = np.random.default_rng(0).random(nr) < share
    chosen = np.where(tells, is_pinned, drawn) & (faults.end != _NEVER)
    pages = chosen[buffer] & ~faults.is_told
    return faults.end[buffer[pages]], faults.objects[pages]


def _with_pins(load: TouchedLoad, rows: NDArray[np.int64], objects: NDArray[np.int64]) -> TouchedLoad:
    """The load, with each object pinned right after a row."""
    pins = load.requests[rows].copy()
    pins["op"], pins["object"], pins["pfn"], pins["count"] = PIN, objects, -1, 0
    pins["gfp"], pins["order"] = UNKNOWN_GFP, 0
    return dataclasses.replace(
        load,
        requests=np.insert(load.requests, rows + 1, pins),
        stalls=np.insert(load.stalls, rows + 1, 0),
    )
