"""Accounting over time, against sums done by hand."""

import numpy as np

from zonecma.kernel.jit import from_python
from zonecma.lab.usage import NR_KINDS, Usage, advance

_advance = from_python(advance)


def usage(start, end, bins):
    return Usage(
        np.zeros(4, np.uint8),
        np.zeros(4, np.uint8),
        np.zeros(NR_KINDS, np.int64),
        np.zeros((NR_KINDS, bins)),
        np.array([start, end, start]),
        np.array([0]),
    )


def test_time_before_and_after_the_window_does_not_count():
    u = usage(100, 200, 1)
    u.used[0] = 5
    _advance(u, 50)
    _advance(u, 150)
    u.used[0] = 7
    _advance(u, 900)
    assert u.frame_ns[0, 0] == 5 * 50 + 7 * 50


def test_a_stretch_is_split_over_slices():
    u = usage(0, 100, 4)
    u.used[1] = 2
    _advance(u, 60)
    u.used[1] = 0
    _advance(u, 100)
    assert u.frame_ns[1].sum() == 2 * 60
    assert np.allclose(u.frame_ns[1], [50, 50, 20, 0], atol=4)


def test_time_never_runs_backwards():
    u = usage(0, 100, 2)
    u.used[2] = 1
    _advance(u, 40)
    _advance(u, 30)
    _advance(u, 50)
    assert u.frame_ns[2].sum() == 50
