"""Watermark arithmetic, against sums done by hand."""

import pytest

from tests.machines import bare
from zonecma.kernel import alloc_flags as flags
from zonecma.kernel import boot
from zonecma.kernel.buddy import rmqueue_smallest
from zonecma.kernel.jit import from_python
from zonecma.kernel.migratetype import MIGRATE_CMA, MIGRATE_MOVABLE
from zonecma.kernel.units import AllocFlags, Order, Pfn
from zonecma.kernel.watermark import zone_watermark_fast, zone_watermark_ok
from zonecma.kernel.zone import ZONE_MOVABLE, ZONE_NORMAL

ok = from_python(zone_watermark_ok)
fast = from_python(zone_watermark_fast)
NONE = flags.NO_ALLOC_FLAGS


@pytest.fixture
def state():
    """1024 free pages, 512 of them CMA, in single pageblocks."""
    state = bare()
    boot.init_cma_reserved_pageblock(state, Pfn(0x400), MIGRATE_CMA)
    boot.init_cma_reserved_pageblock(state, Pfn(0x800), MIGRATE_MOVABLE)
    return state


def passes(state, mark, alloc_flags=NONE, order=0, check=ok):
    return check(state, ZONE_NORMAL, Order(order), mark, ZONE_NORMAL, AllocFlags(alloc_flags))


def test_free_cma_counts_only_for_those_who_may_use_it(state):
    assert passes(state, 1023, flags.ALLOC_COUNT_CMA)
    assert not passes(state, 1024, flags.ALLOC_COUNT_CMA)
    assert passes(state, 511)
    assert not passes(state, 512)


def test_reserves_come_off_the_mark_one_after_the_other(state):
    # 900 - 450 = 450, less a quarter of that (integer division): 338
    state.zone[ZONE_NORMAL].nr_free_cma = 1024 - 339
    atomic = flags.ALLOC_MIN_RESERVE | flags.ALLOC_NON_BLOCK
    assert passes(state, 900, atomic)
    assert not passes(state, 902, atomic)
    assert not passes(state, 900, flags.ALLOC_MIN_RESERVE)


def test_lowmem_reserve_is_added(state):
    state.zone[ZONE_NORMAL].lowmem_reserve[ZONE_MOVABLE] = 100
    check = ok(state, ZONE_NORMAL, Order(0), 411, ZONE_MOVABLE, NONE)
    assert check
    assert not ok(state, ZONE_NORMAL, Order(0), 412, ZONE_MOVABLE, NONE)


def test_high_orders_need_a_chunk_they_can_have(state):
    assert passes(state, 0, order=9)
    assert not passes(state, 0, order=10)
    from_python(rmqueue_smallest)(state, ZONE_NORMAL, Order(9), MIGRATE_MOVABLE)
    assert not passes(state, 0, order=9)
    cma = flags.ALLOC_CMA | flags.ALLOC_COUNT_CMA
    assert passes(state, 0, cma, order=9)


def test_single_pages_for_high_priority_ignore_the_boost_at_the_minimum(state):
    record = state.zone[ZONE_NORMAL]
    record.watermark[0], record.watermark_boost = 100, 5000
    assert not passes(state, 5100, check=fast)
    assert passes(state, 5100, flags.ALLOC_MIN_RESERVE, check=fast)
    assert not passes(state, 5100, flags.ALLOC_MIN_RESERVE, order=1, check=fast)


def test_harder_takes_a_quarter_with_or_without_the_half(state):
    # 512 pages count.  681 - 170 = 511, 682 - 170 = 512; twice the mark where half of it comes off first.
    both = flags.ALLOC_HARDER | flags.ALLOC_MIN_RESERVE
    assert passes(state, 681, flags.ALLOC_HARDER)
    assert not passes(state, 682, flags.ALLOC_HARDER)
    assert passes(state, 2 * 681, both)
    assert not passes(state, 2 * 682, both)


def test_harder_takes_any_list_for_a_chunk(state):
    from_python(rmqueue_smallest)(state, ZONE_NORMAL, Order(9), MIGRATE_MOVABLE)
    state.zone[ZONE_NORMAL].nr_free_cma = 0
    assert not passes(state, 0, order=9)
    assert passes(state, 0, flags.ALLOC_HARDER, order=9)
