"""A small machine in a closed loop, and compiled doors to what programs do on it."""

import numpy as np

from tests.machines import FAULT, READ, booted
from zonecma.kernel.bonds import FOREVER, REFERENCE, bind, loosen
from zonecma.kernel.buffer_heads import is_on_bh_lru, look_up
from zonecma.kernel.cma import cma_alloc, cma_release
from zonecma.kernel.direct_io import direct_io
from zonecma.kernel.durations import draw_duration
from zonecma.kernel.fault import touch, touch_all
from zonecma.kernel.jit import entry
from zonecma.kernel.journal import commit_in_time
from zonecma.kernel.lru_batch import is_on_batch
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
from zonecma.kernel.page_class import class_of_object
from zonecma.kernel.pin import pin_user_page
from zonecma.kernel.release import release
from zonecma.kernel.rules import NEWEST
from zonecma.kernel.sync import fsync
from zonecma.kernel.units import Area, Cpu, Order, Pages, Pfn, User
from zonecma.kernel.validate import validate
from zonecma.lab.memory import NO_DURATIONS, empty_memory
from zonecma.machine.costs import read_costs
from zonecma.placement import HalfFree, LastResort

TOUCH, WRITE, RELEASE, CALL, GIVE_BACK, FSYNC, DIRECT, PIN_PAGE, COMMIT, BIND, LOOSEN = range(11)
TOUCH_ALL, CLASS, ON_BATCH, LOOK_UP, ON_BH_LRU, DRAW = range(11, 17)
TARGET = 4
PIN_TARGET = 1
"""A gfp class that is not movable."""
THINKS = 2_000
"""Nanoseconds between two actions."""


@entry
def _do(s, m, what, objects, others, thinks, answers):
    """Act on each object in turn; how many actions found no memory, and frames that calls moved."""
    failed, moved = 0, 0
    for i in range(objects.size):
        m.vm[0].now += thinks
        obj, other, answer = objects[i], others[i], 0
        if what[i] == RELEASE:
            release(s, m, Cpu(0), obj)
        elif what[i] == CALL:
            answer, frames = cma_alloc(s, m, Cpu(0), Area(0), Pages(obj), Order(other), User(TARGET))
            failed, moved = failed + (answer < 0), moved + frames
        elif what[i] == GIVE_BACK:
            cma_release(s, Cpu(0), Area(0), Pfn(obj), Pages(other))
        elif what[i] == FSYNC:
            fsync(s, m, obj, other)
        elif what[i] == DIRECT:
            direct_io(m, obj, other)
        elif what[i] == PIN_PAGE:
            answer = pin_user_page(s, m, Cpu(0), obj, User(PIN_TARGET))
        elif what[i] == COMMIT:
            commit_in_time(m)
        elif what[i] == BIND:
            bind(m, obj, other, m.vm[0].now + 1_000_000)
        elif what[i] == LOOSEN:
            loosen(m, obj, other)
        elif what[i] == TOUCH_ALL:
            failed += not touch_all(s, m, Cpu(0), obj, other, False)
        elif what[i] == CLASS:
            answer = class_of_object(s, m, obj)
        elif what[i] == ON_BATCH:
            answer = is_on_batch(m, obj)
        elif what[i] == LOOK_UP:
            look_up(m, other, obj)
        elif what[i] == ON_BH_LRU:
            answer = is_on_bh_lru(m, obj)
        elif what[i] == DRAW:
            answer = draw_duration(m, obj)
        else:
            failed += not touch(s, m, Cpu(0), obj, what[i] == WRITE)
        answers[i] = answer
    return failed, moved


def _act(machine, what, objects, others, thinks):
    objects = np.atleast_1d(np.asarray(objects, np.int64))
    kinds, others = (np.array(np.broadcast_to(x, objects.shape), np.int64) for x in (what, others))
    answers = np.zeros(objects.size, np.int64)
    return _do(*machine, kinds, objects, others, thinks, answers), answers


def do(machine, what, objects, others=0, thinks=THINKS):
    """Act: one kind for all objects, or one for each; ``others``: a count, a bond, a CPU, an alignment."""
    return _act(machine, what, objects, others, thinks)[0]


def ask(machine, what, objects, others=0):
    """Act in no time; what each action answers."""
    return _act(machine, what, objects, others, 0)[1].tolist()


def hold(memory, objects):
    """Somebody keeps a reference to each object's page."""
    memory.page.bond[objects], memory.page.bound_until[objects] = REFERENCE, FOREVER


def machine(
    anonymous,
    files,
    *,
    mib=64,
    cma_mib=16,
    swap_pages=0,
    rules=NEWEST,
    closed=True,
    placement=None,
    cpus=1,
    durations=NO_DURATIONS,
    seed=0,
):
    """A booted machine, and its memory: anonymous objects first, then pages that lie in files."""
    total = anonymous + files
    state = booted(mib, cma_mib, cpus, rules=rules, placement=placement or LastResort())
    state = state._replace(object_pfn=np.full(total, -1, np.int32))
    memory = empty_memory(
        state,
        total,
        swap_pages=swap_pages,
        costs=read_costs(),
        durations=durations,
        rules=rules,
        closed=closed,
        seed=seed,
    )
    page = memory.page[:total]
    page.kind[:anonymous], page.gfp[:anonymous] = ANONYMOUS, FAULT
    page.kind[anonymous:], page.gfp[anonymous:], page.where[anonymous:] = FILE, READ, ON_DISK
    page.task[:anonymous] = np.arange(anonymous) // 1000
    return state, memory


def free_of_charge(machine):
    """From now on nothing takes time but waits that are told."""
    _, m = machine
    m.cost[0] = np.zeros(1, m.cost.dtype)[0]
    for field in ("op_ns", "page_ns", "read_ns"):
        m.disk[field] = 0


def specimens(count=0, files=0, *, rules=NEWEST, **options):
    """A machine of 12 MiB, of which the upper 8 are an area, where every request of the first half goes."""
    world = machine(count, files, mib=12, cma_mib=8, rules=rules, placement=HalfFree(), **options)
    free_of_charge(world)
    return world


WHOLE_AREA = 2048
"""Frames of the area of ``specimens``: a call for all of it is one attempt."""


def nr_free(state):
    """Frames on free and per-cpu lists."""
    return int(state.zone.nr_free_pages.sum() + state.pcp.count.sum())


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
