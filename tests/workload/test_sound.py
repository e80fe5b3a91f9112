"""Tables that compiled code must not see."""

from dataclasses import replace

import numpy as np
import pytest

from zonecma.workload.scenario import Layout, scenario_of
from zonecma.workload.sound import first_fault
from zonecma.workload.steps import Programs
from zonecma.workload.uses import PROGRAM, READ


@pytest.fixture
def programs():
    """Two tasks with 4 and 8 objects of their own, behind 16 common ones; job 0 uses all."""
    programs = Programs()
    programs.use(0, 28)
    programs.begin()
    programs.use(0, 16)
    programs.use(0, 4, own=True, write=True)
    programs.call(0, 512)
    programs.release(0)
    programs.begin()
    programs.use_any(4, 4, 100, own=True)
    programs.sleep(5)
    return programs


def scenario(programs):
    layout = Layout()
    layout.region(READ, 16)
    slots = [layout.region(PROGRAM, pages, task=task) for task, pages in enumerate((4, 8))]
    return scenario_of(layout, slots, programs)


def test_a_sound_one(programs):
    assert first_fault(scenario(programs)) == ""


@pytest.mark.parametrize(
    ("add", "expected"),
    [
        (lambda p: p.use(10, 7), "step 7 names objects that its job does not have"),
        (lambda p: p.use(-1, 2), "step 7 names objects"),
        (lambda p: p.use_any(0, 17, 3), "step 7 names objects"),
        (lambda p: p.direct(5, 4), "step 7 names objects"),
        (lambda p: p.sync(16, 1), "step 7 names objects"),
        (lambda p: p.use(0, -3), "step 7 is for a negative number"),
        (lambda p: p.sleep(-1), "step 7 takes a negative time"),
        (lambda p: p.call(1, 0), "step 7 asks for a buffer of no pages"),
        (lambda p: p.call(-1, 4), "step 7 names a buffer that there is not"),
        (lambda p: p.release(3), "step 7 names a buffer that there is not"),
        (lambda p: (p.call(5, 9), p.release(3)), "step 8 releases a buffer that nobody asks for"),
        (lambda p: p.rows.append((7, 0, 0, 0, 99, 1, 0, 0, 0)), "step 7 holds pages for a time that is not"),
        (lambda p: p.rows.append((12, 0, 0, 0, 1, 1, 0, 0, 0)), "step 7 is no operation"),
    ],
)
def test_a_step_that_is_wrong(programs, add, expected):
    add(programs)
    assert expected in first_fault(scenario(programs))


def test_a_job_of_any_task_fits_the_smallest(programs):
    """The third job goes to whichever task is free."""
    programs.begin()
    programs.use(0, 4, own=True)
    assert first_fault(scenario(programs)) == ""
    programs.use(4, 1, own=True)
    assert first_fault(scenario(programs)) == "step 8 names objects that its job does not have"


def test_what_runs_before_the_load_has_nothing_of_its_own():
    programs = Programs()
    programs.use(0, 1, own=True)
    programs.begin()
    assert first_fault(scenario(programs)) == "step 0 names objects that its job does not have"


def test_nothing_at_all_is_no_step(programs):
    before = len(programs.rows)
    programs.use(16, 0)
    programs.use_any(0, 0, 0)
    assert len(programs.rows) == before


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("task", 0, "object 0 is not the task's"),
        ("gfp", 99, "object 0 has no use"),
        ("order", 11, "object 0 is larger than order 10"),
        ("where", 1, "object 0 is neither absent nor on disk"),
    ],
)
def test_an_object_that_is_wrong(programs, column, value, expected):
    wrong = scenario(programs)
    wrong.objects[column][0] = value
    assert expected in first_fault(wrong)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"slots": 0}, "it has 0 tasks"),
        ({"first_own": np.array([16, 20])}, "own objects are not the last ones"),
        ({"first_own": np.array([16, 30, 28])}, "own objects are not the last ones"),
        ({"first_own": np.array([16, 20, 24])}, "own objects are not the last ones"),
        ({"first_step": np.array([0, 5, 1, 7])}, "do not follow each other"),
        ({"first_step": np.array([1, 1, 5, 7])}, "do not follow each other"),
        ({"buffers": 0}, "names a buffer that there is not"),
    ],
)
def test_tables_that_do_not_fit(programs, change, expected):
    assert expected in first_fault(replace(scenario(programs), **change))
