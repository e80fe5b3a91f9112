"""Buffers that must be got while a load runs: one more task, a driver that asks for them now and then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from zonecma.workload.scenario import Layout, Scenario
from zonecma.workload.steps import STEP, Programs
from zonecma.workload.uses import PROGRAM

ASKS = 3
"""Times that the needs are asked for in one run."""
_BEFORE, _HELD = 0.5, 0.25
"""Of the time between two asks: when it comes at the latest, and for how long buffers are held."""
_GOES_ON = 2
"""So many times the load's own length the task goes on where other jobs wait for a task."""


@dataclass(frozen=True)
class Need:
    """Buffers of one size that are held at the same time."""

    pages: int
    """frames of each buffer"""
    count: int
    within_ms: float = 0
    """from the first call to the end of the last; 0: however long it takes"""
    probability: float = 0.9
    """the share of runs that it must be met in"""

    @property
    def frames(self) -> int:
        """Of all its buffers."""
        return self.pages * self.count


def ask_moments(buffers: int, seed: int) -> list[tuple[float, float]]:
    """When each of the ASKS is made, and when its buffers are given back: shares of the load's time."""
    drawn = np.random.default_rng((seed, buffers)).uniform(0, _BEFORE, ASKS)
    return [((ask + share) / ASKS, (ask + share + _HELD) / ASKS) for ask, share in enumerate(drawn.tolist())]


def with_needs(scenario: Scenario, needs: Sequence[Need], lasts_ms: float, seed: int) -> Scenario:
    """The same load beside a task that asks for all buffers ASKS times, holds them and gives them back.

    It sleeps for a drawn time before each ask; ``lasts_ms`` is how long the load runs.  Each buffer is
    asked for once, in the order of the needs.  Its buffers have the numbers from ``scenario.buffers`` on.
    """
    programs = Programs(buffers=scenario.buffers)
    numbers = range(scenario.buffers, scenario.buffers + sum(need.count for need in needs))
    sizes = [need.pages for need in needs for _ in range(need.count)]
    slept = 0.0
    for asked, given_back in ask_moments(len(sizes), seed):
        programs.sleep((asked - slept) * lasts_ms)
        for number, pages in zip(numbers, sizes, strict=True):
            programs.call(number, pages)
        programs.sleep((given_back - asked) * lasts_ms)
        slept = given_back
        for number in numbers:
            programs.release(number)
    if scenario.jobs > scenario.slots:
        programs.sleep(_GOES_ON * lasts_ms)
    return _with_task(scenario, programs)


def _with_task(scenario: Scenario, programs: Programs) -> Scenario:
    """The load with one slot more, and these steps as the job that it begins with.

    The slot has as many pages as the smallest other: a job that came to it later would have room.
    """
    pages = max(int(np.diff(scenario.first_own).min()), 1)
    layout = Layout()
    layout.region(PROGRAM, pages, task=scenario.slots)
    job = min(scenario.slots, scenario.jobs) + 1
    at, steps = int(scenario.first_step[job]), np.array(programs.rows, STEP)
    starts = scenario.first_step.copy()
    starts[job:] += len(steps)
    return replace(
        scenario,
        slots=scenario.slots + 1,
        objects=np.concatenate([scenario.objects, *layout.rows]),
        first_own=np.append(scenario.first_own, len(scenario.objects) + pages),
        steps=np.concatenate([scenario.steps[:at], steps, scenario.steps[at:]]),
        first_step=np.insert(starts, job, at),
        buffers=programs.buffers,
    )
