"""Another boot of the same load: its contiguous calls meet it earlier or later.

Programs that run side by side do not meet at the same moments twice.  Boots of one load and seed
differ by about a point in mean use and by a tenth in the frames that are moved.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from zonecma.workload.requests import CMA_ALLOC, CMA_RELEASE
from zonecma.workload.touched import TouchedLoad

SPREAD = 0.015
"""Standard deviation of the shift, as a share of the load's time: of 16 pairs of boots (tools/boots.py)."""


def shifted_order(requests: NDArray[np.void], seed: int) -> NDArray[np.int64]:
    """The order of requests when all contiguous calls come earlier or later.

    Calls and releases keep their order, and the distances between them.
    """
    is_call = np.isin(requests["op"], (CMA_ALLOC, CMA_RELEASE))
    time = requests["time"].astype(np.int64)
    if not is_call.any():
        return np.arange(len(requests))
    shift = np.random.default_rng(seed).normal(0.0, SPREAD * float(np.ptp(time)))
    return np.argsort(np.where(is_call, time + int(shift), time), kind="stable")


def shifted(load: TouchedLoad, seed: int) -> TouchedLoad:
    """The load with its requests in that order; a call's time is that of the request before it.

    Seed 0 is the recorded boot.
    """
    if seed == 0:
        return load
    order = shifted_order(load.requests, seed)
    requests = load.requests[order]
    is_call = np.isin(requests["op"], (CMA_ALLOC, CMA_RELEASE))
    requests["time"] = np.maximum.accumulate(np.where(is_call, 0, requests["time"]))
    return dataclasses.replace(load, requests=requests, stalls=load.stalls[order])
