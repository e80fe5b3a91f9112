"""Boot and activation, against vectors computed by hand from the kernel's rules."""

from tests.machines import ALLOC, KERNEL, MASKS, MOVABLE, act, bare, lists
from zonecma.kernel import boot
from zonecma.kernel.migratetype import MIGRATE_CMA, MIGRATE_MOVABLE
from zonecma.kernel.units import Pfn
from zonecma.kernel.validate import validate
from zonecma.placement import HalfFree
from zonecma.placement.tables import fill_tables

M, C = int(MIGRATE_MOVABLE), int(MIGRATE_CMA)


def booted_from_memblock():
    state = bare(0x2400)
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


def test_first_pages_are_the_lowest():
    state = booted_from_memblock()
    assert [act(state, ALLOC, 0, MOVABLE, 0, -1) for _ in range(3)] == [0x100, 0x101, 0x102]


def test_first_chunk_of_each_order():
    assert act(booted_from_memblock(), ALLOC, 0, MOVABLE, 9, -1) == 0x200
    assert act(booted_from_memblock(), ALLOC, 0, MOVABLE, 10, -1) == 0x400


def test_activated_area_is_a_descending_list():
    state = bare(0x5000, nr_areas=0)
    for start in range(0x4000, 0x5000, 512):
        boot.init_cma_reserved_pageblock(state, Pfn(start), MIGRATE_CMA)
    assert lists(state) == {(10, C): [0x4C00, 0x4800, 0x4400, 0x4000]}
    fill_tables(state, HalfFree(), MASKS)
    assert [act(state, ALLOC, 0, MOVABLE, 0, -1) for _ in range(3)] == [0x4C00, 0x4C01, 0x4C02]
    assert act(state, ALLOC, 0, KERNEL, 0, -1) == -1  # CMA is for movable requests alone
    validate(state)
