"""Calls that nobody made, among those of a recorded load."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from zonecma.workload.asked import with_asks
from zonecma.workload.needs import ASKS, Need
from zonecma.workload.objects import OBJECT_FACTS
from zonecma.workload.requests import ALLOC, CMA_ALLOC, CMA_RELEASE, OBJECT, REQUEST
from zonecma.workload.touched import TouchedLoad

WINDOW = (1_000_000, 4_000_000)


def load(times):
    requests = np.zeros(len(times), REQUEST)
    requests["time"], requests["op"], requests["object"] = times, ALLOC, np.arange(len(times))
    masks, living = np.zeros(1, np.uint32), np.zeros(0, OBJECT)
    facts, stalls = np.zeros(len(times), OBJECT_FACTS), np.arange(len(times))
    return TouchedLoad(requests, masks, living, facts, stalls, len(times), 0)


def test_all_buffers_are_asked_for_together_three_times_and_given_back_before_they_are_asked_for_again():
    asked = with_asks(load([2_000_000]), [Need(5120, 2), Need(3, 1)], WINDOW, seed=5)
    rows = asked.requests[asked.requests["op"] != ALLOC]
    assert rows["op"].tolist() == ([CMA_ALLOC] * 3 + [CMA_RELEASE] * 3) * ASKS
    assert rows["object"].tolist() == [1, 2, 3] * 2 * ASKS
    assert rows["count"].tolist() == [5120, 5120, 3] * 2 * ASKS
    assert rows["align"].tolist() == [8, 8, 2] * 2 * ASKS  # CONFIG_CMA_ALIGNMENT bounds the order of a size
    moments = rows["time"][::3]
    held = np.diff(moments)[::2]
    assert np.all(np.abs(held - 250_000) <= 1)  # a quarter of a third of the time
    for ask, moment in enumerate(moments[::2].tolist()):
        assert 0 <= moment - (1_000_000 + ask * 1_000_000) <= 500_000
    assert (asked.nr_objects, len(asked.objects), asked.stalls.sum()) == (4, 4, 0)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 5_000_000), max_size=30), st.integers(1, 4), st.integers(0, 9))
def test_the_loads_own_requests_stay_as_and_where_they_are(times, count, seed):
    before = load(sorted(times))
    after = with_asks(before, [Need(256, count)], WINDOW, seed)
    own = after.requests["op"] == ALLOC
    assert np.array_equal(after.requests[own], before.requests)
    assert np.array_equal(after.stalls[own], before.stalls)
    assert np.all(np.diff(after.requests["time"]) >= 0)
    assert np.count_nonzero(~own) == 2 * ASKS * count
