"""Whole recordings: how many of a real kernel's choices the model must make."""

import pytest

from tests.conftest import CAPTURES
from zonecma.capture.recording import Recording
from zonecma.lab.verify import verify


def recording(name):
    return Recording(CAPTURES / name)


def share(score):
    return score.exact / score.checked


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
    assert share(outcome.allocations) >= 0.999
    assert share(outcome.refills) >= 0.999
    assert outcome.calls.exact == outcome.calls.checked == 15
    assert share(outcome.drains_in_calls) >= 0.999


def test_zonecma_mix():
    outcome = verify(recording("zonecma-mix-6.12"))
    assert share(outcome.allocations) >= 0.995
    assert share(outcome.refills) >= 0.999
    assert share(outcome.drains) >= 0.99
    assert outcome.calls.exact == outcome.calls.checked == 15


def test_cma256_mix_of_6_1():
    outcome = verify(recording("cma256-mix-6.1"))
    assert (outcome.allocations.checked, outcome.refills.checked) == (80_469, 51_700)
    assert share(outcome.allocations) >= 0.99
    assert share(outcome.refills) >= 0.99
    assert share(outcome.drains) >= 0.95
    assert outcome.calls.exact == outcome.calls.checked == 15


BOOTS = ["boot-nocma-6.12", "boot-cma256-6.12", "boot-cma256-6.1", "boot-zonecma256-6.12"]


@pytest.mark.parametrize("name", BOOTS)
def test_short_recordings(name):
    outcome = verify(recording(name))
    assert outcome.allocations.exact == outcome.allocations.checked > 700
    assert outcome.final_lists.exact == outcome.final_lists.checked
