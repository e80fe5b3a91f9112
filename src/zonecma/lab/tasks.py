"""Tasks on CPUs: runs a scenario's jobs against the model of memory, the earliest event first.

Every CPU and every task has a clock.  Who is ready first runs next, on the CPU that it ran on last
if that is free, for a slice of time or until it waits for a disk; then the CPU is another's.  Within
a slice no other task acts.  kswapd works whenever memory is accessed, up to that time, and what CPU
time it takes is missing where it runs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from zonecma.kernel.balance import kswapd_cpu
from zonecma.kernel.fault import touch_all
from zonecma.kernel.jit import entry, jit, primitive
from zonecma.kernel.memory import ABSENT, NR_KINDS, Memory
from zonecma.kernel.pcp import refresh_cpu_vm_stats
from zonecma.kernel.release import release
from zonecma.kernel.state import State
from zonecma.kernel.units import Cpu
from zonecma.kernel.zone import MAX_NR_ZONES, ZONE_CMA
from zonecma.lab.steps import SLICE, do_step
from zonecma.lab.work import NO_CALL, NO_JOB, NOBODY, SAMPLE_NS, Work
from zonecma.workload.steps import STORE

_SECOND = 1_000_000_000


@primitive
def waited(m: Memory, w: Work) -> Any:
    """How long all tasks have waited for disks, or slept, so far (ns)."""
    return m.vm[0].io_ns + w.run[0].slept


@jit
def _next_job(w: Work, slot: int) -> None:
    task, run = w.task[slot], w.run[0]
    task.done, task.job = 0, NO_JOB
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
        w.run[0].left -= task.job == NO_JOB


@jit
def _kill(w: Work, slot: int) -> None:
    """A job is ended: its task goes on with what comes after its last step."""
    task = w.task[slot]
    if task.job != NO_JOB and task.step < w.first_step[task.job + 1]:
        task.step, task.done, task.call = w.first_step[task.job + 1], 0, NO_CALL
        w.run[0].killed += 1


@jit
def _run_task(s: State, m: Memory, w: Work, slot: int, cpu: int, begin: int) -> None:
    """Let a task run for a slice, or until it waits."""
    task, before, kswapd = w.task[slot], waited(m, w), m.vm[0].kswapd_ns
    task.cpu, m.vm[0].now, m.vm[0].task = cpu, begin, slot
    end, last = begin + SLICE, w.first_step[task.job + 1]
    while m.vm[0].now < end and task.step < last and waited(m, w) == before:
        victim = do_step(s, m, w, slot, Cpu(cpu))
        if victim != NOBODY:
            _kill(w, victim)
        if victim == slot:
            break
    if task.step >= last and m.vm[0].now < end:
        _exit(s, m, w, slot, end)
    task.ready_at = m.vm[0].now
    w.cpu_free_at[cpu] = m.vm[0].now - (waited(m, w) - before)
    its = kswapd_cpu(s)
    w.cpu_free_at[its] = max(w.cpu_free_at[its], begin) + m.vm[0].kswapd_ns - kswapd


@jit
def _who(w: Work) -> int:
    """Whose turn it is: the slot that has been ready for longest."""
    who, ready_at = NOBODY, np.int64(np.iinfo(np.int64).max)
    for slot in range(w.task.size):
        task = w.task[slot]
        if task.job != NO_JOB and task.ready_at < ready_at:
            who, ready_at = slot, task.ready_at
    return who


@jit
def _where(w: Work, last: int, ready_at: int) -> int:
    """The CPU that a task runs on: its last one if that is free by then, or who is free first."""
    if last != NOBODY and w.cpu_free_at[last] <= ready_at:
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
def _sample(s: State, m: Memory, w: Work, at: int) -> None:
    """Look at memory."""
    run = w.run[0]
    if run.samples < w.sample.size:
        sample = w.sample[run.samples]
        sample.free, sample.free_area = _free_pages(s)
        sample.time, sample.in_buffers = at, run.in_buffers
        for kind in range(NR_KINDS):
            sample.used[kind] = m.used[kind]
        run.samples += 1


@jit
def _look(s: State, m: Memory, w: Work, now: int) -> None:
    """What happens as time passes: a look at memory, the CPUs' vmstat timers."""
    run = w.run[0]
    while run.sample_at <= now:
        _sample(s, m, w, run.sample_at)
        run.sample_at += SAMPLE_NS
    if run.refresh_at <= now:
        run.refresh_at = now + _SECOND
        for cpu in range(w.cpu_free_at.size):
            refresh_cpu_vm_stats(s, Cpu(cpu))


@jit
def _begin(s: State, m: Memory, w: Work) -> None:
    """What runs before the load (job 0), on the first CPU; then the first jobs begin."""
    for i in range(w.first_step[0], w.first_step[1]):
        touch_all(s, m, Cpu(0), w.step[i].first, w.step[i].count, w.step[i].op == STORE)
    run, now = w.run[0], m.vm[0].now
    run.next_job, run.begun_at, run.ended_at = 1, now, now
    run.sample_at, run.refresh_at = now, now
    w.cpu_free_at[:] = now
    for slot in range(w.task.size):
        w.task[slot].ready_at = now
        _next_job(w, slot)
        run.left += w.task[slot].job != NO_JOB


@entry
def run_tasks(s: State, m: Memory, w: Work, until: int) -> bool:
    """Run for ``until`` ns of the load's time; False when all jobs have ended.

    The first run ends when the load begins.  One door for all: machine code of the whole model is
    behind each.
    """
    if w.run[0].next_job == 0:
        _begin(s, m, w)
        return True
    while w.run[0].left > 0:
        slot = _who(w)
        task = w.task[slot]
        cpu = _where(w, task.cpu, task.ready_at)
        begin = max(task.ready_at, w.cpu_free_at[cpu])
        if begin >= w.run[0].begun_at + until:
            return True
        _look(s, m, w, begin)
        s.config[0].this_cpu = cpu
        _run_task(s, m, w, slot, cpu, begin)
    _sample(s, m, w, w.run[0].ended_at)
    return False
