"""Contiguous calls and all other requests: what waits makes its own stream late, not the other."""

import numpy as np
import pytest

from zonecma.kernel.jit import entry
from zonecma.lab.streams import CALLERS, OTHERS, begin_request, choose, end_request, no_streams
from zonecma.workload.requests import ALLOC, CMA_ALLOC, CMA_RELEASE, REQUEST


@entry
def _serve_all(streams, requests, stalls, waits, order, begun):
    for n in range(requests.size):
        i = choose(streams, requests, stalls)
        order[n], begun[n] = i, begin_request(streams, requests, i, stalls[i])
        end_request(streams, requests[i], waits[i], begun[n] + waits[i])


def served(*rows):
    """Rows of op, time, stalled in the recording, waits now: the order, when each began, delays at last."""
    ops, times, stalls, waits = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    requests = np.zeros(len(rows), REQUEST)
    requests["op"], requests["time"] = ops, times
    streams, order, begun = no_streams(), np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
    _serve_all(streams, requests.view(np.recarray), stalls, waits, order, begun)
    return order.tolist(), begun.tolist(), streams.delay.tolist()


def test_without_waits_the_order_is_the_loads():
    rows = [(ALLOC, 10, 0, 0), (CMA_ALLOC, 20, 0, 0), (ALLOC, 20, 0, 0), (CMA_RELEASE, 30, 0, 0)]
    assert served(*rows) == ([0, 1, 2, 3], [10, 20, 20, 30], [0, 0])


def test_others_go_on_while_a_call_waits():
    rows = [(CMA_ALLOC, 10, 0, 100), (ALLOC, 20, 0, 0), (ALLOC, 115, 0, 0), (CMA_RELEASE, 30, 0, 0)]
    assert served(*rows) == ([0, 1, 2, 3], [10, 20, 115, 130], [0, 100])


def test_a_call_does_not_wait_for_what_others_wait_for():
    rows = [(ALLOC, 10, 0, 100), (ALLOC, 20, 0, 0), (CMA_ALLOC, 30, 0, 0)]
    assert served(*rows) == ([0, 2, 1], [10, 30, 120], [100, 0])


def test_recorded_stalls_are_taken_off_of_their_own_stream():
    rows = [(ALLOC, 10, 0, 0), (ALLOC, 110, 70, 0), (CMA_ALLOC, 50, 0, 0), (CMA_RELEASE, 120, 60, 0)]
    order, begun, delays = served(*rows)
    assert (delays[OTHERS], delays[CALLERS]) == (-70, -60)
    assert order == [0, 1, 2, 3]
    assert begun == [10, 40, 50, 60]


def test_no_request_comes_before_the_end_of_its_streams_last():
    assert served((ALLOC, 10, 0, 0), (ALLOC, 20, 50, 0)) == ([0, 1], [10, 10], [-50, 0])


@pytest.mark.parametrize("op", [ALLOC, CMA_ALLOC])
def test_one_stream_may_be_empty(op):
    assert served((op, 5, 0, 3), (op, 6, 0, 0))[:2] == ([0, 1], [5, 9])
