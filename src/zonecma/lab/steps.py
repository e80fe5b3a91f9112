"""What a task does at its next step: accesses, waits, pins, contiguous calls."""

from __future__ import annotations

from typing import Any

import numpy as np

from zonecma.kernel.balance import run_kswapd
from zonecma.kernel.bonds import FOREVER, PIN, REFERENCE, bind, loosen
from zonecma.kernel.cma import cma_alloc, cma_release, is_lent
from zonecma.kernel.direct_io import direct_io
from zonecma.kernel.durations import draw_duration
from zonecma.kernel.fault import touch_all
from zonecma.kernel.huge import nr_tails
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.journal import commit_in_time
from zonecma.kernel.memory import ABSENT, Memory
from zonecma.kernel.pin import pin_user_page
from zonecma.kernel.release import release
from zonecma.kernel.state import State
from zonecma.kernel.sync import fsync
from zonecma.kernel.units import NO_PFN, Area, Cpu, Order, Pages, Pfn, User
from zonecma.kernel.writeback import flush_in_time
from zonecma.lab.work import NO_CALL, NOBODY, Work
from zonecma.workload.steps import (
    CALL,
    DIRECT_READ,
    DIRECT_WRITE,
    GIVE_UP,
    HOLD,
    LET_GO,
    LOAD,
    RELEASE,
    SLEEP,
    STORE,
    SYNC,
    UNTIL_LET_GO,
)
from zonecma.workload.steps import (
    PIN as PIN_STEP,
)

SLICE = 500_000
"""ns: how long a task runs before another that is ready gets its CPU."""
_READ_AHEAD = 32
"""Pages: read_ahead_kb is 128."""
_AREA = Area(0)
"""The area that calls ask: the machine's first."""


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
def _first(w: Work, step: Any, slot: int) -> Any:
    """The first object of a step."""
    return step.first + (w.first_own[slot] if step.own else 0)


