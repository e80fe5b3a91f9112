"""Swap: slots that are filled in order, and neighbours that come back together."""

import numpy as np
import pytest

from tests.kernel.closed import RELEASE, TOUCH, WRITE, check, do, hold, machine
from zonecma.kernel.jit import entry
from zonecma.kernel.memory import ABSENT, FREE_SLOT, IN_MEMORY, IN_SWAP, INACTIVE_ANON, READAHEAD
from zonecma.kernel.rules import RULES
from zonecma.kernel.swap import add_to_swap
from zonecma.kernel.swap_readahead import swapin_nr_pages


@entry
def _swap_out(m, objects):
    for obj in objects:
        add_to_swap(m, obj)
        m.page[obj].where = 2


@entry
def _windows(m, hits, slots, pages):
    for i in range(slots.size):
        m.vm[0].readahead_hits = hits[i]
        pages[i] = swapin_nr_pages(m, slots[i])


def _swapped(count, *, slots=4096, rules="6.12"):
    """A machine whose first objects lie in swap."""
    world = machine(count, 0, swap_pages=slots, rules=RULES[rules])
    _swap_out(world[1], np.arange(count))
    return world


def test_slots_are_filled_in_order_behind_the_header():
    _, m = _swapped(300)
    assert m.page.slot[:300].tolist() == list(range(1, 301))
    assert m.vm[0].swap_free == 4096 - 300


def test_a_new_cluster_begins_at_the_lowest_empty_one():
    """256 slots are filled; of 400 the first 300 are given up: the rest of the second cluster is used
    up first, then the 300 free ones at the start hold an empty cluster, from slot 1 on."""
    world = _, m = _swapped(400)
    do(world, RELEASE, np.arange(300))
    _swap_out(m, np.arange(113))
    assert m.page.slot[:112].tolist() == list(range(401, 513))
    assert m.page.slot[112] == 1


def test_without_an_empty_cluster_any_free_slot_will_do():
    world = _, m = _swapped(300, slots=300)
    do(world, RELEASE, np.arange(0, 300, 3))
    _swap_out(m, np.arange(0, 300, 3))
    assert (m.swap_map != FREE_SLOT).all()
    assert m.vm[0].swap_free == 0


def test_the_window_grows_with_hits_and_shrinks_by_half():
    """__swapin_nr_pages: no hits and no neighbour 1; a neighbour 2; 3 hits 8 (4 rounded up for 5), no
    more than 8 for 20; then 4, 2, 1 without hits."""
    _, m = machine(1, 0)
    hits, slots = [0, 0, 3, 20, 0, 0, 0, 0], [100, 101, 300, 400, 500, 600, 700, 800]
    pages = np.zeros(8, np.int64)
    _windows(m, np.array(hits), np.array(slots), pages)
    assert pages.tolist() == [1, 2, 8, 8, 4, 2, 1, 1]


@pytest.mark.parametrize("rules", RULES)
def test_neighbours_come_with_the_page_that_was_asked_for(rules):
    """Slots 1 and 2 are neighbours: a read of slot 2 takes the window 2..3; then hits widen it."""
    world = _, m = _swapped(64, rules=rules)
    m.vm[0].readahead_slot, m.vm[0].readahead_hits = 1, 0
    assert do(world, TOUCH, 1) == (0, 0)
    assert np.flatnonzero(m.page.where[:64] == IN_MEMORY).tolist() == [1, 2]
    assert (m.page.page_flags[:64] & READAHEAD != 0).nonzero()[0].tolist() == [2]
    assert (m.vm[0].pswpin, m.lru.nr.sum(axis=0)[INACTIVE_ANON]) == (2, 2)
    do(world, TOUCH, np.arange(2, 64))
    assert (m.page.where[:64] == IN_SWAP).sum() == 1  # the first, which nobody asked for
    assert m.vm[0].pswpin == 63
    check(world)


def test_nothing_is_read_ahead_where_page_cluster_is_0():
    world = _, m = _swapped(64)
    m.vm[0].page_cluster = 0
    do(world, TOUCH, np.arange(8))
    assert (m.vm[0].pswpin, (m.page.where[:64] == IN_MEMORY).sum()) == (8, 8)


def _swapped_and_full(task):
    """A machine that has swapped, holds what is left in memory, and has not a page free.

    The world, and an object in swap whose window of eight slots is all in swap.
    """
    world = _, m = machine(30000, 0, mib=32, cma_mib=8, swap_pages=4000, rules=RULES["4.7"])
    m.page.task[:30000] = task
    for first in range(0, 9000, 100):
        do(world, WRITE, np.arange(first, first + 100))
        m.vm[0].now += 10**9
    hold(m, np.flatnonzero(m.page.where[:9000] == IN_MEMORY))
    m.vm[0].closed = 0
    while do(world, WRITE, np.flatnonzero(m.page.where[9000:30000] == ABSENT)[:1] + 9000) == (0, 0):
        pass
    m.vm[0].closed = 1
    hold(m, 9000 + np.flatnonzero(m.page.where[9000:30000] == IN_MEMORY))
    swapped = np.flatnonzero(m.page.where[:9000] == IN_SWAP)
    m.vm[0].failed, m.vm[0].readahead_hits = 0, 6
    return world, int(swapped[np.argmax(m.page.slot[swapped] % 8 == 4)])


def test_a_neighbour_whose_task_is_killed_is_not_brought_back():
    """All is one task's: the first neighbour's frame is found by killing it, and then nobody wants it."""
    world, asked = _swapped_and_full(0)
    _, m = world
    do(world, TOUCH, asked)
    assert m.vm[0].oom_kill > 0
    assert (m.page.where[:30000] == ABSENT).all()
    assert m.vm[0].failed == 0  # it was given up, not refused


def test_neighbours_do_not_drive_out_the_page_that_was_asked_for():
    """Nobody can be killed, and nothing is free but what the page asked for itself gets."""
    world, asked = _swapped_and_full(-1)
    _, m = world
    for held in np.flatnonzero(m.page.where[9000:30000] == IN_MEMORY)[:3] + 9000:
        do(world, RELEASE, held)
    assert do(world, TOUCH, asked) == (0, 0)
    assert m.page.where[asked] == IN_MEMORY
