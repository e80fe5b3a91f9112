"""Whole recordings: how many of a real kernel's choices the model must make."""

import pytest

from tests.conftest import CAPTURES
from zonecma.capture.recording import Recording
from zonecma.lab.verify import verify


def recording(name):
    return Recording(CAPTURES / name)


def share(score):
    return score.exact / score.checked


def is_exact(outcome):
    """Every choice and the end are the kernel's, and nothing had to be put right on the way."""
    parts = outcome.allocations, outcome.refills, outcome.refill_sizes, outcome.drains, outcome.calls
    return not outcome.repairs and all(one.exact == one.checked for one in (*parts, outcome.final_lists))


def test_nocma_mix_is_exact():
    outcome = verify(recording("nocma-mix-6.12"))
    assert (outcome.allocations.checked, outcome.refills.checked) == (81_732, 50_068)
    assert outcome.refill_sizes.checked == 318
    assert outcome.drains.checked == 9_746
    for score in (outcome.allocations, outcome.refills, outcome.refill_sizes, outcome.final_lists):
        assert score.exact == score.checked
    assert share(outcome.drains_after_free) >= 0.999
    assert outcome.repairs == 0
    assert not outcome.skipped


def test_cma256_mix():
    outcome = verify(recording("cma256-mix-6.12"))
    assert outcome.allocations.checked >= 81_900
    assert is_exact(outcome)
    assert outcome.calls.checked == 15


def test_zonecma_mix():
    outcome = verify(recording("zonecma-mix-6.12"))
    assert is_exact(outcome)
    assert outcome.calls.checked == 15


def test_memory_pressure():
    """kswapd's rounds, the half-free rule on counters that lag, a worker that nobody sees."""
    outcome = verify(recording("cma128-press-6.12"))
    assert outcome.allocations.exact == outcome.allocations.checked == 259_440
    assert outcome.refills.exact == outcome.refills.checked == 270_808
    assert share(outcome.drains) >= 0.98
    assert outcome.calls.exact == outcome.calls.checked == 20


def test_two_cpus():
    outcome = verify(recording("cma256-mix-smp2-6.12"))
    assert share(outcome.allocations) >= 0.999
    assert share(outcome.refills) >= 0.99
    assert outcome.drains.exact == outcome.drains.checked == 136_745
    assert share(outcome.final_lists) >= 0.9


PAIRS = ["pin-cma128-6.12", "pin-zonecma128-6.12", "stream-cma128-6.12", "stream-zonecma128-6.12"]


@pytest.mark.parametrize("name", PAIRS)
def test_recordings_that_tell_when_the_worker_ran(name):
    outcome = verify(recording(f"pairs/{name}"))
    assert outcome.allocations.exact == outcome.allocations.checked > 40_000
    assert outcome.refills.exact == outcome.refills.checked
    assert share(outcome.drains) >= 0.96


def test_cma256_mix_of_6_1():
    outcome = verify(recording("cma256-mix-6.1"))
    assert (outcome.allocations.checked, outcome.refills.checked) == (80_469, 51_700)
    assert is_exact(outcome)
    assert outcome.calls.checked == 15


BOOTS = ["boot-nocma-6.12", "boot-cma256-6.12", "boot-cma256-6.1", "boot-zonecma256-6.12"]


@pytest.mark.parametrize("name", BOOTS)
def test_short_recordings(name):
    outcome = verify(recording(name))
    assert outcome.allocations.exact == outcome.allocations.checked > 700
    assert outcome.final_lists.exact == outcome.final_lists.checked
