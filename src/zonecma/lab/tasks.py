"""Tasks on CPUs: runs a scenario's jobs against the model of memory, the earliest event first.

Every CPU and every task has a clock.  Who is ready first runs next, on the CPU that it ran on last
if that is free, for a slice of time or until it waits for a disk; then the CPU is another's.  Within
a slice no other task acts.  kswapd works whenever memory is accessed, up to that time, and what CPU
time it takes is missing where it runs.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.balance import kswapd_cpu
from zonecma.kernel.fault import touch_all
from zonecma.kernel.jit import entry, jit, primitive
from zonecma.kernel.memory import ABSENT, Memory
from zonecma.kernel.pcp import refresh_cpu_vm_stats
from zonecma.kernel.reference import by_reference
from zonecma.kernel.release import release
from zonecma.kernel.state import Records, State
from zonecma.kernel.units import Cpu
from zonecma.kernel.zone import MAX_NR_ZONES, ZONE_CMA
from zonecma.workload.scenario import Scenario
from zonecma.workload.steps import STORE

SLICE = 500_000
"""ns: how long a task runs before another that is ready gets its CPU."""
_SAMPLE = 100_000_000
"""ns between two looks at free memory."""
_SECOND = 1_000_000_000
_READ_AHEAD = 32
"""Pages: read_ahead_kb is 128."""
_NOBODY = -1
_NO_JOB = -1

TASK = np.dtype(
    [
        ("ready_at", "i8"),  # ns: its clock
        ("job", "i8"),  # _NO_JOB: none is left for it
        ("step", "i8"),
        ("done", "i8"),  # accesses of this step, or objects given up
        ("cpu", "i8"),  # where it ran last
    ],
    align=True,
)
"""One of the scenario's slots."""

RUN = np.dtype(
    [
        ("next_job", "i8"),  # 0: none has begun
        ("left", "i8"),  # tasks that have a job
        ("ended_at", "i8"),  # ns: when the last job ended
        ("seed", "u8"),  # of the objects that jobs draw
        ("killed", "i8"),  # jobs
        ("sample_at", "i8"),  # ns: next look at free memory
        ("refresh_at", "i8"),  # ns: next run of the CPUs' vmstat timers
        ("samples", "i8"),
        ("free", "i8"),  # free pages, summed over the looks
        ("free_area", "i8"),  # and those of them in areas
        ("min_free", "i8"),
        ("min_free_area", "i8"),
        ("free_area_at_end", "i8"),
    ],
    align=True,
)
"""What a run counts: one record."""


@by_reference
class Work(NamedTuple):
    """A scenario as it runs."""

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


def work_of(scenario: Scenario, nr_cpus: int, seed: int) -> Work:
    """A scenario before its first job."""
    run = np.zeros(1, RUN).view(np.recarray)
    run.seed = 2 * seed + 1
    run.min_free = run.min_free_area = np.iinfo(np.int64).max
    task = np.zeros(scenario.slots, TASK).view(np.recarray)
    task.job, task.cpu = _NO_JOB, _NOBODY
    return Work(
        scenario.steps.view(np.recarray),
        scenario.first_step,
        scenario.first_own,
        task,
        np.zeros(nr_cpus, np.int64),
        run,
    )


