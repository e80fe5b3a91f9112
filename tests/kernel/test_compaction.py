"""Compaction's fast searches: what they look at, and how they turn the free lists."""

import pytest

from tests.machines import bare
from zonecma.kernel import boot
from zonecma.kernel.buddy import free_one_page
from zonecma.kernel.compaction import (
    begin_search,
    fast_find_migrateblock,
    fast_isolate_freepages,
    isolate_free_page,
)
from zonecma.kernel.jit import from_python
from zonecma.kernel.lists import HEAD, free_list, list_first
from zonecma.kernel.migratetype import MIGRATE_MOVABLE, MIGRATE_UNMOVABLE
from zonecma.kernel.pageblock import set_pageblock_migratetype
from zonecma.kernel.units import Order, Pfn
from zonecma.kernel.zone import ZONE_NORMAL

begin, find, search, isolate, free = (
    from_python(one)
    for one in (
        begin_search,
        fast_find_migrateblock,
        fast_isolate_freepages,
        isolate_free_page,
        free_one_page,
    )
)
heads, first_of, set_type = (from_python(one) for one in (free_list, list_first, set_pageblock_migratetype))


@pytest.fixture
def state():
    """Chunks of order 3, the list's first one freed last, in three pageblocks."""
    state = bare()
    for block in (0x400, 0x800, 0xC00):
        set_type(state, Pfn(block), MIGRATE_MOVABLE)
    for pfn in (0x410, 0x810, 0xC10, 0x420):
        free(state, Pfn(pfn), ZONE_NORMAL, Order(3), MIGRATE_MOVABLE, HEAD)
    begin(state, Order(9))
    return state


def listed(state, order=3):
    head = heads(state, ZONE_NORMAL, Order(order), MIGRATE_MOVABLE)
    pfn, found = first_of(state, head), []
    while pfn != head:
        found.append(int(pfn))
        pfn = int(state.frame[pfn].next)
    return found


def test_a_search_for_targets_goes_from_the_end_and_lets_the_list_begin_with_what_it_found(state):
    assert listed(state) == [0x420, 0xC10, 0x810, 0x410]
    search(state, Order(9), Pfn(0x0), Pfn(0x1000))
    assert listed(state) == [0xC10, 0x810, 0x410, 0x420]
    assert state.conf.compact_search_order == 3


def test_a_search_that_finds_nothing_leaves_the_list_and_is_counted(state):
    search(state, Order(9), Pfn(0x1000), Pfn(0x2000))
    assert listed(state) == [0x420, 0xC10, 0x810, 0x410]
    assert state.conf.compact_search_fail == 1


def test_the_pageblock_to_empty_was_found_by_its_first_chunk_which_then_ends_the_list(state):
    start = Pfn(int(state.zone[ZONE_NORMAL].start_pfn))
    find(state, Order(9), start, Pfn(0x2000), Pfn(0x800))
    assert listed(state) == [0x410, 0x420, 0xC10, 0x810]
    assert state.conf.compact_search_fail == 0


def test_small_orders_and_continued_pageblocks_are_not_searched_for(state):
    for order, migrate_pfn in ((3, 0x0), (9, 0x420)):
        find(state, Order(order), Pfn(migrate_pfn), Pfn(0x2000), Pfn(0x800))
    assert listed(state) == [0x420, 0xC10, 0x810, 0x410]


def test_half_a_pageblock_taken_makes_the_pageblock_movable():
    state = bare()
    boot.init_cma_reserved_pageblock(state, Pfn(0x400), MIGRATE_UNMOVABLE)
    isolate(state, Pfn(0x500), Order(8))
    assert state.block[0x400 >> 9] == MIGRATE_MOVABLE
    assert listed(state, 8) == [0x400]
