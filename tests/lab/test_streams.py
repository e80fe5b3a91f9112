"""Contiguous calls and all other requests: what waits makes its own stream late, not the other."""

import numpy as np
import pytest

from zonecma.kernel.jit import entry
from zonecma.lab.streams import (
    CALLERS,
    OTHERS,
    begin_call,
    begin_request,
    choose,
    end_call,
    end_request,
    no_streams,
)
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


@entry
def _goes_on(streams, requests, stalls, steps, took, order):
    """Every call takes two steps of so many ns each."""
    for n in range(order.size):
        i = choose(streams, requests, stalls)
        order[n] = i
        if i == requests.size:
            return
        if i == streams[CALLERS].under_way:
            streams[CALLERS].now += steps
            if streams[CALLERS].now - streams[CALLERS].begun >= 2 * steps:
                end_call(streams, took)
        elif requests[i].op == CMA_ALLOC:
            begin_call(streams, i, begin_request(streams, requests, i, 0))
        else:
            end_request(streams, requests[i], 0, begin_request(streams, requests, i, 0))


def going_on(times, steps, took):
    """A call and others at these times; the order, with each step of the call, and the callers' delay."""
    requests = np.zeros(len(times), REQUEST)
    requests["op"], requests["time"] = [CMA_ALLOC] + [ALLOC] * (len(times) - 1), times
    streams, order = no_streams(), np.zeros(len(times) + 2, np.int64)
    _goes_on(streams, requests.view(np.recarray), np.zeros(len(times), np.int64), steps, took, order)
    return order.tolist(), int(streams.delay[CALLERS])


def test_others_run_between_two_steps_of_a_call():
    """It begins at 10 and goes on at 10 and at 110."""
    assert going_on([10, 20, 115], steps=100, took=0) == ([0, 0, 1, 0, 2], 200)


def test_a_call_that_takes_no_time_is_over_at_once():
    assert going_on([10, 10, 20], steps=0, took=0)[0][:2] == [0, 0]


@pytest.mark.parametrize(("took", "later"), [(150, 50), (200, 0), (900, 0)])
def test_what_follows_a_call_is_later_by_what_it_takes_longer(took, later):
    assert going_on([10, 20, 115], steps=100, took=took)[1] == later
