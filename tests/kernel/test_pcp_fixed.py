"""Per-cpu lists of fixed size: 4.7 (single frames, two ends, drained in turn) and 6.1."""

import numpy as np
import pytest

from tests.machines import (
    ALLOC,
    BULK,
    COLD,
    DRAIN,
    FREE_COLD,
    FREE_PAGES,
    KERNEL,
    MASKS,
    MOVABLE,
    PCP_BULK,
    act,
    bare,
    booted,
    lists,
    log,
    pcp,
)
from zonecma.kernel import boot
from zonecma.kernel.migratetype import MIGRATE_CMA, MIGRATE_HIGHATOMIC, MIGRATE_MOVABLE, MIGRATE_UNMOVABLE
from zonecma.kernel.rules import NEWEST, RULES
from zonecma.kernel.tracepoint import MM_PAGE_ALLOC, MM_PAGE_ALLOC_ZONE_LOCKED, MM_PAGE_PCPU_DRAIN
from zonecma.kernel.units import Cpu, Pfn, Pindex
from zonecma.kernel.validate import validate
from zonecma.kernel.zone import ZONE_NORMAL
from zonecma.placement import HalfFree, LastResort
from zonecma.placement.tables import fill_tables

LINUX_4_7 = RULES["4.7"]
U, M, R = (Pindex(i) for i in range(3))


def fill(state, pindex, frames):
    boot.fill_pcp_list(state, ZONE_NORMAL, Cpu(0), pindex, np.array(frames))


def logged(state, wanted):
    return [pfn for event, pfn, _ in log(state) if event == wanted]


@pytest.fixture
def state():
    """256 free frames, one list after the other, batch 4, high 12."""
    state = bare(rules=LINUX_4_7)
    boot.memblock_free_pages(state, Pfn(0x400), Pfn(0x500))
    fill_tables(state, LastResort(), MASKS)
    state.pcp.batch, state.pcp.high = 4, 12
    return state


def test_drain_in_turn():
    state = bare(rules=LINUX_4_7)
    fill(state, U, [1, 2])
    fill(state, M, [11, 12, 13, 14, 15, 16])
    fill(state, R, [21])
    act(state, PCP_BULK, ZONE_NORMAL, 8, 0, 0)
    assert logged(state, MM_PAGE_PCPU_DRAIN) == [16, 21, 2, 15, 1, 14, 13, 12]
    assert pcp(state) == {(0, int(M)): [11]}


def test_a_full_drain_goes_in_turn_too_and_at_once():
    state = bare(rules=LINUX_4_7)
    fill(state, U, [1, 2])
    fill(state, M, [11, 12])
    act(state, DRAIN, 0, 0, 0, 0)  # M, then past R one step more: two of U, then M has all that is left
    assert logged(state, MM_PAGE_PCPU_DRAIN) == [12, 2, 1, 11]
    assert not pcp(state)


def test_a_refill_is_a_batch_and_comes_in_order(state):
    assert [act(state, ALLOC, 0, MOVABLE, 0, -1) for _ in range(4)] == [0x400, 0x401, 0x402, 0x403]
    assert not pcp(state)
    act(state, ALLOC, 0, MOVABLE, 0, -1)
    assert logged(state, MM_PAGE_ALLOC_ZONE_LOCKED) == [0x404, 0x405, 0x406, 0x407]
    assert pcp(state) == {(0, int(M)): [0x405, 0x406, 0x407]}


def test_a_cold_refill_hangs_the_other_way_round(state):
    assert act(state, ALLOC, 0, COLD, 0, -1) == 0x400
    assert pcp(state) == {(0, int(M)): [0x403, 0x402, 0x401]}
    assert act(state, ALLOC, 0, COLD, 0, -1) == 0x401
    assert act(state, ALLOC, 0, MOVABLE, 0, -1) == 0x403


def test_cold_pages_wait_at_the_tail(state):
    hot, cold = (act(state, ALLOC, 0, MOVABLE, 0, -1) for _ in range(2))
    act(state, FREE_PAGES, 0, hot, 0, 0)
    act(state, FREE_COLD, 0, cold, 0, 0)
    assert pcp(state) == {(0, int(M)): [hot, 0x402, 0x403, cold]}
    assert act(state, ALLOC, 0, COLD, 0, -1) == cold
    assert act(state, ALLOC, 0, MOVABLE, 0, -1) == hot


def test_other_kernels_know_no_cold_pages():
    state = booted(rules=NEWEST)
    first, second = (act(state, ALLOC, 0, COLD, 0, -1) for _ in range(2))
    assert second == first + 1
    act(state, FREE_COLD, 0, first, 0, 0)
    assert pcp(state)[0, 1][0] == first


def test_a_batch_leaves_when_high_is_reached(state):
    frames = [act(state, ALLOC, 0, MOVABLE, 0, -1) for _ in range(12)]
    for pfn in frames[:-1]:
        act(state, FREE_PAGES, 0, pfn, 0, 0)
        assert not logged(state, MM_PAGE_PCPU_DRAIN)
    act(state, FREE_PAGES, 0, frames[-1], 0, 0)
    assert logged(state, MM_PAGE_PCPU_DRAIN) == frames[:4]  # the oldest
    assert state.pcp[ZONE_NORMAL, 0].count == 8
    validate(state)


