"""Who uses the area, and how much memory is free outside it, over time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.memory import NR_KINDS, Memory
from zonecma.kernel.reference import by_reference
from zonecma.kernel.residence import count_in_area
from zonecma.kernel.state import State
from zonecma.kernel.units import NO_PFN, Pfn
from zonecma.kernel.zone import MAX_NR_ZONES


@by_reference
class Usage(NamedTuple):
    """The accounts of one run."""

    used: NDArray[np.int64]
    """i8[kinds]: frames of the areas in use now, contiguous buffers left out; the Memory's own"""
    frame_ns: NDArray[np.float64]
    """f8[kinds, bins]: frames times nanoseconds of use, by slice of the window"""
    weight: NDArray[np.float64]
    """f8[bins]: nanoseconds that each slice took; more than in the load where requests waited"""
    window: NDArray[np.int64]
    """i8[4]: the window's start and end (ns of the load), and up to when it is accounted, as the load
    tells time and as the run does"""
    held: NDArray[np.int64]
    """i8[2]: frames of areas that are lent at all, and those of them in contiguous buffers"""
    min_free_outside: NDArray[np.int64]
    """i8[1]: fewest free frames outside the areas within the window"""


@primitive
def _weigh(usage: Usage, slot: int, ns: float) -> None:
    usage.weight[slot] += ns
    for kind in range(NR_KINDS):
        usage.frame_ns[kind, slot] += usage.used[kind] * ns


@jit
def advance(usage: Usage, at: int, now: int) -> None:
    """Account the time up to the request that the load makes at ``at`` (ns), and that is made at ``now``.

    Slices are of the load's time: what is done later, since requests had to wait, is in its old slice.
    """
    start, end, begun = usage.window[0], usage.window[1], usage.window[2]
    if at < start:
        usage.window[3] = start + now - at
        return
    bins = usage.frame_ns.shape[1]
    width, took = (end - start) / bins, max(now - usage.window[3], 0)
    if at <= begun < end:
        _weigh(usage, int((begun - start) / width), took)
    stretch = took / max(at - begun, 1)
    while begun < min(at, end):
        slot = min(int((begun - start) / width), bins - 1)
        until = min(at, end, start + int((slot + 1) * width) + 1)
        _weigh(usage, slot, (until - begun) * stretch)
        begun = until
    usage.window[2], usage.window[3] = max(usage.window[2], at), max(usage.window[3], now)


@jit
def free_outside(s: State, usage: Usage) -> int:
    """Free frames outside the areas, on buddy lists and per-cpu lists."""
    free = -usage.held[0] + usage.held[1]
    for kind in range(NR_KINDS):
        free += usage.used[kind]
    for zone in range(MAX_NR_ZONES):
        free += s.zone[zone].nr_free_pages
        for cpu in range(s.config[0].nr_cpus):
            free += s.pcp[zone, cpu].count
    return free  # type: ignore[no-any-return]


@jit
def watch_free(s: State, usage: Usage, at: int) -> None:
    """Note how many frames are free outside the areas."""
    if usage.window[0] <= at <= usage.window[1]:
        usage.min_free_outside[0] = min(usage.min_free_outside[0], free_outside(s, usage))


@jit
def recount(s: State, m: Memory) -> None:
    """Count anew all objects that live in the areas."""
    m.used[:] = 0
    for obj in range(s.object_pfn.size):
        if s.object_pfn[obj] != NO_PFN:
            count_in_area(s, m, obj, Pfn(s.object_pfn[obj]), 1)
