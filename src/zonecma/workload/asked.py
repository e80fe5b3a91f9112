"""Buffers that must be got while a recorded load runs: calls that nobody made, among those that were."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from zonecma.workload.needs import Need, ask_moments
from zonecma.workload.objects import OBJECT_FACTS
from zonecma.workload.requests import CMA_ALLOC, CMA_RELEASE, REQUEST, UNKNOWN_GFP
from zonecma.workload.steps import dma_order
from zonecma.workload.touched import TouchedLoad
from zonecma.workload.users import UserKind


def with_asks(load: TouchedLoad, needs: Sequence[Need], window: tuple[int, int], seed: int) -> TouchedLoad:
    """The load, with all needed buffers asked for ASKS times within ``window`` (ns), held and given back.

    They are of the first area, and have the numbers from ``load.nr_objects`` on.
    """
    asks = _asks([need.pages for need in needs for _ in range(need.count)], load.nr_objects, window, seed)
    times = np.maximum.accumulate(load.requests["time"])
    at = np.searchsorted(times, asks["time"], side="right")
    facts = np.zeros(int(asks["object"].max()) + 1 - load.nr_objects, OBJECT_FACTS)
    facts["gfp"], facts["kind"], facts["file"] = UNKNOWN_GFP, UserKind.OTHER, -1
    return dataclasses.replace(
        load,
        requests=np.insert(load.requests, at, asks),
        stalls=np.insert(load.stalls, at, 0),
        objects=np.concatenate([load.objects, facts]),
        nr_objects=load.nr_objects + len(facts),
    )


def _asks(sizes: Sequence[int], first: int, window: tuple[int, int], seed: int) -> NDArray[np.void]:
    """REQUEST[]: calls and releases in the order of time; buffers are numbered from ``first`` on."""
    rows, lasts = [], window[1] - window[0]
    for moments in ask_moments(len(sizes), seed):
        for op, moment in zip((CMA_ALLOC, CMA_RELEASE), moments, strict=True):
            one = np.zeros(len(sizes), REQUEST)
            one["time"], one["op"], one["pfn"] = window[0] + int(moment * lasts), op, -1
            one["object"], one["count"] = np.arange(first, first + len(sizes)), sizes
            one["align"] = [dma_order(pages) for pages in sizes]
            rows.append(one)
    return np.concatenate(rows)
