"""The task that asks for what is needed, beside a load as it was drawn."""

import numpy as np
import pytest

from zonecma.workload.needs import ASKS, Need, with_needs
from zonecma.workload.scenario import Layout, scenario_of
from zonecma.workload.scenarios import SCENARIOS
from zonecma.workload.sound import first_fault
from zonecma.workload.steps import CALL, RELEASE, SLEEP, Programs
from zonecma.workload.uses import PROGRAM

NEEDS = (Need(5120, 3), Need(16, 1))


def small(jobs, slots=2):
    layout, programs = Layout(), Programs()
    own = [layout.region(PROGRAM, 5, task=slot) for slot in range(slots)]
    for job in range(jobs):
        programs.begin()
        programs.use(0, 5, 10 + job, own=True)
        programs.call(job, 7)
    return scenario_of(layout, own, programs)


@pytest.mark.parametrize("kind", SCENARIOS, ids=lambda kind: kind.name)
def test_every_load_stays_sound(kind):
    drawn = kind().draw(1)
    loaded = with_needs(drawn, NEEDS, 5000, 1)
    assert first_fault(loaded) == ""
    assert len(loaded.steps) > len(drawn.steps)


@pytest.mark.parametrize(("jobs", "slots"), [(2, 2), (7, 2), (1, 2)])
def test_the_loads_jobs_are_what_they_were(jobs, slots):
    before, after = small(jobs, slots), with_needs(small(jobs, slots), NEEDS, 5000, 1)
    added = min(slots, jobs) + 1
    kept = [job for job in range(jobs + 2) if job != added]

    def steps(scenario, job):
        return scenario.steps[scenario.first_step[job] : scenario.first_step[job + 1]]

    assert after.jobs == jobs + 1
    for old, new in enumerate(kept):
        assert np.array_equal(steps(before, old), steps(after, new))


def test_all_are_asked_for_together_and_given_back():
    before = small(2)
    after = with_needs(before, NEEDS, 6000, 3)
    steps = after.steps[after.first_step[3] :]
    calls = steps[steps["op"] == CALL]
    assert calls["first"].tolist() == [2, 3, 4, 5] * ASKS
    assert calls["count"].tolist() == [5120, 5120, 5120, 16] * ASKS
    assert steps[steps["op"] == RELEASE]["first"].tolist() == [2, 3, 4, 5] * ASKS
    assert not calls["again"].any()
    assert (after.buffers, after.slots) == (6, 3)
    asleep = steps[steps["op"] == SLEEP]["ns"] / 1e6
    asked = np.cumsum(asleep)[::2]  # ms: a sleep before each ask, and one while buffers are held
    assert all(2000 * ask <= when <= 2000 * (ask + 0.5) for ask, when in enumerate(asked))
    assert asleep[1::2] == pytest.approx(500)


def test_moments_are_drawn():
    moments = {with_needs(small(2), NEEDS, 6000, seed).steps["ns"].tobytes() for seed in range(5)}
    assert len(moments) == 5
    once, again = (with_needs(small(2), NEEDS, 6000, 3).steps for _ in range(2))
    assert np.array_equal(once, again)
