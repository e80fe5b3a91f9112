"""The statistics of size against closed forms, a sum by hand, and what is simulated."""

import math

import numpy as np
import pytest

from zonecma.lab.success import ERROR, Look, at_least, confidence, looks, penalty, risk, runs_needed


def test_the_risk_is_a_sum_of_binomial_terms():
    """0.9^10 + 10 * 0.1 * 0.9^9."""
    assert risk(10, 0, 0.9) == pytest.approx(0.3486784401)
    assert risk(10, 1, 0.9) == pytest.approx(0.3486784401 + 0.387420489)


def test_all_looks_of_all_attempts_share_the_error():
    shares = sum(1 / penalty(attempt, failures) for attempt in range(40) for failures in range(40))
    assert shares == pytest.approx(1)
    assert 1 / penalty(0, 0) == pytest.approx(0.64)


@pytest.mark.parametrize("probability", [0.5, 0.9, 0.99, 0.999])
def test_runs_needed_without_a_failure(probability):
    """The least n with p^n below 0.64 of the error: ln(0.032) / ln(p); for 0.9 that is 32.7."""
    assert runs_needed(0, probability) == math.ceil(math.log(0.64 * ERROR) / math.log(probability))


def test_the_rule_of_three():
    """No failure in n runs shows no more than some 3/n; here 3.44/n, for there are further looks."""
    assert 1 - at_least(1000, 0) == pytest.approx(-math.log(0.032) / 1000, rel=0.01)
    assert runs_needed(0, 0.999) == 3441


def test_at_least_and_confidence_are_one_statement():
    bound = at_least(50, 2)
    assert confidence(50, 2, bound) == pytest.approx(1 - ERROR)
    assert confidence(50, 2, bound, attempt=1) < confidence(50, 2, bound)
    assert at_least(3, 3) == 0
    assert confidence(1, 1, 0.9) == 0


def test_looks_are_as_many_as_there_is_room_for():
    assert looks(0.9, 32) == (Look(32, 0),)
    assert looks(0.9, 33) == (Look(33, 0),)
    assert [look.failures for look in looks(0.9, 80)] == [0, 1]
    assert all(confidence(look.runs, look.failures, 0.9) >= 1 - ERROR for look in looks(0.9, 200))


def test_a_share_that_is_too_small_is_seldom_accepted():
    """10,000 tests of what succeeds a hair less often than it must."""
    draws, planned = np.random.default_rng(1).random((10_000, 200)), looks(0.9, 200)
    failed = (draws >= 0.899).cumsum(axis=1)
    accepted = np.any([failed[:, look.runs - 1] <= look.failures for look in planned], axis=0)
    assert accepted.mean() < ERROR
    often = np.any(
        [(draws >= 0.99).cumsum(axis=1)[:, look.runs - 1] <= look.failures for look in planned], axis=0
    )
    assert often.mean() > 0.95
