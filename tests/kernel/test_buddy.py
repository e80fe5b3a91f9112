"""Freeing and merging, against vectors computed by hand."""

import pytest

from tests.machines import bare, lists
from zonecma.kernel.buddy import free_one_page, rmqueue_smallest
from zonecma.kernel.jit import from_python
from zonecma.kernel.lists import HEAD, TAIL
from zonecma.kernel.migratetype import MIGRATE_CMA, MIGRATE_ISOLATE, MIGRATE_MOVABLE, MIGRATE_UNMOVABLE
from zonecma.kernel.rules import RULES
from zonecma.kernel.units import Order, Pfn
from zonecma.kernel.validate import validate
from zonecma.kernel.zone import ZONE_NORMAL

M, C, U = int(MIGRATE_MOVABLE), int(MIGRATE_CMA), int(MIGRATE_UNMOVABLE)
smallest = from_python(rmqueue_smallest)
_free = from_python(free_one_page)


def free(state, pfn, order=0, migratetype=MIGRATE_MOVABLE, tail=HEAD):
    _free(state, Pfn(pfn), ZONE_NORMAL, Order(order), migratetype, tail)


each_series = pytest.mark.parametrize("rules", RULES.values(), ids=RULES)


@each_series
def test_a_chunk_goes_to_the_tail_when_its_pair_may_soon_merge(rules):
    state = bare(rules=rules)
    free(state, 0x2000)
    free(state, 0x1002, order=1)
    free(state, 0x1000)  # its pair 1001 is used, but the order-1 chunk beside both is free
    assert lists(state)[0, M] == [0x2000, 0x1000]


@each_series
def test_a_chunk_goes_to_the_head_otherwise(rules):
    state = bare(rules=rules)
    free(state, 0x2000)
    free(state, 0x1000)
    assert lists(state)[0, M] == [0x1000, 0x2000]


def test_to_tail_overrides():
    state = bare()
    free(state, 0x2000)
    free(state, 0x1000, tail=TAIL)
    assert lists(state)[0, M] == [0x2000, 0x1000]


@each_series
def test_merging_goes_up_to_the_largest_order(rules):
    state = bare(rules=rules)
    for pfn in range(0x400, 0x800):
        free(state, pfn)
    assert lists(state) == {(10, M): [0x400]}
    validate(state)


def test_whole_blocks_of_mergeable_types_take_the_freed_type():
    state = bare()
    state.block[2], state.block[3] = U, M
    free(state, 0x400, order=9, migratetype=MIGRATE_UNMOVABLE)
    free(state, 0x600, order=9)
    assert lists(state) == {(10, M): [0x400]}
    assert state.block[2] == state.block[3] == M


def test_cma_never_merges_with_others():
    state = bare()
    state.block[2] = C
    free(state, 0x400, order=9, migratetype=MIGRATE_CMA)
    free(state, 0x600, order=9)
    assert lists(state) == {(9, C): [0x400], (9, M): [0x600]}
    assert state.zone[ZONE_NORMAL].nr_free_cma == 512
    validate(state)


@each_series
def test_isolated_pageblocks_never_merge_with_others(rules):
    state = bare(rules=rules)
    state.block[2] = int(MIGRATE_ISOLATE)
    free(state, 0x400, order=9, migratetype=MIGRATE_ISOLATE)
    free(state, 0x600, order=9)
    assert lists(state) == {(9, int(MIGRATE_ISOLATE)): [0x400], (9, M): [0x600]}
    assert state.zone[ZONE_NORMAL].nr_free_pages == 512
    validate(state)


def test_chunks_of_another_zone_do_not_merge():
    state = bare()
    state.frame.zone[0x1001] = ZONE_NORMAL - 1
    free(state, 0x1000)
    state.frame.where[0x1001] = 1  # as if free in its own zone
    free(state, 0x1002)
    assert lists(state)[0, M] == [0x1002, 0x1000]


def test_splitting_returns_the_lowest_part_and_hangs_upper_halves_at_the_heads():
    state = bare()
    free(state, 0x800, order=3)
    free(state, 0x1001)
    free(state, 0x1003)
    assert smallest(state, ZONE_NORMAL, Order(1), MIGRATE_MOVABLE) == 0x800
    assert lists(state) == {(0, M): [0x1003, 0x1001], (1, M): [0x802], (2, M): [0x804]}


def test_the_smallest_sufficient_chunk_is_taken_from_its_lists_head():
    state = bare()
    free(state, 0x800, order=2)
    free(state, 0x900, order=2)
    free(state, 0xA00, order=5)
    assert smallest(state, ZONE_NORMAL, Order(2), MIGRATE_MOVABLE) == 0x900
    assert smallest(state, ZONE_NORMAL, Order(2), MIGRATE_UNMOVABLE) == -1
