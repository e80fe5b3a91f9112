from dataclasses import replace

import numpy as np
import pytest

from zonecma.kernel.memory import ANONYMOUS
from zonecma.workload.kernel_build import KernelBuild, kernel_build
from zonecma.workload.scenario import MIB
from zonecma.workload.steps import STEP, STORE

LOAD = KernelBuild(slots=4, cpu_seconds=2, program_mib=2, jobs=300)


def steps_of(scenario, job):
    return scenario.steps[scenario.first_step[job] : scenario.first_step[job + 1]]


def grown(scenario, job):
    """Pages of program memory that a job touches first."""
    steps = steps_of(scenario, job)
    new = steps[(steps["own"] == 1) & (steps["op"] == STORE) & (steps["random"] == 0)]
    return int(new["count"].sum())


def test_a_seed_is_a_drawing():
    one, same, other = (kernel_build(LOAD, seed) for seed in (1, 1, 2))
    assert np.array_equal(one.steps, same.steps)
    assert not np.array_equal(one.steps[: len(other.steps)], other.steps[: len(one.steps)])
    assert one.steps.dtype == STEP


def test_sizes_have_the_mean_that_is_asked_for():
    scenario = kernel_build(LOAD, 1)
    sizes = [grown(scenario, job) for job in range(1, LOAD.jobs + 1)]
    assert np.mean(sizes) == pytest.approx(LOAD.program_mib * MIB, rel=0.1)
    assert max(sizes) <= LOAD.program_mib * LOAD.largest * MIB


def test_cpu_time_is_what_is_asked_for():
    scenario = kernel_build(replace(LOAD, cpu_seconds=3), 1)
    assert (scenario.steps["ns"] * scenario.steps["count"]).sum() / 1e9 == pytest.approx(3, rel=0.01)


def test_a_slot_holds_the_largest_job():
    scenario = kernel_build(LOAD, 1)
    room = np.diff(scenario.first_own)
    own = scenario.steps[scenario.steps["own"] == 1]
    assert (own["first"] + own["span"]).max() <= room.min()
    first = scenario.first_own[0]
    pages = scenario.objects["kind"][first : first + room[0]] == ANONYMOUS
    assert pages.sum() == LOAD.program_mib * LOAD.largest * MIB


def test_common_objects_are_in_range():
    scenario = kernel_build(LOAD, 1)
    common = scenario.steps[scenario.steps["own"] == 0]
    assert (common["first"] + common["span"]).max() <= scenario.first_own[0]
