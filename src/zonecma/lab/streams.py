"""Whose request comes next, and when: the callers of cma_alloc, and all others, go on beside each other.

Contiguous calls and their releases are one stream of requests, all others are the other.  Within a
stream the order is the load's.  Where a request waits (for reclaim, for a disk), all that follow in its
stream are made later, and the other stream goes on; what programs waited for in the recording is taken
off again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.jit import jit, primitive
from zonecma.workload.requests import CMA_ALLOC, CMA_RELEASE

STREAM = np.dtype(
    [
        ("delay", "i8"),  # ns: how much later its requests are than in the load
        ("now", "i8"),  # ns: when its last request was done
        ("next", "i8"),  # where to look for its next request
    ],
    align=True,
)
"""Requests that wait for each other."""

OTHERS, CALLERS = 0, 1
NR_STREAMS = 2


def no_streams() -> NDArray[Any]:
    """STREAM[NR_STREAMS] before the first request."""
    return np.zeros(NR_STREAMS, STREAM).view(np.recarray)


@primitive
def stream_of(request: Any) -> int:
    """Whose request it is."""
    return CALLERS if request.op == CMA_ALLOC or request.op == CMA_RELEASE else OTHERS


@jit
def _next_of(streams: NDArray[Any], requests: NDArray[Any], which: int) -> int:
    """A stream's next request; as many as there are when it made its last."""
    stream = streams[which]
    while stream.next < requests.size and stream_of(requests[stream.next]) != which:
        stream.next += 1
    return stream.next  # type: ignore[no-any-return]


@primitive
def _due(streams: NDArray[Any], request: Any, stalled: int, which: int) -> int:
    """When a stream makes a request (ns), without its recorded stall: none before the last one was done."""
    return max(streams[which].now, request.time + streams[which].delay - stalled)  # type: ignore[no-any-return]


@jit
def choose(streams: NDArray[Any], requests: NDArray[Any], stalls: NDArray[np.int64]) -> int:
    """The request that comes next; of two at once, the load's first."""
    other, call = _next_of(streams, requests, OTHERS), _next_of(streams, requests, CALLERS)
    if other == requests.size or call == requests.size:
        return min(other, call)
    others_due = _due(streams, requests[other], stalls[other], OTHERS)
    lead = _due(streams, requests[call], stalls[call], CALLERS) - others_due
    return call if lead < 0 or (lead == 0 and call < other) else other


@jit
def begin_request(streams: NDArray[Any], requests: NDArray[Any], i: int, stalled: int) -> int:
    """Make request ``i``, which had been stalled for so long (ns) in the recording; when (ns)."""
    which = stream_of(requests[i])
    streams[which].next = i + 1
    streams[which].delay -= stalled
    return _due(streams, requests[i], 0, which)


@primitive
def end_request(streams: NDArray[Any], request: Any, waited: int, now: int) -> None:
    """A request is done at ``now`` (ns), after it waited."""
    stream = streams[stream_of(request)]
    stream.delay += waited
    stream.now = now
