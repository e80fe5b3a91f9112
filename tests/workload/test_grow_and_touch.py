import numpy as np

from zonecma.workload.grow_and_touch import GrowAndTouch, grow_and_touch
from zonecma.workload.scenario import MIB

LOAD = GrowAndTouch(jobs=20, smallest_mib=3, largest_mib=6, grow_ns=5, read_ns=2, slots=4)


def test_sizes_are_within_the_limits():
    scenario = grow_and_touch(LOAD, 1)
    sizes = set()
    for job in range(1, LOAD.jobs + 1):
        steps = scenario.steps[scenario.first_step[job] : scenario.first_step[job + 1]]
        sizes.add(int(steps["count"][steps["ns"] == LOAD.grow_ns].sum()) // MIB)
    assert sizes == {3, 4, 5, 6}


def test_a_file_is_read_for_each_mib():
    scenario = grow_and_touch(LOAD, 1)
    steps = scenario.steps
    read = (steps["own"] == 0) & (steps["write"] == 0) & (steps["ns"] == LOAD.read_ns)
    assert read.sum() == (steps["ns"] == LOAD.grow_ns).sum()
    assert set(steps["count"][read]) == {3 * MIB}


def test_steps_stay_within_their_slot():
    scenario = grow_and_touch(LOAD, 1)
    own = scenario.steps[scenario.steps["own"] == 1]
    assert (own["first"] + own["span"]).max() <= np.diff(scenario.first_own).min()
