"""Whose request comes next, and when: the callers of cma_alloc, and all others, go on beside each other.

Contiguous calls and their releases are one stream of requests, all others are the other.  Within a
stream the order is the load's.  Where a request waits (for reclaim, for a disk), all that follow in its
stream are made later, and the other stream goes on; what programs waited for in the recording is taken
off again.  A contiguous call goes on batch by batch, and others run in between.
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
        ("under_way", "i8"),  # the contiguous call that is not over yet; NO_CALL
        ("begun", "i8"),  # ns: when that began
    ],
    align=True,
)
"""Requests that wait for each other."""

OTHERS, CALLERS = 0, 1
NR_STREAMS = 2
NO_CALL = -1


def no_streams() -> NDArray[Any]:
    """STREAM[NR_STREAMS] before the first request."""
    streams = np.zeros(NR_STREAMS, STREAM).view(np.recarray)
    streams.under_way = NO_CALL
    return streams


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


@jit
def _next_call(streams: NDArray[Any], requests: NDArray[Any]) -> int:
    """The call under way, or the callers' next request."""
    under_way = streams[CALLERS].under_way
    return _next_of(streams, requests, CALLERS) if under_way == NO_CALL else under_way  # type: ignore[no-any-return]


@primitive
def _due(streams: NDArray[Any], request: Any, stalled: int, which: int) -> int:
    """When a stream makes a request (ns), without its recorded stall: none before the last one was done.

    A call under way was due before, and goes on at once.
    """
    return max(streams[which].now, request.time + streams[which].delay - stalled)  # type: ignore[no-any-return]


@jit
def choose(streams: NDArray[Any], requests: NDArray[Any], stalls: NDArray[np.int64]) -> int:
    """The request that comes next, which may be a call that goes on; of two at once, the load's first."""
    other, call = _next_of(streams, requests, OTHERS), _next_call(streams, requests)
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


@primitive
def begin_call(streams: NDArray[Any], i: int, now: int) -> None:
    """Contiguous call ``i`` begins at ``now`` (ns)."""
    callers = streams[CALLERS]
    callers.under_way, callers.begun, callers.now = i, now, now


@primitive
def end_call(streams: NDArray[Any], took: int) -> int:
    """The call under way is over, after it ``took`` so long (ns) in the recording; how long it does now.

    A shorter one makes nothing earlier: what programs asked after it, they asked then.
    """
    callers = streams[CALLERS]
    callers.under_way, takes = NO_CALL, callers.now - callers.begun
    callers.delay += max(takes - took, 0)
    return takes  # type: ignore[no-any-return]
