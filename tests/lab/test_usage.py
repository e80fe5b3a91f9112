"""Accounting over time, against sums done by hand."""

import numpy as np

from zonecma.kernel.jit import from_python
from zonecma.kernel.memory import NR_KINDS
from zonecma.lab.usage import Usage, advance

_advance = from_python(advance)


def usage(start, end, bins):
    return Usage(
        used=np.zeros(NR_KINDS, np.int64),
        frame_ns=np.zeros((NR_KINDS, bins)),
        weight=np.zeros(bins),
        window=np.array([start, end, start, start]),
        held=np.zeros(2, np.int64),
        min_free_outside=np.array([0]),
    )


def test_time_before_and_after_the_window_does_not_count():
    u = usage(100, 200, 1)
    u.used[0] = 5
    _advance(u, 50, 50)
    _advance(u, 150, 150)
    u.used[0] = 7
    _advance(u, 900, 900)
    assert u.frame_ns[0, 0] == 5 * 50 + 7 * 50


def test_a_stretch_is_split_over_slices():
    u = usage(0, 100, 4)
    u.used[1] = 2
    _advance(u, 60, 60)
    u.used[1] = 0
    _advance(u, 100, 100)
    assert u.frame_ns[1].sum() == 2 * 60
    assert np.allclose(u.frame_ns[1], [50, 50, 20, 0], atol=4)


def test_time_never_runs_backwards():
    u = usage(0, 100, 2)
    u.used[2] = 1
    _advance(u, 40, 40)
    _advance(u, 30, 30)
    _advance(u, 50, 50)
    assert u.frame_ns[2].sum() == 50


def test_what_waits_weighs_more():
    """Requests of 0, 50 and 100 ns are made at 0, 80 and 130: the first half took 80."""
    u = usage(0, 100, 2)
    u.used[0] = 1
    _advance(u, 50, 80)
    u.used[0] = 3
    _advance(u, 100, 130)
    assert np.allclose(u.weight, [80, 50], atol=2)
    assert u.frame_ns[0].sum() == 80 + 3 * 50


def test_a_wait_without_a_later_request_is_in_the_slice_where_it_came():
    u = usage(0, 100, 2)
    u.used[0] = 2
    _advance(u, 20, 20)
    _advance(u, 20, 70)
    assert u.weight[0] == 70
    assert u.frame_ns[0, 0] == 2 * 70
