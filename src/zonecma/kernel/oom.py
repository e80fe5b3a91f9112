"""The last step: a task is killed for its memory (mm/oom_kill.c, 6.12 and 4.7)."""

from __future__ import annotations

from zonecma.kernel.jit import jit
from zonecma.kernel.lru import pages_of
from zonecma.kernel.memory import ABSENT, ANONYMOUS, IN_MEMORY, IN_SWAP, Memory
from zonecma.kernel.release import release
from zonecma.kernel.state import State
from zonecma.kernel.units import Cpu

NOBODY = -1


@jit
def _pages_of_task(m: Memory, task: int) -> int:
    """A task's anonymous memory, in memory and in swap (oom_badness, without page tables)."""
    pages = 0
    for obj in range(m.vm[0].first_list):
        page = m.page[obj]
        if (
            page.task == task
            and page.kind == ANONYMOUS
            and (page.where == IN_MEMORY or page.where == IN_SWAP)
        ):
            pages += pages_of(m, obj)
    return pages


@jit
def select_bad_process(m: Memory) -> int:
    """The task with the most memory; NOBODY where none has any."""
    worst, most, last = NOBODY, 0, NOBODY
    for obj in range(m.vm[0].first_list):
        task = m.page[obj].task
        if m.page[obj].kind == ANONYMOUS and task != NOBODY and task != last and m.page[obj].where != ABSENT:
            pages, last = _pages_of_task(m, task), task
            if pages > most:
                worst, most = task, pages
    return worst


@jit
def out_of_memory(s: State, m: Memory, cpu: Cpu) -> bool:
    """Kill the task with the most memory; False when there is none."""
    victim = select_bad_process(m)
    m.vm[0].victim = victim
    if victim == NOBODY:
        return False
    m.vm[0].oom_kill += 1
    for obj in range(m.vm[0].first_list):
        if m.page[obj].task == victim and m.page[obj].kind == ANONYMOUS:
            release(s, m, cpu, obj)
    return True
