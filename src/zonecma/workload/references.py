"""Plain references that last, told by the contiguous calls that met them.

Who takes a plain reference to a program's page (vmsplice) leaves no event, but the page can't move: a
contiguous call finds it in its way, and so do later ones, until its program gives it back.  What is bound
in passing, by a fault or an LRU batch, is free to go some milliseconds later.  Pages of the same buffer
that a migration moved are known not to be held.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.trace import Trace
from zonecma.workload.buffers import NEVER, Held, Known, held_objects, with_requests
from zonecma.workload.lives import IN_USE, NOBODY
from zonecma.workload.objects import MOVED
from zonecma.workload.requests import ALLOC, FREE, HOLD, TOUCH
from zonecma.workload.touched import TouchedLoad
from zonecma.workload.users import UserKind

LASTS_NS = 100_000_000
"""A page that is in the way of ranges, and still there as long after the first.

Of the recordings in hand, those in passing that were met twice stayed 19 ms at most; from 20 to 300 ms
the same pages are found to be held.
"""


def with_references(load: TouchedLoad, trace: Trace, attempts: NDArray[Any]) -> TouchedLoad:
    """The load, with HOLD requests for the pages that its tasks hold.

    ``attempts``: ATTEMPT[], all of the trace.
    """
    looks = _first_looks(load, trace, attempts)
    is_told = looks != NEVER
    held = held_objects(load, Known(is_told, load.objects["tells"] & MOVED != 0))
    since = np.minimum(held.since, looks[held.objects])
    known = since != NEVER
    return with_requests(load, HOLD, Held(held.objects[known], since[known]))


def _first_looks(load: TouchedLoad, trace: Trace, attempts: NDArray[Any]) -> NDArray[np.int64]:
    """i8[objects]: row of the request after which a call met each page that is held; NEVER."""
    looks = np.full(load.nr_objects, NEVER)
    in_use = attempts[(attempts["fin_pfn"] != NOBODY) & (attempts["held"] == IN_USE)]
    pages, first, times = np.unique(in_use["since"], return_index=True, return_counts=True)
    met = in_use[first]
    lasts = _left(trace, met) - trace.events["time"][met["tested"]] >= LASTS_NS
    lasts &= (times > 1) & (met["moved_on"] == 0)
    line = trace.events["line"]
    numbers = _objects_of(load, (ALLOC, TOUCH), line[pages])
    ended = (met["left"] == NOBODY) | (_objects_of(load, (FREE,), line[met["left"]]) == numbers)
    kept = lasts & ended & (numbers != NOBODY) & (load.objects["kind"][numbers] == UserKind.ANONYMOUS)
    rows = np.searchsorted(load.requests["line"], line[met["tested"][kept]], side="right") - 1
    looks[numbers[kept]] = np.maximum(rows, 0)
    return looks


def _left(trace: Trace, met: NDArray[Any]) -> NDArray[np.int64]:
    """i8[]: when each page left its frame, or else the end of the trace."""
    times: NDArray[np.int64] = trace.events["time"][met["left"]]  # NOBODY is the last event
    return times


def _objects_of(load: TouchedLoad, ops: tuple[int, ...], lines: NDArray[Any]) -> NDArray[np.int64]:
    """i8[]: the object to which one of these was done at each line of the trace; NOBODY."""
    requests = load.requests[np.isin(load.requests["op"], ops)]
    at = np.searchsorted(requests["line"], lines)
    numbers = np.append(requests["object"].astype(np.int64), NOBODY)
    found = np.append(requests["line"].astype(np.int64), NOBODY)
    return np.where(found[at] == lines, numbers[at], NOBODY)
