"""Many runs: each task's outcome once, in whatever order, in this process where one worker will do."""

import multiprocessing
import os
import threading

import pytest

from zonecma.lab.pool import run_all

TASKS = [5, 3, 8]


def where(task):
    return task * task, os.getpid()


def fails(task):
    raise ValueError(task)


def test_each_tasks_outcome_once_in_whatever_order():
    found = list(run_all(where, TASKS, workers=2))
    assert sorted(square for square, _ in found) == [9, 25, 64]
    assert os.getpid() not in {process for _, process in found}


@pytest.mark.parametrize(("tasks", "workers"), [(TASKS, 1), (TASKS[:1], 4)])
def test_one_worker_is_this_process(tasks, workers):
    assert list(run_all(where, tasks, workers)) == [(task * task, os.getpid()) for task in tasks]


def test_nothing_to_do():
    assert list(run_all(where, [], workers=4)) == []


def test_one_worker_runs_a_task_when_its_outcome_is_asked_for():
    begun = []
    outcomes = run_all(lambda task: begun.append(task), TASKS, workers=1)
    next(outcomes)
    assert begun == TASKS[:1]


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_task_raises_is_raised(workers):
    with pytest.raises(ValueError, match=r"^[538]$"):
        list(run_all(fails, TASKS, workers))


def test_nothing_of_the_pool_is_left_behind():
    """A pool that ended only as Python did printed a traceback after the results, now and then."""
    before = {*threading.enumerate(), *multiprocessing.active_children()}
    assert sorted(run_all(abs, [-1, -2, -3], workers=2)) == [1, 2, 3]
    assert {*threading.enumerate(), *multiprocessing.active_children()} <= before
