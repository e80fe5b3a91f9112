"""Runs and ranges, against a count of every range by hand."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from zonecma.lab.bitmap_runs import Ranges, Run, free_runs, ranges_of, sums


def test_runs():
    assert free_runs(np.array([0, 0, 1, 0, 1, 1, 0], bool)) == [Run(0, 2), Run(3, 1), Run(6, 1)]
    assert free_runs(np.ones(3, bool)) == []


FREE, MOVES, UNTOLD, STAYS, TAKEN = range(5)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=40), st.integers(1, 12), st.integers(1, 4))
def test_ranges_are_those_that_one_counts(frames, size, step):
    kinds = np.array(frames)
    starts = range(0, len(frames), step)
    whole = [frames[i : i + size] for i in starts if i + size <= len(frames)]
    free = [one for one in whole if TAKEN not in one]
    clear = [one for one in free if STAYS not in one]
    found = ranges_of(
        size,
        np.array(starts),
        *(sums(which) for which in (kinds == TAKEN, kinds == STAYS, kinds == UNTOLD, kinds != FREE)),
    )
    assert found == Ranges(
        free=len(free),
        clear=len(clear),
        told=sum(UNTOLD not in one for one in clear),
        empty=sum(set(one) == {FREE} for one in free),
        least_to_move=min((size - one.count(FREE) for one in clear), default=None),
    )


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_runs_are_all_that_is_free(taken):
    runs = free_runs(np.array(taken))
    frames = [i for run in runs for i in range(run.start, run.start + run.length)]
    assert frames == [i for i, one in enumerate(taken) if not one]
    assert all(a.start + a.length < b.start for a, b in itertools.pairwise(runs))
