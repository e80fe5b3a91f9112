"""Long pins, direct I/O and plain bonds: what they bind, and until when."""

import numpy as np
import pytest

from tests.kernel.closed import (
    BIND,
    CALL,
    CLASS,
    DIRECT,
    LOOSEN,
    PIN_PAGE,
    RELEASE,
    THINKS,
    TOUCH,
    TOUCH_ALL,
    WHOLE_AREA,
    WRITE,
    ask,
    check,
    do,
    machine,
    specimens,
)
from zonecma.kernel.bonds import DIRECT_IO, FOREVER, NO_BOND, PAGE_LOCK, PIN, REFERENCE
from zonecma.kernel.memory import ABSENT, IN_MEMORY, IN_SWAP
from zonecma.kernel.notes import AN_ENDING
from zonecma.kernel.page_class import PageClass
from zonecma.kernel.rules import RULES
from zonecma.machine.durations import Duration

MS = 1_000_000
ALL_RULES = pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
LONG = {"long_pin": Duration(50 * MS, 50 * MS), "direct_io": Duration(3 * MS, 3 * MS)}


def in_area(world, obj):
    state, _ = world
    return bool(state.object_pfn[obj] >= state.cma[0].base_pfn)


@ALL_RULES
def test_a_long_pin_leaves_the_area_first_where_kernels_know_of_it(rules):
    stays = rules.series == "4.7"
    world = _, m = specimens(1, rules=rules, durations=LONG)
    do(world, WRITE, 0)
    assert in_area(world, 0)
    assert ask(world, PIN_PAGE, 0) == [1]
    assert (m.page.bond[0], m.page.bound_until[0]) == (PIN, m.vm[0].now + 50 * MS)
    assert in_area(world, 0) == stays
    assert do(world, CALL, WHOLE_AREA)[0] == stays
    check(world)


@pytest.mark.parametrize("series", ["6.1", "6.12"])
def test_what_can_not_leave_is_not_pinned(series):
    """Somebody else has a reference to it: it can't be moved."""
    world = _, m = specimens(1, rules=RULES[series], durations=LONG)
    do(world, WRITE, 0)
    m.page.bond[0], m.page.bound_until[0] = REFERENCE, FOREVER
    assert ask(world, PIN_PAGE, 0) == [0]
    assert m.page.bond[0] == REFERENCE
    check(world)


def test_what_a_kill_takes_is_not_pinned():
    world = _, m = specimens(2500, rules=RULES["6.12"], durations=LONG)
    m.page.task[:2500] = 0
    do(world, WRITE, np.arange(2500))
    pinned = [ask(world, PIN_PAGE, obj)[0] for obj in range(2500) if m.page.where[obj] == IN_MEMORY]
    assert m.vm[0].oom_kill == 1
    assert (pinned[0], pinned[-1]) == (1, 0)
    assert (m.page.bond[:2500] == NO_BOND).all()
    check(world)


def test_outside_areas_a_pin_moves_nothing():
    world = s, m = machine(1, 0, mib=12, cma_mib=8, durations=LONG)
    do(world, WRITE, 0)
    frame = int(s.object_pfn[0])
    assert not in_area(world, 0)
    assert ask(world, PIN_PAGE, 0) == [1]
    assert s.object_pfn[0] == frame
    assert ask(world, RELEASE, 0) and m.page.where[0] == ABSENT
    assert ask(world, PIN_PAGE, 0) == [0]


@ALL_RULES
def test_direct_io_binds_until_its_request_ends(rules):
    """Who asked waits for that; to others, whose clocks are behind, the pages are bound."""
    world = _, m = specimens(4, rules=rules, durations=LONG)
    do(world, WRITE, np.arange(4))
    m.disk["page_ns"] = MS
    begun = int(m.vm[0].now)
    ask(world, DIRECT, 0, 4)
    done = begun + 4 * MS + 3 * MS
    assert m.vm[0].now == done
    assert m.vm[0].io_ns == 7 * MS
    assert m.page.bound_until[:4].tolist() == [done] * 4
    m.vm[0].now = done - 1 - THINKS
    assert ask(world, CLASS, 0) == [PageClass.DIRECT_IO]
    assert do(world, CALL, WHOLE_AREA) == (1, 0)
    m.vm[0].now = done - THINKS
    assert do(world, CALL, WHOLE_AREA) == (0, 4)
    check(world)


