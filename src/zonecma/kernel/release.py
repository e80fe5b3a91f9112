"""What a program gives up: memory, a place in swap, a page of a deleted file."""

from __future__ import annotations

from zonecma.kernel.bonds import NO_BOND
from zonecma.kernel.checkpoint import leave_journal
from zonecma.kernel.huge import make_whole, nr_tails
from zonecma.kernel.jit import jit
from zonecma.kernel.lru import lru_del, pages_of
from zonecma.kernel.memory import ABSENT, IN_MEMORY, Memory, charge
from zonecma.kernel.residence import leave_frames
from zonecma.kernel.state import State
from zonecma.kernel.swap import free_swap
from zonecma.kernel.units import Cpu
from zonecma.kernel.workingset import NEVER_EVICTED
from zonecma.kernel.writeback import forget_io


@jit
def release(s: State, m: Memory, cpu: Cpu, obj: int) -> None:
    """The program gives an object up, wherever it is (exit, munmap, truncate); all of a huge page."""
    tails, count = m.page[obj].tails, nr_tails(m, obj)
    _release(s, m, cpu, obj)
    for tail in range(tails, tails + count):
        if m.page[tail].where != ABSENT:
            _release(s, m, cpu, tail)
    make_whole(m, obj)


@jit
def _release(s: State, m: Memory, cpu: Cpu, obj: int) -> None:
    page = m.page[obj]
    free_swap(m, obj)
    leave_journal(m, obj)
    if page.where == IN_MEMORY:
        forget_io(m, obj)
        lru_del(s, m, obj)
        leave_frames(s, m, cpu, obj)
        charge(m, m.cost[0].release * pages_of(m, obj))
    page.where, page.page_flags, page.age, page.bond = ABSENT, 0, NEVER_EVICTED, NO_BOND
