"""Who was given the frames that are freed: the name by which a run of its own can find them again.

A recording says which frame is freed.  A run that chooses its own frames needs to know whose it
was: the object that got it, and how far it lay from the object's first frame.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.jit import entry, jit
from zonecma.kernel.reference import by_reference
from zonecma.workload.recorded import Recorded
from zonecma.workload.requests import (
    ALLOC,
    BULK,
    CMA_FINISH,
    CMA_RETRY,
    CMA_TEST,
    FREE,
    OF_THE_KERNEL,
    Load,
)

UNNAMED = -1
"""The owner of what was given before the first request, or without a trace: it is where it was recorded."""
BESIDE_RANGE = -2
"""The owner of what a contiguous call took beside its range, and gives back at once."""


@by_reference
class Names(NamedTuple):
    """Whose frames each FREE gives back."""

    owner: NDArray[np.int32]
    """i4[requests]: an object or a call, UNNAMED or BESIDE_RANGE"""
    offset: NDArray[np.int32]
    """i4[requests]: frames from the owner's first one"""


@jit
def _hold(owners: NDArray[np.int32], owner: int, pfn: int, pages: int) -> None:
    for frame in range(pfn, pfn + pages):
        owners[frame] = owner


@entry
def _name_frees(
    requests: NDArray[Any],
    recorded: Recorded,
    owners: NDArray[np.int32],
    starts: NDArray[np.int32],
    names: Names,
) -> None:
    """``owners``: i4[frames], all UNNAMED; ``starts``: i4[objects], each object's first recorded frame."""
    for i in range(requests.size):
        request = requests[i]
        op, owner = request.op, request.object
        if op == FREE:
            owner = owners[request.pfn]
            names.owner[i] = owner
            names.offset[i] = request.pfn - starts[owner] if owner >= 0 else 0
            _hold(owners, UNNAMED, request.pfn, 1 << request.order)
        elif op == ALLOC or op == BULK or op == CMA_FINISH:
            for at in range(recorded.first_allocated[i], recorded.first_allocated[i + 1]):
                chunk = recorded.allocated[at]
                pages = request.count if op == CMA_FINISH else 1 << chunk.order
                starts[owner] = chunk.pfn
                _hold(owners, owner, chunk.pfn, pages)
                owner += 1


@entry
def _name_beside_ranges(
    requests: NDArray[Any], recorded: Recorded, ending: NDArray[np.uint8], names: Names
) -> None:
    """Backwards, since a call's last test is known by its end.  ``ending``: u1[cpus], all zero."""
    for i in range(requests.size - 1, -1, -1):
        request = requests[i]
        op = request.op
        if op == CMA_FINISH:
            ending[request.cpu] = recorded.first_allocated[i] < recorded.first_allocated[i + 1]
        elif op == CMA_TEST or op == CMA_RETRY:
            ending[request.cpu] = 0
        elif op == FREE and request.origin & OF_THE_KERNEL and request.object == UNNAMED:
            if ending[request.cpu]:
                names.owner[i] = BESIDE_RANGE


def name_frees(load: Load, recorded: Recorded, nr_frames: int) -> Names:
    """Name the frames of each FREE of a load by what the recorded kernel gave before."""
    requests = load.requests.view(np.recarray)
    names = Names(*(np.full(len(requests), UNNAMED, np.int32) for _ in Names._fields))
    owners, starts = np.full(nr_frames, UNNAMED, np.int32), np.zeros(load.nr_objects, np.int32)
    _name_frees(requests, recorded, owners, starts, names)
    cpus = int(requests.cpu.max(initial=0)) + 1
    _name_beside_ranges(requests, recorded, np.zeros(cpus, np.uint8), names)
    return names
