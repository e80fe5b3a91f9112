"""Buffers of programs that hold their pages, told in part: which of their pages are held, and since when.

A program that holds pages asks for kernel memory then: its driver's or its pipe's, for the list of pages.
So the pages that a task faults in between two such requests are taken as one buffer: if a page of it is
known to be held, all of it is; if pages of it are known not to be, none is.  Of the buffers of which
nothing is known, as large a share is held as of the others.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.workload.requests import ALLOC, FREE, UNKNOWN_GFP
from zonecma.workload.touched import TouchedLoad
from zonecma.workload.users import UserKind

NEVER = int(np.iinfo(np.int64).max)
"""The row of what does not come."""


class Known(NamedTuple):
    """What is known of a load's objects."""

    held: NDArray[np.bool_]
    """bool[objects]"""
    loose: NDArray[np.bool_]
    """bool[objects]: it is known not to be held"""


class Held(NamedTuple):
    """Objects that are held."""

    objects: NDArray[np.int64]
    """i8[pages]"""
    since: NDArray[np.int64]
    """i8[pages]: row of the request for kernel memory that ends each one's buffer; NEVER"""


_NOTHING = Held(np.empty(0, np.int64), np.empty(0, np.int64))


class _Buffers(NamedTuple):
    """The pages that one task faulted in, in order, and the buffers that they are taken to be."""

    objects: NDArray[np.int64]
    """i8[pages]"""
    buffer: NDArray[np.int64]
    """i8[pages]: number of the buffer of each"""
    end: NDArray[np.int64]
    """i8[buffers]: row of the request for kernel memory that ends each; NEVER"""


def held_objects(load: TouchedLoad, known: Known) -> Held:
    """All that the tasks hold of which some page is known to be held.

    Which of the buffers that nothing is known of are held is drawn, always alike.
    """
    tasks = np.unique(load.objects["task"][known.held[: len(load.objects)]])
    parts = [_NOTHING, *(_held(_buffers_of(int(task), load), known) for task in tasks)]
    return Held(*map(np.concatenate, zip(*parts, strict=True)))


def with_requests(load: TouchedLoad, op: int, held: Held) -> TouchedLoad:
    """The load, with this operation on each object right after its row, where it is not free by then."""
    freed = np.full(load.nr_objects, NEVER)
    frees = np.flatnonzero((load.requests["op"] == FREE) & (load.requests["object"] >= 0))
    freed[load.requests["object"][frees]] = frees
    kept = held.since < freed[held.objects]
    rows = held.since[kept]
    added = load.requests[rows].copy()
    added["op"], added["object"], added["pfn"], added["count"] = op, held.objects[kept], -1, 0
    added["gfp"], added["order"] = UNKNOWN_GFP, 0
    return dataclasses.replace(
        load,
        requests=np.insert(load.requests, rows + 1, added),
        stalls=np.insert(load.stalls, rows + 1, 0),
    )


def _buffers_of(task: int, load: TouchedLoad) -> _Buffers:
    objects, requests = load.objects, load.requests
    rows = np.flatnonzero(requests["op"] == ALLOC)
    rows = rows[objects["task"][requests["object"][rows]] == task]
    number = requests["object"][rows].astype(np.int64)
    of_kernel, is_page = (objects["kind"][number] == kind for kind in (UserKind.OTHER, UserKind.ANONYMOUS))
    return _Buffers(
        objects=number[is_page],
        buffer=np.cumsum(of_kernel)[is_page],
        end=np.append(rows[of_kernel], NEVER),
    )


def _held(buffers: _Buffers, known: Known) -> Held:
    numbers, buffer, nr = buffers.objects, buffers.buffer, len(buffers.end)
    held, loose, size = (
        np.bincount(buffer, weights, nr) for weights in (known.held[numbers], known.loose[numbers], None)
    )
    is_held, is_known = held > 0, (held > 0) | (loose > 0)
    share = size[is_held].sum() / max(size[is_known].sum(), 1)
    drawn = np.random.default_rng(0).random(nr) < share
    chosen = np.where(is_known, is_held, drawn)[buffer]
    return Held(numbers[chosen], buffers.end[buffer[chosen]])