def test_high_orders_have_no_list(state):
    pfn = act(state, ALLOC, 0, KERNEL, 1, -1)
    assert not pcp(state)
    act(state, FREE_PAGES, 0, pfn, 1, 0)
    assert not pcp(state)
    assert lists(state) == {(8, int(MIGRATE_UNMOVABLE)): [0x400]}  # taken over whole: half a pageblock
    validate(state)


def test_frames_return_to_the_list_they_came_from():
    state = bare(rules=LINUX_4_7)
    fill(state, U, [0x401])  # in a movable pageblock: taken by fallback
    fill(state, M, [0x403])
    act(state, DRAIN, 0, 0, 0, 0)
    assert lists(state) == {(0, int(MIGRATE_UNMOVABLE)): [0x401], (0, int(MIGRATE_MOVABLE)): [0x403]}
    validate(state)


@pytest.mark.parametrize("block_type", [MIGRATE_CMA, MIGRATE_HIGHATOMIC])
def test_cma_and_highatomic_frames_wait_on_the_movable_list_and_return_to_their_own(block_type):
    state = bare(rules=LINUX_4_7)
    state.block[2] = block_type
    fill(state, M, [0x401])
    act(state, DRAIN, 0, 0, 0, 0)
    assert lists(state) == {(0, int(block_type)): [0x401]}
    validate(state)


def test_while_pageblocks_are_isolated_the_type_is_read_anew():
    state = bare(rules=LINUX_4_7)
    state.zone[ZONE_NORMAL].nr_isolate_pageblock = 1
    fill(state, U, [0x401])
    act(state, DRAIN, 0, 0, 0, 0)
    assert lists(state) == {(0, int(MIGRATE_MOVABLE)): [0x401]}


def test_there_is_no_bulk_interface(state):
    act(state, BULK, 0, KERNEL, 6, 0)
    assert len(logged(state, MM_PAGE_ALLOC)) == 6
    assert len(logged(state, MM_PAGE_ALLOC_ZONE_LOCKED)) == 8  # two refills


def test_cma_comes_after_movable_chunks_and_before_foreign_ones():
    state = bare(rules=LINUX_4_7)
    boot.memblock_free_pages(state, Pfn(0x400), Pfn(0x404))
    boot.init_cma_reserved_pageblock(state, Pfn(0x800), MIGRATE_CMA)
    boot.init_cma_reserved_pageblock(state, Pfn(0xC00), MIGRATE_UNMOVABLE)
    fill_tables(state, LastResort(), MASKS)
    frames = [act(state, ALLOC, 0, MOVABLE, 0, -1) for _ in range(4 + 512 + 1)]
    assert frames == [*range(0x400, 0x404), *range(0x800, 0xA00), 0xC00]
    assert act(state, ALLOC, 0, KERNEL, 0, -1) > 0xC00
    validate(state)


def drains_of_6_1(order, frees):
    """Pages that each of so many frees gives back; batch 4, high 40."""
    state = bare(0x8000, rules=RULES["6.1"])
    state.pcp.batch, state.pcp.high = 4, 40
    sizes = []
    for i in range(frees):
        act(state, FREE_PAGES, 0, 0x400 + (2 * i << order), order, 0)
        sizes.append(sum(1 << order for event, _, order in log(state) if event == MM_PAGE_PCPU_DRAIN))
    validate(state)
    return state, [size for size in sizes if size]


def test_drains_of_6_1_double_up_to_a_batch_below_high():
    state, sizes = drains_of_6_1(0, 200)
    assert sizes[:5] == [4, 8, 16, 32, 36]
    assert state.pcp[ZONE_NORMAL, 0].free_count == 4  # 64 would be too much: it stays


def test_an_allocation_halves_how_drains_of_6_1_grow():
    state, _ = drains_of_6_1(0, 60)
    before = int(state.pcp[ZONE_NORMAL, 0].free_count)
    fill_tables(state, LastResort(), MASKS)
    act(state, ALLOC, 0, MOVABLE, 0, -1)
    assert state.pcp[ZONE_NORMAL, 0].free_count == before >> 1


def test_6_1_keeps_no_high_orders_once_drains_grow():
    state, sizes = drains_of_6_1(1, 21)  # 20 chunks are 40 pages
    assert sizes == [4, 38]
    assert not pcp(state)


def test_a_refill_of_6_1_leaves_the_count_of_free_pages_as_it_was():
    """1024 of 2024 pages are CMA.  To 6.1 half is 1012 all along: 12 of 60 pages are CMA.  Counted at
    once, as in 6.12, half is met after 24; of the other 36 every second one is CMA."""
    taken = {}
    for series in ("6.1", "6.12"):
        state = bare(0x8000, rules=RULES[series])
        boot.init_cma_reserved_pageblock(state, Pfn(0x1000), MIGRATE_CMA)
        boot.init_cma_reserved_pageblock(state, Pfn(0x1400), MIGRATE_CMA)
        boot.memblock_free_pages(state, Pfn(0x400), Pfn(0x7E8))
        fill_tables(state, HalfFree(), MASKS)
        state.pcp.batch = state.pcp.high = state.pcp.high_min = state.pcp.high_max = 60
        act(state, ALLOC, 0, MOVABLE, 0, -1)
        taken[series] = [pfn >= 0x1000 for pfn in logged(state, MM_PAGE_ALLOC_ZONE_LOCKED)].count(True)
    assert taken == {"6.1": 12, "6.12": 24 + 18}
