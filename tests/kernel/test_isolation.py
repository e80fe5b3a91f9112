"""Isolation takes blocks out of use and gives them back."""

import numpy as np

from tests.machines import (
    ALLOC,
    CMA_ALLOC,
    FREE_PAGES,
    ISOLATE,
    MASKS,
    MOVABLE,
    UNISOLATE,
    act,
    bare,
    booted,
    lists,
    log,
    pcp,
)
from zonecma.kernel import boot
from zonecma.kernel.migratetype import MIGRATE_CMA, MIGRATE_ISOLATE, MIGRATE_MOVABLE
from zonecma.kernel.rules import RULES
from zonecma.kernel.tracepoint import MM_PAGE_PCPU_DRAIN
from zonecma.kernel.units import Cpu, Pfn, Pindex
from zonecma.kernel.validate import validate
from zonecma.kernel.zone import ZONE_DMA32, ZONE_NORMAL
from zonecma.placement import LastResort
from zonecma.placement.tables import fill_tables

LINUX_4_7 = RULES["4.7"]
M, C, ISOLATED = int(MIGRATE_MOVABLE), int(MIGRATE_CMA), int(MIGRATE_ISOLATE)


def test_isolated_pages_are_not_free():
    state = booted()
    base, before = int(state.cma[0].base_pfn), int(state.zone[ZONE_DMA32].nr_free_pages)
    assert act(state, ISOLATE, base, base + 1024, C, 0)
    record = state.zone[ZONE_DMA32]
    assert record.nr_free_pages == before - 1024
    assert record.nr_free_cma == state.cma[0].count - 1024
    assert all(block == ISOLATED for block in state.block[base >> 9 : (base + 1024) >> 9])
    validate(state)


def test_undoing_restores_counts_and_merges():
    state = booted()
    base, before = int(state.cma[0].base_pfn), int(state.zone[ZONE_DMA32].nr_free_pages)
    act(state, ISOLATE, base, base + 1024, C, 0)
    act(state, UNISOLATE, base, base + 1024, C, 0)
    assert state.zone[ZONE_DMA32].nr_free_pages == before
    assert base in lists(state)[10, C]
    assert lists(state)[10, C][-1] == base  # given back at the tail
    validate(state)


def test_one_block_of_a_larger_chunk_is_cut_out():
    state = bare()
    boot.memblock_free_pages(state, Pfn(0x400), Pfn(0x800))
    assert act(state, ISOLATE, 0x600, 0x800, M, 0)
    assert lists(state) == {(9, M): [0x400], (9, ISOLATED): [0x600]}
    validate(state)
    act(state, UNISOLATE, 0x600, 0x800, M, 0)
    assert lists(state) == {(10, M): [0x400]}
    validate(state)


def test_what_is_isolated_already_is_refused_and_nothing_changes():
    state = booted()
    base = int(state.cma[0].base_pfn)
    act(state, ISOLATE, base + 1024, base + 1536, C, 0)
    before = lists(state)
    assert not act(state, ISOLATE, base, base + 2048, C, 0)
    assert {key: sorted(frames) for key, frames in lists(state).items()} == {
        key: sorted(frames) for key, frames in before.items()
    }
    validate(state)


def test_ranges_are_rounded_to_blocks():
    state = booted()
    base = int(state.cma[0].base_pfn)
    act(state, ISOLATE, base + 100, base + 600, C, 0)
    assert state.block[base >> 9] == state.block[(base >> 9) + 1] == ISOLATED
    assert state.zone[ZONE_DMA32].nr_free_pages + 1024 == state.zone[ZONE_DMA32].managed


def area_of_4_7():
    """Two chunks of the largest order, all of an area, and a movable one."""
    state = bare(rules=LINUX_4_7)
    boot.memblock_free_pages(state, Pfn(0x400), Pfn(0x800))
    for start in range(0x1000, 0x1800, 512):
        boot.init_cma_reserved_pageblock(state, Pfn(start), MIGRATE_CMA)
    fill_tables(state, LastResort(), MASKS)
    return state


