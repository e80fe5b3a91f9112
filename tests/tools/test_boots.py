"""How far boots of one load lie apart: vectors computed by hand."""

import numpy as np
import pytest

from tools.boots import Boot, deviation, shift_of

ASKED = np.linspace(0.0, 1.0, 101)


def test_the_same_boot_is_not_shifted():
    boot = Boot(ASKED, np.array([0.25, 0.5]))
    assert shift_of(boot, boot) == pytest.approx(0.0, abs=0.01)


def test_calls_that_come_later():
    one, other = Boot(ASKED, np.array([0.25, 0.5])), Boot(ASKED, np.array([0.35, 0.6]))
    assert shift_of(one, other) == pytest.approx(0.1, abs=0.01)


def test_a_load_that_comes_earlier():
    """Half as long until the same share is done: a call at 0.5 meets what was there at 0.25."""
    one, other = Boot(ASKED, np.array([0.5])), Boot(ASKED / 2, np.array([0.5]))
    assert shift_of(one, other) == pytest.approx(0.25, abs=0.01)


def test_calls_that_meet_nothing_do_not_count():
    one = Boot(ASKED / 2, np.array([0.25, 0.9]))
    assert shift_of(one, Boot(ASKED / 2, np.array([0.25, 0.1]))) == pytest.approx(0.0, abs=0.01)
    assert np.isnan(shift_of(Boot(ASKED / 2, np.array([0.9])), one))


def test_two_boots_differ_by_twice_the_variance_of_one():
    assert deviation([0.02, -0.02, float("nan")]) == pytest.approx(0.02 / np.sqrt(2))