@primitive
def _at_once(step: Any, done: int) -> Any:
    """How many of a step's accesses are one piece: as many as are read ahead, and less than a slice."""
    if step.random:
        return 1
    return min(step.count - done, _READ_AHEAD, max(SLICE // 2 // max(step.ns, 1), 1))


@jit
def _touch(s: State, m: Memory, cpu: Cpu, first: int, count: int, write: bool) -> bool:
    """Access objects, and the small pages of huge ones that are not whole; False when no memory was found."""
    found = touch_all(s, m, cpu, first, count, write)
    for obj in range(first, first + count):
        if found and nr_tails(m, obj):
            found = touch_all(s, m, cpu, m.page[obj].tails, nr_tails(m, obj), write)
    return found


@jit
def _access(s: State, m: Memory, w: Work, slot: int, cpu: Cpu, step: Any) -> bool:
    """The next accesses of a step; False when no memory was found."""
    task, first = w.task[slot], _first(w, step, slot)
    count = _at_once(step, task.done)
    m.vm[0].now += step.ns * count
    first += _draw(w, step.span) if step.random else task.done
    task.done += count
    return _touch(s, m, cpu, first, count, step.op == STORE)


@jit
def _give_up(s: State, m: Memory, cpu: Cpu, first: int, count: int) -> None:
    for obj in range(first, first + count):
        if m.page[obj].where != ABSENT:
            release(s, m, cpu, obj)


@jit
def _pin(s: State, m: Memory, w: Work, cpu: Cpu, first: int, count: int) -> bool:
    """Pin pages for long; False when no memory was found."""
    found = touch_all(s, m, cpu, first, count, True)
    for obj in range(first, first + count):
        if not found or not pin_user_page(s, m, cpu, obj, User(w.users[1])):
            w.run[0].not_pinned += 1
    return found


@jit
def _hold(s: State, m: Memory, cpu: Cpu, first: int, count: int, lasts: int) -> bool:
    """Keep references to pages where they are; False when no memory was found."""
    found = touch_all(s, m, cpu, first, count, True)
    until = FOREVER if lasts == UNTIL_LET_GO else m.vm[0].now + draw_duration(m, lasts)
    for obj in range(first, first + count):
        if found:
            bind(m, obj, REFERENCE, until)
    return found


@jit
def _let_go(m: Memory, first: int, count: int) -> None:
    for obj in range(first, first + count):
        loosen(m, obj, PIN)
        loosen(m, obj, REFERENCE)


@jit
def _note_call(m: Memory, w: Work, slot: int, step: Any, begun: int, start: Pfn, moved: Pages) -> int:
    """Write a call down; its row."""
    run, task = w.run[0], w.task[slot]
    row = min(run.calls, w.call.size - 1)
    run.calls += 1
    if task.call == NO_CALL:
        task.call = row
    call = w.call[row]
    call.time, call.took, call.pages, call.start, call.moved = (
        begun,
        m.vm[0].now - begun,
        step.count,
        start,
        moved,
    )
    call.first, call.number, call.buffer = task.call, m.vm[0].call, step.first
    return row  # type: ignore[no-any-return]


@jit
def _call(s: State, m: Memory, w: Work, slot: int, cpu: Cpu, step: Any) -> None:
    """A contiguous call; one that fails is made again, until its caller's patience ends."""
    task, begun, pages = w.task[slot], m.vm[0].now, Pages(step.count)
    start, moved = NO_PFN, Pages(0)
    if s.cma.size:
        start, moved = cma_alloc(s, m, cpu, _AREA, pages, Order(step.span), User(w.users[0]))
    row = _note_call(m, w, slot, step, begun, start, moved)
    if start == NO_PFN and step.again and m.vm[0].now + step.again - w.call[task.call].time <= step.patience:
        w.call[row].again = 1
        _sleep(m, w, step.again)
        return
    if start != NO_PFN:
        w.buffer[step.first, 0], w.buffer[step.first, 1] = start, pages
        w.run[0].in_buffers += pages if is_lent(s, start) else 0
    task.call, task.done = NO_CALL, step.count


@jit
def _release(s: State, w: Work, cpu: Cpu, buffer: int) -> None:
    start, pages = Pfn(w.buffer[buffer, 0]), Pages(w.buffer[buffer, 1])
    if start != NO_PFN:
        w.run[0].in_buffers -= pages if is_lent(s, start) else 0
        cma_release(s, cpu, _AREA, start, pages)
        w.buffer[buffer, 0] = NO_PFN


@primitive
def _sleep(m: Memory, w: Work, ns: int) -> None:
    """Time passes, and the CPU is another's."""
    m.vm[0].now += ns
    w.run[0].slept += ns


@jit
def _act(s: State, m: Memory, w: Work, slot: int, cpu: Cpu, step: Any) -> bool:
    """Do all of a step that is no access; False when no memory was found."""
    task, op, first, found = w.task[slot], step.op, _first(w, step, slot), True
    flush_in_time(s, m)
    commit_in_time(m)
    run_kswapd(s, m)
    if op == CALL:
        _call(s, m, w, slot, cpu, step)
        return True
    task.done = step.count
    if op == RELEASE:
        _release(s, w, cpu, step.first)
    elif op == SLEEP:
        _sleep(m, w, step.ns)
    elif op == GIVE_UP:
        _give_up(s, m, cpu, first, step.count)
    elif op == SYNC:
        fsync(s, m, first, step.count)
    elif op == DIRECT_READ or op == DIRECT_WRITE:
        found = touch_all(s, m, cpu, first, step.count, op == DIRECT_READ)
        if found:
            direct_io(m, first, step.count)
    elif op == PIN_STEP:
        found = _pin(s, m, w, cpu, first, step.count)
    elif op == HOLD:
        found = _hold(s, m, cpu, first, step.count, step.span)
    elif op == LET_GO:
        _let_go(m, first, step.count)
    return found


@jit
def do_step(s: State, m: Memory, w: Work, slot: int, cpu: Cpu) -> int:
    """Do what comes next for a task; the task that was killed for want of memory, or NOBODY."""
    task = w.task[slot]
    step = w.step[task.step]
    if step.op == LOAD or step.op == STORE:
        found = _access(s, m, w, slot, cpu, step)
    else:
        found = _act(s, m, w, slot, cpu, step)
    victim = m.vm[0].victim
    m.vm[0].victim = NOBODY
    if victim == NOBODY and not found:
        victim = slot
    if victim != slot and task.done >= step.count:
        task.step, task.done = task.step + 1, 0
    return victim  # type: ignore[no-any-return]
