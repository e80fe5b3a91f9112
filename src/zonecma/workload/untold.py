"""Touches that a trace does not show, inferred from those that it does.

Who touches a page that lies in memory leaves no event; who touches one that is in swap leaves a
swap-in.  Where a task's accesses fall on its pages by chance, a share of them finds its page in swap:
the share of its pages that lie there.  So each swap-in stands for as many accesses as that share tells.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from zonecma.workload.requests import ALLOC, FREE, TOUCH
from zonecma.workload.touched import TouchedLoad
from zonecma.workload.users import UserKind

MOST = 1000
"""Untold touches of one swap-in at most."""


def with_untold_touches(load: TouchedLoad) -> TouchedLoad:
    """The load, with the number of untold touches as ``count`` of each TOUCH that was a swap-in."""
    requests = load.requests.copy()
    is_anonymous = load.objects["kind"][np.maximum(requests["object"], 0)] == UserKind.ANONYMOUS
    born, gone = (((requests["op"] == op) & is_anonymous).astype(np.int64) for op in (ALLOC, FREE))
    alive = np.maximum(np.cumsum(born - gone), 1)
    swap_ins = (requests["op"] == TOUCH) & (requests["count"] > 0)
    share = np.clip(requests["count"] / alive, 1 / MOST, 1.0)
    requests["count"][swap_ins] = np.round(1 / share - 1).astype(np.int32)[swap_ins]
    return dataclasses.replace(load, requests=requests)
