"""Whole recordings: how many of a real kernel's choices the model must make."""

import pytest


def share(score):
    return score.exact / score.checked


def is_exact(outcome):
    """Every choice and the end are the kernel's, and nothing had to be put right on the way."""
    parts = outcome.allocations, outcome.refills, outcome.refill_sizes, outcome.drains, outcome.calls
    return not outcome.repairs and all(one.exact == one.checked for one in (*parts, outcome.final_lists))


def test_nocma_mix_is_exact(fidelity):
    outcome = fidelity["nocma-mix-6.12"].verification
    assert (outcome.allocations.checked, outcome.refills.checked) == (81_732, 50_068)
    assert outcome.refill_sizes.checked == 318
    assert outcome.drains.checked == 9_746
    for score in (outcome.allocations, outcome.refills, outcome.refill_sizes, outcome.final_lists):
        assert score.exact == score.checked
    assert share(outcome.drains_after_free) >= 0.999
    assert outcome.repairs == 0
    assert not outcome.skipped


def test_cma256_mix(fidelity):
    outcome = fidelity["cma256-mix-6.12"].verification
    assert outcome.allocations.checked >= 81_900
    assert is_exact(outcome)
    assert outcome.calls.checked == 15


def test_zonecma_mix(fidelity):
    outcome = fidelity["zonecma-mix-6.12"].verification
    assert is_exact(outcome)
    assert outcome.calls.checked == 15


def test_memory_pressure(fidelity):
    """kswapd's rounds, the half-free rule on counters that lag, a worker that nobody sees."""
    outcome = fidelity["cma128-press-6.12"].verification
    assert outcome.allocations.exact == outcome.allocations.checked == 259_440
    assert outcome.refills.exact == outcome.refills.checked == 270_808
    assert share(outcome.drains) >= 0.98
    assert outcome.calls.exact == outcome.calls.checked == 20


def test_two_cpus(fidelity):
    outcome = fidelity["cma256-mix-smp2-6.12"].verification
    assert outcome.drains.checked == 136_745
    assert is_exact(outcome)


def test_cma256_mix_of_6_1(fidelity):
    outcome = fidelity["cma256-mix-6.1"].verification
    assert (outcome.allocations.checked, outcome.refills.checked) == (80_469, 51_700)
    assert is_exact(outcome)
    assert outcome.calls.checked == 15


BOOTS = ["boot-nocma-6.12", "boot-cma256-6.12", "boot-cma256-6.1", "boot-zonecma256-6.12"]


@pytest.mark.parametrize("name", BOOTS)
def test_short_recordings(fidelity, name):
    outcome = fidelity[name].verification
    assert outcome.allocations.exact == outcome.allocations.checked > 700
    assert outcome.final_lists.exact == outcome.final_lists.checked


ALONE = ["nocma-mix-6.12", "cma256-mix-6.12", "cma256-mix-smp2-6.12", "cma256-mix-6.1", *BOOTS]


@pytest.mark.parametrize("name", ALONE)
def test_alone_the_model_is_the_kernel_to_the_end(fidelity, name):
    outcome = fidelity[name].alone
    assert outcome.allocations.exact == outcome.allocations.checked == outcome.before_first > 700
    assert outcome.first_miss is None
    assert outcome.calls.exact == outcome.calls.checked
    assert outcome.final_lists.exact == outcome.final_lists.checked
    assert (outcome.frames_off, outcome.undone) == (0, {})


def test_every_recording_is_followed(fidelity):
    for name, one in fidelity.items():
        outcome = one.verification
        assert outcome.allocations.exact == outcome.allocations.checked, name
        assert outcome.refills.exact == outcome.refills.checked, name
        assert outcome.drains.exact >= 0.98 * outcome.drains.checked, name
        assert outcome.calls.exact == outcome.calls.checked, name


def test_alone_the_model_goes_on_where_it_is_wrong(fidelity):
    outcome = fidelity["cma128-press-6.12"].alone
    assert outcome.frames_off and outcome.before_first
    if outcome.first_miss:
        assert outcome.first_miss.predicted != outcome.first_miss.recorded


def test_every_miss_has_a_cause(fidelity):
    """All but one request: a drain that an interrupt cuts in two, on swap-zonecma64."""
    unknown = []
    for one in fidelity.values():
        assert sum(cause.misses for cause in one.misses.causes) == one.misses.missed, one.name
        unknown += [(one.name, cause.requests) for cause in one.misses.causes if cause.cause == "unknown"]
    assert unknown == [("swap-zonecma64-6.12", 1)]
