"""Durations that are drawn, against the distribution that they are told to have."""

import numpy as np
import pytest

from tests.kernel.closed import DRAW, ask, specimens
from zonecma.kernel.memory import COMMIT, READ_LATENCY, SPLICE, WRITE_LATENCY
from zonecma.machine.durations import Duration

TOLD = {"read": Duration(1e6, 7e6), "write": Duration(2e6, 40e6), "commit": Duration(5e9, 5e9)}


def drawn(which, count=20_000, seed=1):
    return np.array(ask(specimens(1, durations=TOLD, seed=seed), DRAW, np.full(count, which)))


@pytest.mark.parametrize(("which", "told"), [(READ_LATENCY, TOLD["read"]), (WRITE_LATENCY, TOLD["write"])])
def test_half_last_no_longer_than_the_median_and_99_of_100_no_longer_than_told(which, told):
    """Of 20,000 draws the shares are within four standard deviations."""
    durations = drawn(which)
    assert (durations <= told.median_ns).mean() == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(20_000))
    assert (durations <= told.p99_ns).mean() == pytest.approx(0.99, abs=4 * np.sqrt(0.0099 / 20_000))
    logs = np.log(durations)
    assert logs.std() == pytest.approx(told.sigma, rel=0.03)
    assert abs(np.corrcoef(logs[:-1], logs[1:])[0, 1]) < 0.03


def test_a_fixed_time_and_one_that_is_not_known():
    assert drawn(COMMIT, 3).tolist() == [5_000_000_000] * 3
    assert drawn(SPLICE, 3).tolist() == [0] * 3


def test_seeds_repeat():
    assert drawn(READ_LATENCY, 50).tolist() == drawn(READ_LATENCY, 50).tolist()
    assert drawn(READ_LATENCY, 50).tolist() != drawn(READ_LATENCY, 50, seed=2).tolist()