@primitive
def _draw(w: Work, below: int) -> Any:
    """A random number (xorshift64*, the upper half)."""
    run = w.run[0]
    run.seed ^= run.seed >> np.uint64(12)
    run.seed ^= run.seed << np.uint64(25)
    run.seed ^= run.seed >> np.uint64(27)
    upper = np.int64((run.seed * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(33))
    return (upper * below) >> 31


@primitive
def _object(w: Work, step: Any, slot: int, done: int) -> Any:
    """The object of a step's next access."""
    first = step.first + (w.first_own[slot] if step.own else 0)
    return first + (_draw(w, step.span) if step.random else done)


@primitive
def _at_once(step: Any, done: int) -> Any:
    """How many of a step's accesses are one piece: as many as are read ahead, and less than a slice."""
    if step.random:
        return 1
    return min(step.count - done, _READ_AHEAD, max(SLICE // 2 // max(step.ns, 1), 1))


@primitive
def waited(m: Memory) -> Any:
    """How long all tasks have waited for disks so far (ns)."""
    return m.vm[0].io_ns


@jit
def _next_job(w: Work, slot: int) -> None:
    task, run = w.task[slot], w.run[0]
    task.done, task.job = 0, _NO_JOB
    if run.next_job < w.first_step.size - 1:
        task.job = run.next_job
        task.step = w.first_step[task.job]
        run.next_job += 1


@jit
def _exit(s: State, m: Memory, w: Work, slot: int, end: int) -> None:
    """Give up what the slot has, until time ``end``; then the next job begins."""
    task = w.task[slot]
    first, count = w.first_own[slot], w.first_own[slot + 1] - w.first_own[slot]
    while task.done < count and m.vm[0].now < end:
        if m.page[first + task.done].where != ABSENT:
            release(s, m, Cpu(task.cpu), first + task.done)
        task.done += 1
    if task.done == count:
        w.run[0].ended_at = max(w.run[0].ended_at, m.vm[0].now)
        _next_job(w, slot)
        w.run[0].left -= task.job == _NO_JOB


@jit
def _kill(w: Work, slot: int) -> None:
    """A job is ended: its task goes on with what comes after its last step."""
    task = w.task[slot]
    if task.job != _NO_JOB and task.step < w.first_step[task.job + 1]:
        task.step, task.done = w.first_step[task.job + 1], 0
        w.run[0].killed += 1


@jit
def _access(s: State, m: Memory, w: Work, slot: int, cpu: int) -> bool:
    """The next accesses of a task; False when its job is killed."""
    task = w.task[slot]
    step = w.step[task.step]
    count = _at_once(step, task.done)
    m.vm[0].now += step.ns * count
    found = touch_all(s, m, Cpu(cpu), _object(w, step, slot, task.done), count, step.op == STORE)
    if not found or m.vm[0].victim != _NOBODY:
        victim = m.vm[0].victim if m.vm[0].victim != _NOBODY else slot
        m.vm[0].victim = _NOBODY
        _kill(w, victim)
        return victim != slot
    task.done += count
    if task.done >= step.count:
        task.step, task.done = task.step + 1, 0
    return True


@jit
def _run_task(s: State, m: Memory, w: Work, slot: int, cpu: int, begin: int) -> None:
    """Let a task run for a slice, or until it waits."""
    task, before, kswapd = w.task[slot], waited(m), m.vm[0].kswapd_ns
    task.cpu, m.vm[0].now = cpu, begin
    end, last = begin + SLICE, w.first_step[task.job + 1]
    while m.vm[0].now < end and task.step < last and waited(m) == before:
        if not _access(s, m, w, slot, cpu):
            break
    if task.step >= last and m.vm[0].now < end:
        _exit(s, m, w, slot, end)
    task.ready_at = m.vm[0].now
    w.cpu_free_at[cpu] = m.vm[0].now - (waited(m) - before)
    its = kswapd_cpu(s)
    w.cpu_free_at[its] = max(w.cpu_free_at[its], begin) + m.vm[0].kswapd_ns - kswapd


@jit
def _who(w: Work) -> int:
    """Whose turn it is: the slot that has been ready for longest."""
    who, ready_at = _NOBODY, np.int64(np.iinfo(np.int64).max)
    for slot in range(w.task.size):
        task = w.task[slot]
        if task.job != _NO_JOB and task.ready_at < ready_at:
            who, ready_at = slot, task.ready_at
    return who


@jit
def _where(w: Work, last: int, ready_at: int) -> int:
    """The CPU that a task runs on: its last one if that is free by then, or who is free first."""
    if last != _NOBODY and w.cpu_free_at[last] <= ready_at:
        return last
    return np.argmin(w.cpu_free_at)  # type: ignore[return-value]


@jit
def _free_pages(s: State) -> tuple[int, int]:
    """Free pages, and those of them in areas."""
    free = in_areas = np.int64(0)
    for zone in range(MAX_NR_ZONES):
        free += s.zone[zone].nr_free_pages
        in_areas += s.zone[zone].nr_free_pages if zone == ZONE_CMA else s.zone[zone].nr_free_cma
    return free, in_areas  # type: ignore[return-value]


@jit
def _look(s: State, w: Work, now: int) -> None:
    """What happens as time passes: a look at free memory, the CPUs' vmstat timers."""
    run = w.run[0]
    while run.sample_at <= now:
        free, in_areas = _free_pages(s)
        run.free += free
        run.free_area += in_areas
        run.min_free, run.min_free_area = min(run.min_free, free), min(run.min_free_area, in_areas)
        run.samples += 1
        run.sample_at += _SAMPLE
    if run.refresh_at <= now:
        run.refresh_at = now + _SECOND
        for cpu in range(w.cpu_free_at.size):
            refresh_cpu_vm_stats(s, Cpu(cpu))


@jit
def _begin(s: State, m: Memory, w: Work) -> None:
    """What runs before the load (job 0), on the first CPU; then the first jobs begin, at time 0."""
    for i in range(w.first_step[0], w.first_step[1]):
        touch_all(s, m, Cpu(0), w.step[i].first, w.step[i].count, w.step[i].op == STORE)
    m.vm[0].now = 0
    w.run[0].next_job = 1
    for slot in range(w.task.size):
        _next_job(w, slot)
        w.run[0].left += w.task[slot].job != _NO_JOB


@entry
def run_tasks(s: State, m: Memory, w: Work, until: int) -> bool:
    """Run until the clock shows ``until`` (ns); False when all jobs have ended.

    One door for all: machine code of the whole model is behind each.
    """
    if w.run[0].next_job == 0:
        _begin(s, m, w)
    while w.run[0].left > 0:
        slot = _who(w)
        task = w.task[slot]
        cpu = _where(w, task.cpu, task.ready_at)
        begin = max(task.ready_at, w.cpu_free_at[cpu])
        if begin >= until:
            return True
        _look(s, w, begin)
        s.config[0].this_cpu = cpu
        _run_task(s, m, w, slot, cpu, begin)
    w.run[0].free_area_at_end = _free_pages(s)[1]
    return False
