"""Long pins that a trace does not show, inferred from those that it does.

What a program pins for long leaves an area first, and that migration names its reason; what lies outside
already is pinned without an event.  Pages of the same buffer that stayed in an area are known not to be
pinned.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.events import EVENT_ID
from zonecma.workload.buffers import NEVER, Held, Known, held_objects, with_requests
from zonecma.workload.requests import ALLOC, PIN
from zonecma.workload.touched import TouchedLoad


def with_untold_pins(load: TouchedLoad, events: NDArray[Any], in_area: NDArray[np.bool_]) -> TouchedLoad:
    """The load, with PIN requests for what its tasks pinned outside the areas.

    ``events``: the trace's; ``in_area``: bool[frames].
    """
    is_told = np.zeros(load.nr_objects, np.bool_)
    is_told[load.requests["object"][load.requests["op"] == PIN]] = True
    held = held_objects(load, Known(is_told, _allocated_inside(load, events, in_area)))
    untold = (held.since != NEVER) & ~is_told[held.objects]
    return with_requests(load, PIN, Held(held.objects[untold], held.since[untold]))


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
