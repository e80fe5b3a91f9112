"""The schema of requests: what a load, or the kernel itself, asked of the allocator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# REQUEST.op
ALLOC = 1
"""``1 << order`` frames for a gfp class; ``object`` is what will live there"""
FREE = 2
"""give an object's chunk back; ``pfn`` is where it was in the recording"""
BULK = 3
"""``count`` single frames at once, for objects ``object`` and following"""
CMA_ALLOC = 4
"""``count`` contiguous frames of ``area``, aligned to ``1 << align``; ``object`` numbers the call"""
CMA_RELEASE = 5
"""give the frames of call ``object`` back"""
CMA_TEST = 6
"""within a contiguous call: the range was looked at, ``test_pages_isolated``"""
CMA_RETRY = 7
"""within a contiguous call: the range was busy, the next one is tried"""
CMA_FINISH = 8
"""the end of a contiguous call"""
TIMER_DRAIN = 9
"""the vmstat worker of ``cpu`` ran (refresh_cpu_vm_stats), for the zone with frame ``pfn``; -1: for all"""
DRAIN_ALL = 10
"""some other path drains all per-cpu lists: those of CPU 0, of the zone with frame ``pfn``; -1: of all"""
TAKE_FREE = 11
"""compaction took the free chunk at ``pfn`` off its list"""
WAKEUP_KSWAPD = 12
"""a task asked kswapd for memory, for gfp class ``gfp``"""
KSWAPD_BEGIN = 13
"""kswapd begins a round of reclaim"""
KSWAPD_END = 14
"""kswapd is done with it"""
DRAIN_CPU = 15
"""a drain of all per-cpu lists, of ``area``'s contiguous call or with NO_AREA, comes to CPU ``count``"""
RECLAIM = 16
"""a task that asked for ``1 << order`` frames of gfp class ``gfp`` goes to reclaim some, if none are free"""
COMPACT_BEGIN = 17
"""compaction of a zone for chunks of ``order`` begins"""
COMPACT_SOURCE = 18
"""compaction chose where to scan for pages to move: ``pfn``; its scanners were at ``count``, ``object``"""
COMPACT_TARGET = 19
"""compaction searched the lists for targets; its scanners were at ``count`` and ``object``"""
TOUCH = 20
"""an object is accessed: a hit, or a fault where it is not in memory"""
DIRTY = 21
"""a file's object, or a buffer, is made dirty"""
PIN = 22
"""an object is pinned for long, until it is freed"""
FLUSH = 23
"""whatever is dirty is written: somebody asked for it, or a file system that is nearly full"""
HOLD = 24
"""an object is referenced, and stays where it is, until it is freed"""
NO_AREA = 255

# REQUEST.align of an ALLOC
NO_RECLAIM = 0
AFTER_RECLAIM = 1
"""its task has reclaimed memory for it: only the slow path's attempt is left"""
WITHIN_RECLAIM = 2
"""its task frees memory: kswapd, or one in direct reclaim or compaction (PF_MEMALLOC)"""

OF_THE_KERNEL = 1
"""REQUEST.origin: made by the kernel for itself while it served a contiguous call"""

REQUEST = np.dtype(
    [
        ("time", "i8"),  # ns, the trace's clock
        ("pfn", "i4"),  # frame of a FREE or TAKE_FREE in the recording, or of a drain's zone; -1
        ("object", "i4"),  # what is allocated or freed; -1: unknown; where compaction looks for targets
        # frames of a BULK or CMA_ALLOC; where compaction looks for pages to move; of a TOUCH that read
        # its object from swap: how many objects lay there
        ("count", "i4"),
        ("line", "u4"),  # line of the trace text that it came from; 0: none
        ("op", "u1"),
        ("origin", "u1"),  # OF_THE_KERNEL, or 0: the load
        ("cpu", "u1"),
        ("order", "u1"),
        ("gfp", "u1"),  # index into Load.gfp_masks
        ("area", "u1"),  # index into the machine's areas
        ("align", "u1"),  # order; of an ALLOC: how its task stands to reclaim
        # 1 + the zone whose per-cpu lists an ALLOC or FREE finds locked; 0: none.  Of a DRAIN_CPU: after
        # how many holds of the zone's lock another CPU comes between; 0: never
        ("locked", "u1"),
    ],
    align=True,
)
"""One request: 32 bytes."""

OBJECT = np.dtype(
    [
        ("pfn", "i4"),  # where it lived in the recording before the first request
        ("object", "i4"),
        ("order", "u1"),
        ("gfp", "u1"),  # index into Load.gfp_masks; UNKNOWN_GFP
    ],
    align=True,
)
"""An object that was alive before the first request."""

UNKNOWN_GFP = 255
"""The gfp class of objects whose allocation was not seen."""


@dataclass(frozen=True)
class Load:
    """All that is asked of a machine, in order of time."""

    requests: NDArray[Any]
    """REQUEST[requests]"""
    gfp_masks: NDArray[np.uint32]
    """the distinct gfp masks; ``gfp`` columns number them"""
    living: NDArray[Any]
    """OBJECT[objects]: alive before the first request and freed, or lying in an area, later"""
    nr_objects: int
    """objects and calls are numbered below this"""
