import numpy as np

from zonecma.kernel.memory import ABSENT, ANONYMOUS, FILE, ON_DISK
from zonecma.workload.scenario import Layout, scenario_of
from zonecma.workload.steps import Programs
from zonecma.workload.uses import PROGRAM, READ


def test_regions_are_numbered_one_behind_the_other():
    layout, programs = Layout(), Programs()
    assert layout.region(READ, 3) == 0
    slots = [layout.region(PROGRAM, 5, task=0), layout.region(PROGRAM, 5, task=1)]
    programs.use(0, 3)
    programs.begin()
    programs.use(0, 5, 10, own=True, write=True)
    programs.begin()
    programs.use_any(0, 3, 7)
    scenario = scenario_of(layout, slots, programs)
    assert slots == [3, 8]
    assert list(scenario.first_own) == [3, 8, 13]
    assert list(scenario.first_step) == [0, 1, 2, 3]
    assert scenario.jobs == 2
    assert list(scenario.objects["kind"][[0, 3]]) == [FILE, ANONYMOUS]
    assert list(scenario.objects["where"][[0, 3]]) == [ON_DISK, ABSENT]
    assert list(scenario.objects["task"][[0, 3, 12]]) == [-1, 0, 1]
    assert [int(step["ns"]) for step in scenario.steps] == [0, 10, 0]
    assert np.array_equal(scenario.steps["random"], [0, 0, 1])
