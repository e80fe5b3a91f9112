"""A small machine in a closed loop, and compiled doors to what programs do on it."""

import numpy as np

from tests.machines import FAULT, READ, booted
from zonecma.kernel.cma import cma_alloc
from zonecma.kernel.fault import touch
from zonecma.kernel.jit import entry
from zonecma.kernel.memory import (
    ABSENT,
    ANONYMOUS,
    DIRTY,
    FILE,
    IN_MEMORY,
    IN_SWAP,
    ON_DISK,
    READAHEAD,
    SWAP_CACHE,
    WRITEBACK,
)
from zonecma.kernel.release import release
from zonecma.kernel.rules import NEWEST
from zonecma.kernel.units import Area, Cpu, Order, Pages, User
from zonecma.kernel.validate import validate
from zonecma.lab.memory import empty_memory
from zonecma.machine.costs import read_costs
from zonecma.placement import LastResort

TOUCH, WRITE, RELEASE, CALL = range(4)
TARGET = 4
_THINKS = 2_000
"""Nanoseconds between two actions."""


@entry
def _do(s, m, what, objects, thinks):
    """Act on each object in turn; how many actions found no memory, and frames that calls moved."""
    failed, moved = 0, 0
    for i in range(objects.size):
        m.vm[0].now += thinks
        if what[i] == RELEASE:
            release(s, m, Cpu(0), objects[i])
        elif what[i] == CALL:
            start, frames = cma_alloc(s, m, Cpu(0), Area(0), Pages(objects[i]), Order(0), User(TARGET))
            failed, moved = failed + (start < 0), moved + frames
        else:
            failed += not touch(s, m, Cpu(0), objects[i], what[i] == WRITE)
    return failed, moved


def do(machine, what, objects):
    """Act: one kind for all objects, or one for each."""
    objects = np.atleast_1d(np.asarray(objects, np.int64))
    kinds = np.empty_like(objects)  # one that can be written: else it is another type, compiled anew
    kinds[:] = what
    return _do(*machine, kinds, objects, _THINKS)


def machine(anonymous, files, *, mib=64, cma_mib=16, swap_pages=0, rules=NEWEST, closed=True, placement=None):
    """A booted machine, and its memory: anonymous objects first, then pages that lie in files."""
    total = anonymous + files
    state = booted(mib, cma_mib, rules=rules, placement=placement or LastResort())
    state = state._replace(object_pfn=np.full(total, -1, np.int32))
    memory = empty_memory(state, total, swap_pages=swap_pages, costs=read_costs(), rules=rules, closed=closed)
    page = memory.page[:total]
    page.kind[:anonymous], page.gfp[:anonymous] = ANONYMOUS, FAULT
    page.kind[anonymous:], page.gfp[anonymous:], page.where[anonymous:] = FILE, READ, ON_DISK
    page.task[:anonymous] = np.arange(anonymous) // 1000
    return state, memory


def check(machine):
    """Nothing is lost or doubled: each object is in one place, and all books agree with that."""
    s, m = machine
    validate(s)
    page = m.page[: len(s.object_pfn)]
    resident = page.where == IN_MEMORY
    assert np.array_equal(resident, s.object_pfn >= 0)
    pages = np.int64(1) << page.order
    frames = [np.arange(pfn, pfn + n) for pfn, n in zip(s.object_pfn[resident], pages[resident], strict=True)]
    assert len(np.unique(np.concatenate([np.zeros(0, np.int64), *frames]))) == pages[resident].sum()
    assert np.array_equal(s.frame.object[s.object_pfn[resident]], np.flatnonzero(resident))
    assert set(np.unique(page.where)) <= {ABSENT, IN_MEMORY, IN_SWAP, ON_DISK}
    assert m.lru.nr.sum() == pages[resident].sum()
    assert np.array_equal(m.lru.nr_zone.sum(axis=-1), m.lru.nr)
    in_area = s.object_pfn[resident] >= s.cma[0].base_pfn
    assert m.used.sum() == pages[resident][in_area].sum()
    in_swap = (page.page_flags & SWAP_CACHE) != 0
    assert m.vm[0].swap_total - m.vm[0].swap_free == pages[in_swap].sum()
    assert np.array_equal(np.sort(m.swap_map[m.swap_map >= 0]), np.flatnonzero(in_swap))
    assert np.array_equal(m.swap_map[page.slot[in_swap]], np.flatnonzero(in_swap))
    assert in_swap[page.where == IN_SWAP].all()
    assert (resident & in_swap)[(page.page_flags & READAHEAD) != 0].all()
    assert m.vm[0].nr_dirty == pages[(page.page_flags & DIRTY) != 0].sum()
    assert m.vm[0].nr_writeback == pages[(page.page_flags & WRITEBACK) != 0].sum()
    assert not ((page.where == IN_SWAP) & (page.kind != ANONYMOUS)).any()