def test_4_7_isolates_whole_chunks_of_the_largest_order():
    state = area_of_4_7()
    assert act(state, ISOLATE, 0x1210, 0x1220, C, 0)
    assert lists(state) == {(10, M): [0x400], (10, C): [0x1400], (10, ISOLATED): [0x1000]}
    assert state.zone[ZONE_NORMAL].nr_isolate_pageblock == 2
    assert state.zone[ZONE_NORMAL].nr_free_cma == 1024
    validate(state)
    act(state, UNISOLATE, 0x1210, 0x1220, C, 0)
    assert lists(state)[10, C] == [0x1000, 0x1400]  # given back at the head
    assert state.zone[ZONE_NORMAL].nr_free_cma == 2048
    assert state.zone[ZONE_NORMAL].nr_isolate_pageblock == 0
    validate(state)


def test_4_7_gives_chunks_back_in_descending_order():
    state = area_of_4_7()
    for _ in range(0x400):
        act(state, ALLOC, 0, MOVABLE, 0, -1)  # all that is movable
    frames = [act(state, ALLOC, 0, MOVABLE, 0, -1) for _ in range(0x400)]
    assert sorted(frames) == list(range(0x1400, 0x1800))
    for pfn in range(0x1401, 0x1800, 4):
        act(state, FREE_PAGES, 0, pfn, 0, 0)
    act(state, ISOLATE, 0x1400, 0x1800, C, 0)
    assert lists(state) == {(10, C): [0x1000], (0, ISOLATED): list(range(0x17FD, 0x1400, -4))}
    act(state, UNISOLATE, 0x1400, 0x1800, C, 0)
    assert lists(state) == {(10, C): [0x1000], (0, C): list(range(0x17FD, 0x1400, -4))}
    validate(state)


def test_4_7_drains_after_each_block():
    state = area_of_4_7()
    state.pcp.high, state.pcp.batch = 100, 10
    boot.fill_pcp_list(state, ZONE_NORMAL, Cpu(0), Pindex(1), np.array([0x900, 0x901]))
    act(state, ISOLATE, 0x1000, 0x1400, C, 0)
    assert not pcp(state)
    assert [pfn for event, pfn, _ in log(state) if event == MM_PAGE_PCPU_DRAIN] == [0x901, 0x900]
    newest = bare()
    boot.init_cma_reserved_pageblock(newest, Pfn(0x1000), MIGRATE_CMA)
    boot.fill_pcp_list(newest, ZONE_NORMAL, Cpu(0), Pindex(1), np.array([0x900]))
    act(newest, ISOLATE, 0x1000, 0x1200, C, 0)
    assert pcp(newest)  # alloc_contig_range drains later


def test_4_7_refuses_what_cannot_be_isolated_and_nothing_stays_isolated():
    state = area_of_4_7()
    state.block[0x1600 >> 9] = ISOLATED
    assert not act(state, ISOLATE, 0x1000, 0x1800, C, 0)
    state.block[0x1600 >> 9] = C
    assert lists(state)[10, C] == [0x1400, 0x1000]
    validate(state)


def test_a_large_page_in_the_range_makes_a_call_of_4_7_fail():
    for rules, fails in ((LINUX_4_7, True), (RULES["6.12"], False)):
        state = booted(mib=32, cma_mib=8, rules=rules, placement=LastResort())
        base = int(state.cma[0].base_pfn)
        number = iter(range(100))
        while act(state, ALLOC, 0, MOVABLE, 9, next(number)) < base:
            pass
        for used in range(3):
            act(state, FREE_PAGES, 0, int(state.object_pfn[used]), 9, 0)
        pfn = act(state, CMA_ALLOC, 0, 0, 2048, 0)
        assert (pfn == -1) == fails
        validate(state)


def test_alignment_in_an_area_whose_base_is_not_aligned():
    """Base 0x2c00, order 12: the next aligned frame is 0x3000; the first that 4.7 takes for one, 0x3800,
    is as far beyond an aligned frame as twice the base is."""
    for rules, expected in ((LINUX_4_7, 0x3800), (RULES["6.12"], 0x3000)):
        state = bare(0x8000, rules=rules, nr_areas=1, nr_bits=0x4000)
        state.cma[0].base_pfn, state.cma[0].count = 0x2C00, 0x4000
        for start in range(0x2C00, 0x6C00, 512):
            boot.init_cma_reserved_pageblock(state, Pfn(start), MIGRATE_CMA)
        assert act(state, CMA_ALLOC, 0, 0, 16, 12) == expected
