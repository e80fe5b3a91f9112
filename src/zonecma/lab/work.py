"""A scenario as it runs: its tasks, what they have done so far, what was seen beside them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.memory import NR_KINDS
from zonecma.kernel.reference import by_reference
from zonecma.kernel.state import Records
from zonecma.kernel.units import NO_PFN
from zonecma.workload.scenario import Scenario
from zonecma.workload.steps import CALL as CALL_STEP

NOBODY = -1
NO_JOB = -1
NO_CALL = -1
SAMPLE_NS = 100_000_000
"""Between two looks at memory."""
_MOST_SAMPLES = 1 << 16
_MOST_CALLS = 1 << 18

TASK = np.dtype(
    [
        ("ready_at", "i8"),  # ns: its clock
        ("job", "i8"),  # NO_JOB: none is left for it
        ("step", "i8"),
        ("done", "i8"),  # accesses of this step, or objects given up
        ("cpu", "i8"),  # where it ran last
        ("call", "i8"),  # row of the first call of this step; NO_CALL
    ],
    align=True,
)
"""One of the scenario's slots."""

RUN = np.dtype(
    [
        ("next_job", "i8"),  # 0: none has begun
        ("left", "i8"),  # tasks that have a job
        ("begun_at", "i8"),  # ns: when the first jobs began
        ("ended_at", "i8"),  # ns: when the last one ended
        ("seed", "u8"),  # of the objects that jobs draw
        ("killed", "i8"),  # jobs
        ("slept", "i8"),  # ns that all tasks slept
        ("sample_at", "i8"),  # ns: next look at memory
        ("refresh_at", "i8"),  # ns: next run of the CPUs' vmstat timers
        ("samples", "i8"),
        ("calls", "i8"),  # contiguous calls made; those without room for a row included
        ("in_buffers", "i8"),  # frames of areas in contiguous buffers
        ("not_pinned", "i8"),  # pages that could not be pinned, for they could not be moved first
    ],
    align=True,
)
"""What a run counts: one record."""

SAMPLE = np.dtype(
    [
        ("time", "i8"),  # ns
        ("free", "i8"),  # frames on free lists
        ("free_area", "i8"),  # of them in areas
        ("in_buffers", "i8"),  # frames of areas in contiguous buffers
        ("used", "i8", (NR_KINDS,)),  # frames of areas that objects live in, by kind
    ],
    align=True,
)
"""A look at memory."""

CALL = np.dtype(
    [
        ("time", "i8"),  # ns: when it was made
        ("took", "i8"),  # ns
        ("pages", "i8"),  # frames asked for
        ("start", "i8"),  # first frame; NO_PFN when it failed
        ("moved", "i8"),  # frames moved out of the way
        ("first", "i8"),  # row of the call that this one repeats; its own
        ("number", "i8"),  # by which the notes know it
        ("buffer", "i8"),
        ("again", "i8"),  # 1: it is made again
    ],
    align=True,
)
"""A contiguous call."""


@by_reference
class Work(NamedTuple):
    """All that a run of a scenario writes beside the machine."""

    step: Records
    """STEP[steps]"""
    first_step: NDArray[np.int64]
    """i8[jobs + 2]"""
    first_own: NDArray[np.int64]
    """i8[slots + 1]"""
    task: Records
    """TASK[slots]"""
    cpu_free_at: NDArray[np.int64]
    """i8[CPUs]: ns"""
    run: Records
    """RUN[1]"""
    sample: Records
    """SAMPLE[]"""
    call: Records
    """CALL[]"""
    buffer: NDArray[np.int64]
    """i8[buffers, 2]: first frame of each contiguous buffer, NO_PFN where there is none; and frames"""
    users: NDArray[np.int64]
    """i8[2]: gfp classes of the targets when pages leave an area: for a call, and before they are pinned"""


def work_of(scenario: Scenario, nr_cpus: int, seed: int, users: tuple[int, int] = (0, 0)) -> Work:
    """A scenario before its first job."""
    task = _records(scenario.slots, TASK)
    task.job, task.cpu, task.call = NO_JOB, NOBODY, NO_CALL
    run = _records(1, RUN)
    run.seed = 2 * seed + 1
    return Work(
        scenario.steps.view(np.recarray),
        scenario.first_step,
        scenario.first_own,
        task,
        np.zeros(nr_cpus, np.int64),
        run,
        _records(_MOST_SAMPLES, SAMPLE),
        _records(_nr_calls(scenario), CALL),
        np.full((max(scenario.buffers, 1), 2), NO_PFN, np.int64),
        np.array(users, np.int64),
    )


def _records(count: int, dtype: np.dtype[np.void]) -> Records:
    return np.zeros(count, dtype).view(np.recarray)


def _nr_calls(scenario: Scenario) -> int:
    """How many contiguous calls there can be: those that fail are made again until patience ends."""
    calls: NDArray[Any] = scenario.steps[scenario.steps["op"] == CALL_STEP]
    again = np.maximum(calls["again"], 1)
    repeated = np.where(calls["again"] > 0, calls["patience"] // again, 0)
    return int(min((repeated + 1).sum(), _MOST_CALLS)) + 1