def test_the_longer_bond_counts():
    """Two that hold at once are kept as the one that ends last."""
    world = _, m = specimens(1)
    do(world, WRITE, 0)
    ask(world, BIND, 0, DIRECT_IO)  # for a millisecond
    m.vm[0].now += MS // 2
    ask(world, BIND, 0, REFERENCE)
    assert m.page.bond[0] == REFERENCE
    m.page.bound_until[0] = FOREVER
    ask(world, BIND, 0, DIRECT_IO)
    assert (m.page.bond[0], m.page.bound_until[0]) == (REFERENCE, FOREVER)
    ask(world, LOOSEN, 0, PIN)
    assert m.page.bond[0] == REFERENCE
    ask(world, LOOSEN, 0, REFERENCE)
    assert m.page.bond[0] == NO_BOND


@ALL_RULES
def test_pages_that_are_read_are_locked_until_they_are(rules):
    """The reader waits; who comes while it does waits for the rest (folio_wait_locked)."""
    world = _, m = specimens(0, 8, rules=rules)
    m.disk["page_ns"] = MS
    begun = int(m.vm[0].now)
    ask(world, TOUCH_ALL, 0, 8)
    assert m.vm[0].now == begun + 8 * MS
    assert (m.page.bond[:8] == PAGE_LOCK).all()
    assert (m.page.bound_until[:8] == begun + 8 * MS).all()
    m.vm[0].now = begun + 3 * MS
    assert ask(world, CLASS, 5) == [PageClass.LOCKED]
    ask(world, TOUCH, 5)
    assert m.vm[0].now == begun + 8 * MS
    assert ask(world, CLASS, 5) == [PageClass.LRU_BATCH]


@ALL_RULES
def test_what_comes_from_swap_is_locked_until_it_is_read(rules):
    world = _, m = machine(4000, 0, mib=12, cma_mib=8, swap_pages=4000, rules=rules)
    for first in range(0, 4000, 200):
        do(world, WRITE, np.arange(first, first + 200))
        m.vm[0].now += 1000 * MS
    away = np.flatnonzero(m.page.where[:4000] == IN_SWAP)
    m.disk["page_ns"] = MS
    ask(world, TOUCH, away[0])
    assert m.page.bond[away[0]] == PAGE_LOCK
    assert 0 <= m.vm[0].now - m.page.bound_until[away[0]] < MS  # then it is mapped
    assert (m.page.bound_until[:4000] < FOREVER).all()
    check(world)


@ALL_RULES
def test_notes_name_the_first_busy_frame_and_its_end(rules):
    world = s, m = specimens(3, rules=rules)
    do(world, WRITE, np.arange(3), thinks=MS)
    until = int(m.vm[0].now) + 900 * MS
    m.page.bond[:3], m.page.bound_until[:3] = REFERENCE, until
    m.vm[0].task = 7
    do(world, CALL, WHOLE_AREA)
    first = int(np.argmin(s.object_pfn[:3]))
    note = m.notes[0]
    assert m.vm[0].nr_noted == 1
    assert (note.pfn, note.object) == (s.object_pfn[first], first)
    assert (note.page_class, note.until) == (PageClass.REFERENCED, until)
    assert (note.start, note.pages, note.call) == (s.cma[0].base_pfn, WHOLE_AREA, 1)
    assert (note.since, note.by, note.time) == (m.page.since[first], -1, m.vm[0].now)
    assert m.page.blocked[:3].sum() == m.page.blocked[first] == 1
    ask(world, LOOSEN, [first, first], REFERENCE)
    assert m.vm[0].nr_noted == 2
    ending = m.notes[1]
    assert (ending.start, ending.object, ending.time) == (AN_ENDING, first, m.vm[0].now)
    do(world, RELEASE, first)
    assert m.vm[0].nr_noted == 2  # it was free to go before


@ALL_RULES
def test_who_leaves_its_frame_is_noted_too(rules):
    world = _, m = specimens(1, rules=rules)
    do(world, WRITE, 0)
    m.page.bond[0], m.page.bound_until[0] = REFERENCE, m.vm[0].now + MS
    do(world, CALL, WHOLE_AREA)
    m.vm[0].now += 2 * MS
    assert do(world, CALL, WHOLE_AREA) == (0, 1)
    assert m.notes.start[:2].tolist() == [1024, AN_ENDING]
    assert (m.notes.object[1], m.notes.time[1]) == (0, m.vm[0].now)


def test_notes_beyond_their_room_are_counted():
    world = _, m = specimens(1)
    do(world, WRITE, 0)
    m.page.bond[0], m.page.bound_until[0] = REFERENCE, FOREVER
    m = m._replace(notes=m.notes[:2])
    world = world[0], m
    do(world, CALL, [WHOLE_AREA] * 3)
    do(world, RELEASE, 0)
    assert m.vm[0].nr_noted == 4
    assert m.notes.call.tolist() == [1, 2]
    assert m.page.blocked[0] == 0
