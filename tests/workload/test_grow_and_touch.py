from dataclasses import replace

import numpy as np

from zonecma.workload.grow_and_touch import GrowAndTouch, grow_and_touch
from zonecma.workload.scenario import MIB

FILE = 3 * MIB

LOAD = GrowAndTouch(jobs=20, smallest_mib=3, largest_mib=6, slowdown=2, slots=4)


def reads(steps):
    """Which steps read a file."""
    return (steps["own"] == 0) & (steps["count"] == FILE)


def test_sizes_are_within_the_limits():
    scenario = grow_and_touch(LOAD, 1)
    sizes = set()
    for job in range(1, LOAD.jobs + 1):
        steps = scenario.steps[scenario.first_step[job] : scenario.first_step[job + 1]]
        sizes.add(int(reads(steps).sum()))
    assert sizes == {3, 4, 5, 6}


def test_a_file_is_read_for_each_mib():
    scenario = grow_and_touch(LOAD, 1)
    steps = scenario.steps
    new = (steps["own"] == 1) & (steps["random"] == 0) & (steps["count"] == MIB)
    assert reads(steps).sum() == new.sum()


def test_a_slow_cpu_takes_longer_to_read():
    fast, slow = (grow_and_touch(replace(LOAD, slowdown=factor), 1).steps for factor in (1, 4))
    assert slow["ns"].max() == 4 * fast["ns"].max()


def test_steps_stay_within_their_slot():
    scenario = grow_and_touch(LOAD, 1)
    own = scenario.steps[scenario.steps["own"] == 1]
    assert (own["first"] + own["span"]).max() <= np.diff(scenario.first_own).min()
