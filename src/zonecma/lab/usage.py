"""Who uses the area, and how much memory is free outside it, over time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.chunk import chunk_pages
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.pageblock import pageblock_of
from zonecma.kernel.reference import by_reference
from zonecma.kernel.state import NO_OBJECT, State
from zonecma.kernel.units import Pfn
from zonecma.kernel.users import UNKNOWN_USER
from zonecma.kernel.zone import MAX_NR_ZONES, ZONE_CMA
from zonecma.workload.users import UserKind

NR_KINDS = len(UserKind)
_OTHER = int(UserKind.OTHER)


@by_reference
class Usage(NamedTuple):
    """The accounts of one run."""

    in_area: NDArray[np.uint8]
    """u1[pageblocks]: 1 where an area lies"""
    kind: NDArray[np.uint8]
    """u1[gfp classes]: UserKind of each"""
    used: NDArray[np.int64]
    """i8[kinds]: frames of the areas in use now, contiguous buffers left out"""
    frame_ns: NDArray[np.float64]
    """f8[kinds, bins]: frames times nanoseconds of use, by slice of the window"""
    window: NDArray[np.int64]
    """i8[3]: the window's start and end (ns), and up to when it is accounted"""
    min_free_outside: NDArray[np.int64]
    """i8[1]: fewest free frames outside the areas within the window"""


@primitive
def kind_of(s: State, usage: Usage, pfn: Pfn) -> int:
    """The kind of user that a chunk serves."""
    user = s.frame[pfn].user
    return _OTHER if user == UNKNOWN_USER else usage.kind[user]  # type: ignore[no-any-return]


@primitive
def account(s: State, usage: Usage, pfn: Pfn, sign: int) -> None:
    """Count a chunk that is allocated (1) or about to be freed (-1)."""
    if usage.in_area[pageblock_of(s, pfn)]:
        usage.used[kind_of(s, usage, pfn)] += sign * chunk_pages(s, pfn)


@jit
def recount(s: State, usage: Usage) -> None:
    """Count anew all objects that live in the areas."""
    usage.used[:] = 0
    for number in range(s.object_pfn.size):
        pfn = Pfn(s.object_pfn[number])
        if pfn != NO_OBJECT:
            account(s, usage, pfn, 1)


@jit
def advance(usage: Usage, now: int) -> None:
    """Account the time up to ``now`` (ns) to the frames in use."""
    start, end = usage.window[0], usage.window[1]
    begun, now = max(usage.window[2], start), min(now, end)
    bins = usage.frame_ns.shape[1]
    width = (end - start) / bins
    while begun < now:
        slot = min(int((begun - start) / width), bins - 1)
        until = min(now, start + int((slot + 1) * width) + 1)
        for kind in range(NR_KINDS):
            usage.frame_ns[kind, slot] += usage.used[kind] * (until - begun)
        begun = until
    usage.window[2] = max(usage.window[2], now)


@jit
def watch_free(s: State, usage: Usage, now: int) -> None:
    """Note how many frames are on free lists outside the areas."""
    if now < usage.window[0] or now > usage.window[1]:
        return
    free = 0
    for zone in range(MAX_NR_ZONES):
        if zone != ZONE_CMA:
            free += s.zone[zone].nr_free_pages - s.zone[zone].nr_free_cma
    usage.min_free_outside[0] = min(usage.min_free_outside[0], free)
