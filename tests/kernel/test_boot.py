"""Boot and activation, against vectors computed by hand from the kernel's rules."""

import pytest

from tests.machines import ALLOC, KERNEL, MASKS, MOVABLE, act, bare, lists
from zonecma.kernel import boot
from zonecma.kernel.migratetype import MIGRATE_CMA, MIGRATE_MOVABLE
from zonecma.kernel.rules import NEWEST, RULES
from zonecma.kernel.units import Pfn
from zonecma.kernel.validate import validate
from zonecma.placement import HalfFree
from zonecma.placement.tables import fill_tables

M, C = int(MIGRATE_MOVABLE), int(MIGRATE_CMA)


each_series = pytest.mark.parametrize("rules", RULES.values(), ids=RULES)


def booted_from_memblock(rules=NEWEST):
    state = bare(0x2400, rules=rules)
    boot.memblock_free_pages(state, Pfn(0x100), Pfn(0x2300))
    fill_tables(state, HalfFree(), MASKS)
    return state


def test_boot_appends_so_that_low_addresses_come_first():
    state = booted_from_memblock()
    assert lists(state) == {
        (10, M): [0x400, 0x800, 0xC00, 0x1000, 0x1400, 0x1800, 0x1C00],
        (9, M): [0x200, 0x2000],
        (8, M): [0x100, 0x2200],
    }
    validate(state)


def test_boot_of_4_7_prepends_so_that_high_addresses_come_first():
    state = booted_from_memblock(RULES["4.7"])
    assert lists(state) == {
        (10, M): [0x1C00, 0x1800, 0x1400, 0x1000, 0xC00, 0x800, 0x400],
        (9, M): [0x2000, 0x200],
        (8, M): [0x100, 0x2200],  # to the tail: 2200 and its pair would merge with 2000
    }
    assert act(state, ALLOC, 0, MOVABLE, 9, -1) == 0x2000
    assert act(state, ALLOC, 0, MOVABLE, 10, -1) == 0x1C00
    validate(state)


@each_series
def test_first_pages_are_the_lowest(rules):
    state = booted_from_memblock(rules)
    assert [act(state, ALLOC, 0, MOVABLE, 0, -1) for _ in range(3)] == [0x100, 0x101, 0x102]


def test_first_chunk_of_each_order():
    assert act(booted_from_memblock(), ALLOC, 0, MOVABLE, 9, -1) == 0x200
    assert act(booted_from_memblock(), ALLOC, 0, MOVABLE, 10, -1) == 0x400


@each_series
def test_activated_area_is_a_descending_list(rules):
    state = bare(0x5000, rules=rules, nr_areas=0)
    for start in range(0x4000, 0x5000, 512):
        boot.init_cma_reserved_pageblock(state, Pfn(start), MIGRATE_CMA)
    assert lists(state) == {(10, C): [0x4C00, 0x4800, 0x4400, 0x4000]}
    fill_tables(state, HalfFree(), MASKS)
    assert [act(state, ALLOC, 0, MOVABLE, 0, -1) for _ in range(3)] == [0x4C00, 0x4C01, 0x4C02]
    assert act(state, ALLOC, 0, KERNEL, 0, -1) == -1  # CMA is for movable requests alone
    validate(state)


@each_series
@pytest.mark.parametrize("pageblock_order", [10, 11])
def test_a_pageblock_may_be_as_large_as_a_chunk_or_larger(rules, pageblock_order):
    state = bare(0x5000, rules=rules, pageblock_order=pageblock_order)
    for start in range(0x4000, 0x5000, 1 << pageblock_order):
        boot.init_cma_reserved_pageblock(state, Pfn(start), MIGRATE_CMA)
    assert lists(state) == {(10, C): [0x4C00, 0x4800, 0x4400, 0x4000]}
    validate(state)
