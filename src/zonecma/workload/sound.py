"""Whether a scenario is sound: compiled code does not look at its tables again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from zonecma.kernel.memory import ABSENT, NR_DURATIONS, ON_DISK
from zonecma.workload.scenario import NOBODY, Scenario
from zonecma.workload.steps import CALL, HOLD, LET_GO, RELEASE, SLEEP, UNTIL_LET_GO
from zonecma.workload.uses import USES

_HIGHEST_ORDER = 10


def first_fault(scenario: Scenario) -> str:
    """What is wrong with its tables, with the first row that is so; empty for a sound one."""
    return next(_faults(scenario), "")


def _faults(scenario: Scenario) -> Iterator[str]:
    if scenario.slots < 1:
        yield f"it has {scenario.slots} tasks; expected 1 or more"
    elif not _tile(scenario.first_own, scenario.slots + 1, len(scenario.objects)):
        yield "the tasks' own objects are not the last ones, task after task"
    elif not _tile(scenario.first_step, scenario.jobs + 2, len(scenario.steps)) or scenario.first_step[0]:
        yield "the jobs' steps do not follow each other"
    else:
        yield from _objects(scenario)
        yield from _accesses(scenario)
        yield from _calls(scenario)


def _tile(starts: np.ndarray, count: int, end: int) -> bool:
    """Whether so many numbers go up to the end."""
    return len(starts) == count and bool((np.diff(starts) >= 0).all()) and int(starts[-1]) == end


def _objects(scenario: Scenario) -> Iterator[str]:
    rows, first_own = scenario.objects, scenario.first_own
    whose = np.full(len(rows), NOBODY)
    whose[first_own[0] :] = np.repeat(np.arange(scenario.slots), np.diff(first_own))
    yield from _named(rows["task"] != whose, "object", "is not the task's in whose part it lies")
    yield from _named(rows["gfp"] >= len(USES), "object", "has no use of zonecma.workload.uses")
    yield from _named(rows["order"] > _HIGHEST_ORDER, "object", f"is larger than order {_HIGHEST_ORDER}")
    yield from _named(~np.isin(rows["where"], (ABSENT, ON_DISK)), "object", "is neither absent nor on disk")


def _accesses(scenario: Scenario) -> Iterator[str]:
    """Every object that a step may name is one that its job may use."""
    steps, jobs = scenario.steps, np.repeat(np.arange(scenario.jobs + 1), np.diff(scenario.first_step))
    room = np.diff(scenario.first_own)
    own_room = np.full(scenario.jobs + 1, room.min())
    own_room[1 : scenario.slots + 1] = room[: scenario.jobs]
    own_room[0] = 0
    common = np.full(scenario.jobs + 1, scenario.first_own[0])
    common[0] = len(scenario.objects)
    limit = np.where(steps["own"] == 1, own_room[jobs], common[jobs])
    reach = np.where(steps["random"] == 1, steps["span"], steps["count"]).astype(np.int64)
    names_objects = (steps["op"] <= LET_GO) & (steps["count"] > 0)
    outside = (steps["first"] < 0) | (steps["first"] + reach > limit) | (reach < 1)
    yield from _named(steps["op"] > SLEEP, "step", "is no operation of zonecma.workload.steps")
    yield from _named(steps["count"] < 0, "step", "is for a negative number of objects")
    yield from _named(names_objects & outside, "step", "names objects that its job does not have")
    negative = (steps["ns"] < 0) | (steps["again"] < 0) | (steps["patience"] < 0)
    yield from _named(negative, "step", "takes a negative time")
    lasts = (steps["span"] < UNTIL_LET_GO) | (steps["span"] >= NR_DURATIONS)
    yield from _named((steps["op"] == HOLD) & lasts, "step", "holds pages for a time that is not known")


def _calls(scenario: Scenario) -> Iterator[str]:
    steps = scenario.steps
    calls, releases = steps["op"] == CALL, steps["op"] == RELEASE
    numbers = (steps["first"] < 0) | (steps["first"] >= scenario.buffers)
    yield from _named((calls | releases) & numbers, "step", "names a buffer that there is not")
    yield from _named(calls & (steps["count"] < 1), "step", "asks for a buffer of no pages")
    never = releases & ~np.isin(steps["first"], steps["first"][calls])
    yield from _named(never, "step", "releases a buffer that nobody asks for")


def _named(wrong: np.ndarray, noun: str, what: str) -> Iterator[str]:
    """The first row that is wrong."""
    if wrong.any():
        yield f"{noun} {int(np.argmax(wrong))} {what}"
