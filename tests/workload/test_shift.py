"""Calls that come earlier or later: everything else stays where it was."""

import numpy as np

from zonecma.workload.objects import OBJECT_FACTS
from zonecma.workload.requests import ALLOC, CMA_ALLOC, CMA_RELEASE, REQUEST
from zonecma.workload.shift import shifted, shifted_order
from zonecma.workload.touched import TouchedLoad


def load(calls=True):
    requests = np.zeros(1000, REQUEST)
    requests["time"], requests["op"], requests["object"] = np.arange(1000) * 1000, ALLOC, np.arange(1000)
    if calls:
        requests["op"][400], requests["op"][600] = CMA_ALLOC, CMA_RELEASE
    objects = np.zeros(1000, OBJECT_FACTS)
    stalls = np.arange(1000)
    return TouchedLoad(requests, np.zeros(1, np.uint32), np.zeros(0), objects, stalls, 1000, 0)


def test_seed_0_is_the_recorded_boot():
    assert np.array_equal(shifted(load(), 0).requests, load().requests)


def test_a_load_without_calls_is_not_shifted():
    assert np.array_equal(shifted_order(load(calls=False).requests, 7), np.arange(1000))


def test_only_calls_move_and_they_keep_their_distance():
    for seed in range(1, 20):
        moved = shifted(load(), seed)
        objects = moved.requests["object"]
        others = objects[moved.requests["op"] == ALLOC]
        assert np.array_equal(others, np.sort(others))
        first, last = np.flatnonzero(moved.requests["op"] != ALLOC)
        assert (objects[first], objects[last]) == (400, 600)
        assert abs((last - first) - 200) <= 1
        assert (np.diff(moved.requests["time"]) >= 0).all()
        assert np.array_equal(moved.stalls, objects)  # each request keeps its own


def test_seeds_differ():
    orders = {tuple(shifted_order(load().requests, seed)) for seed in range(10)}
    assert len(orders) > 5
