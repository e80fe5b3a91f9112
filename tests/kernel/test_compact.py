"""Direct compaction: a request of a higher order moves pages until a chunk is free."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernel.closed import RELEASE, TOUCH, WRITE, check, do, hold, machine
from tests.machines import KERNEL, MOVABLE
from zonecma.kernel.compact_hints import (
    compaction_defer_reset,
    compaction_deferred,
    defer_compaction,
    reset_isolation_suitable,
)
from zonecma.kernel.compact_suitable import fragmentation_index
from zonecma.kernel.free import free_pages
from zonecma.kernel.jit import entry
from zonecma.kernel.memory import BLOCKDEV, WRITEBACK
from zonecma.kernel.migratetype import MIGRATE_UNMOVABLE
from zonecma.kernel.pcp import drain_all_zones
from zonecma.kernel.rules import RULES
from zonecma.kernel.slowpath import alloc_pages_reclaim
from zonecma.kernel.units import Cpu, Order, Pfn, User, ZoneIndex
from zonecma.kernel.zone import ZONE_DMA32
from zonecma.lab.memory import empty_memory
from zonecma.machine.costs import read_costs

ALL_RULES = pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
BLOCK, FRAMES = 512, 16384
HUGE = 9
REQUEST, DRAIN, INDEX, DEFER, DEFERRED, RESET, FLUSH = range(7)


@entry
def _act(s, m, what, user, order):
    """One compiled door to what these tests call."""
    if what == REQUEST:
        return alloc_pages_reclaim(s, m, Cpu(0), User(user), Order(order))
    if what == INDEX:
        return fragmentation_index(s, ZoneIndex(ZONE_DMA32), Order(order))
    if what == DRAIN:
        drain_all_zones(s)
    elif what == DEFER:
        defer_compaction(m, ZoneIndex(ZONE_DMA32), Order(order))
    elif what == DEFERRED:
        return 1 if compaction_deferred(m, ZoneIndex(ZONE_DMA32), Order(order)) else 0
    elif what == RESET:
        compaction_defer_reset(m, ZoneIndex(ZONE_DMA32), Order(order), True)
    elif what == FLUSH:
        reset_isolation_suitable(s, m)
    return 0


@entry
def _free(s, pfn, order):
    free_pages(s, Cpu(0), Pfn(pfn), Order(order))


def ask(world, user=MOVABLE, order=HUGE):
    return int(_act(*world, REQUEST, user, order))


def holders(world, every=1):
    """The objects in frames whose number is a multiple of ``every``."""
    pfn = world[0].object_pfn
    return np.flatnonzero((pfn >= 0) & (pfn % every == 0))


def fragmented(rules, closed=True):
    """Memory filled up to its marks, and every frame with an odd number free again: single frames alone."""
    world = s, m = machine(FRAMES, 0, rules=rules, closed=False)
    if not rules.pcp_high_orders:
        s.pcp.batch[:], s.pcp.high[:] = 31, 186  # as on a larger machine
    do(world, TOUCH, np.arange(FRAMES))
    do(world, RELEASE, np.flatnonzero(s.object_pfn % 2 == 1))
    _act(*world, DRAIN, 0, 0)
    for order in range(HUGE, 0, -1):
        while ask(world, order=order) >= 0:
            pass
    _act(*world, DRAIN, 0, 0)
    m.vm[0].closed, m.vm[0].now = closed, 0
    return world


@ALL_RULES
def test_a_pageblock_is_emptied_for_a_huge_page(rules):
    """256 pages of the first pageblock move to the free frames of the last, and none else."""
    world = s, m = fragmented(rules)
    first = np.flatnonzero((s.object_pfn >= 0) & (s.object_pfn < BLOCK))
    assert len(first) == BLOCK // 2
    assert ask(world) == 0
    vm = m.vm[0]
    assert (vm.compact_stall, vm.compact_success, vm.compact_fail, vm.allocstall) == (1, 1, 0, 0)
    assert vm.pgmigrate_success == BLOCK // 2
    assert (s.object_pfn[first] >= FRAMES - BLOCK).all()
    check(world)


@ALL_RULES
def test_it_takes_what_is_scanned_and_moved(rules):
    """Half a pageblock scanned twice over: once from below, once from above; half of it moved."""
    world = _, m = fragmented(rules)
    costs, vm = read_costs(), m.vm[0]
    ask(world)
    assert vm.compact_migrate_scanned == BLOCK
    assert BLOCK - 1 <= vm.compact_free_scanned <= BLOCK
    scanned = int(vm.compact_migrate_scanned + vm.compact_free_scanned)
    assert vm.stall_ns == scanned * costs["compact_page"] + BLOCK // 2 * costs["migrate_page"]


@ALL_RULES
def test_one_unmovable_page_a_pageblock_spoils_it(rules):
    world = s, m = fragmented(rules)
    s.frame.user[s.object_pfn[holders(world, BLOCK)]] = KERNEL
    stays = s.object_pfn[holders(world, BLOCK)].copy()
    assert ask(world) < 0
    assert (m.vm[0].compact_success, m.vm[0].oom_kill) == (0, 0)
    assert m.vm[0].compact_fail >= 1
    assert (s.frame.object[stays] >= 0).all()
    check(world)


@ALL_RULES
@pytest.mark.parametrize("written", [False, True])
def test_pages_that_are_held_or_written_stay(rules, written):
    world = s, m = fragmented(rules)
    busy = holders(world, BLOCK)
    if written:
        m.page.page_flags[busy] |= WRITEBACK
        m.vm[0].nr_writeback = len(busy)
    else:
        hold(m, busy)
    before = s.object_pfn[busy].copy()
    assert ask(world) < 0
    assert np.array_equal(s.object_pfn[busy], before)
    check(world)


@ALL_RULES
def test_buffers_that_cpus_remember_are_forgotten_where_they_can_move(rules):
    """buffer_migrate_folio_norefs() empties the caches and looks again; 4.7 can't release the buffers."""
    world = s, m = fragmented(rules)
    remembered = np.array(sorted(holders(world, BLOCK), key=s.object_pfn.__getitem__))[:16]
    m.page.kind[remembered] = BLOCKDEV
    do(world, TOUCH, remembered)
    before = s.object_pfn[remembered].copy()
    assert ask(world) == (0 if rules.migrates_buffers else 16 * BLOCK)
    assert (s.object_pfn[remembered] != before).sum() == rules.migrates_buffers
    assert (m.buffer_heads == -1).all() == rules.migrates_buffers
    check(world)


@ALL_RULES
def test_dirty_buffers_stay_where_they_would_have_to_be_written(rules):
    """fallback_migrate_page() writes for MIGRATE_SYNC alone."""
    world = _, m = fragmented(rules)
    dirty = holders(world, BLOCK)
    m.page.kind[dirty] = BLOCKDEV
    do(world, WRITE, dirty)
    m.buffer_heads[:] = -1
    assert (ask(world) >= 0) == rules.migrates_buffers
    assert m.vm[0].pgpgout == 0
    check(world)


@ALL_RULES
def test_an_open_loop_moves_nothing(rules):
    world = s, m = fragmented(rules, closed=False)
    before = s.object_pfn.copy()
    assert ask(world) < 0
    assert np.array_equal(s.object_pfn, before)
    assert m.vm[0].compact_stall == 0


@ALL_RULES
def test_kernel_memory_first_looks_at_its_own_pageblocks(rules):
    """None is unmovable here: since 4.12 it takes a second compaction, one that waits."""
    world = _, m = fragmented(rules)
    assert ask(world, KERNEL) == 0
    assert (m.vm[0].compact_success, m.vm[0].compact_fail) == (1, 1 if rules.compacts_by_type else 0)
    check(world)


@ALL_RULES
def test_no_targets_are_taken_in_unmovable_pageblocks(rules):
    """The last pageblock is passed over: the one below takes the pages."""
    world = s, _ = fragmented(rules)
    first = np.flatnonzero((s.object_pfn >= 0) & (s.object_pfn < BLOCK))
    s.block[-1] = MIGRATE_UNMOVABLE
    _move_free_chunks_of_last_block(s)
    assert ask(world) == 0
    inside = (s.object_pfn[first] >= FRAMES - 2 * BLOCK) & (s.object_pfn[first] < FRAMES - BLOCK)
    assert inside.all()


def _move_free_chunks_of_last_block(s):
    """Its free frames are in use by nobody, so that no list holds what its type forbids."""
    for pfn in range(FRAMES - BLOCK + 1, FRAMES, 2):
        frame = s.frame[pfn]
        s.frame.next[frame.prev], s.frame.prev[frame.next] = frame.next, frame.prev
        s.frame.where[pfn] = 0
        s.zone[ZONE_DMA32].nr_free[0] -= 1
        s.zone[ZONE_DMA32].nr_free_pages -= 1
        s.zone[ZONE_DMA32].nr_free_cma -= 1


def test_small_movable_requests_reclaim_before_they_compact():
    """Since 4.8; the kernel's own compact first, in vain: there are no pageblocks of their type."""
    world = _, m = fragmented(RULES["6.12"])
    assert ask(world, MOVABLE, 2) >= 0
    assert (m.vm[0].allocstall, m.vm[0].compact_fail, m.vm[0].compact_success) == (1, 0, 1)
    other = _, n = fragmented(RULES["6.12"])
    assert ask(other, KERNEL, 2) >= 0
    assert (n.vm[0].allocstall, n.vm[0].compact_fail, n.vm[0].compact_success) == (1, 1, 1)
    older = _, o = fragmented(RULES["4.7"])
    assert ask(older, MOVABLE, 2) >= 0
    assert (o.vm[0].allocstall, o.vm[0].compact_success) == (0, 1)


def test_failures_put_the_next_attempts_off():
    """Of 1, 3, 7 attempts none is made after the first, second, third failure; success ends it."""
    s, _ = machine(10, 0)
    m = empty_memory(s, 10)
    put_off = []
    for _ in range(3):
        _act(s, m, DEFER, 0, HUGE)
        count = 0
        while _act(s, m, DEFERRED, 0, HUGE):
            count += 1
        put_off.append(count)
    assert put_off == [1, 3, 7]
    _act(s, m, DEFER, 0, HUGE)
    _act(s, m, RESET, 0, HUGE)
    assert not _act(s, m, DEFERRED, 0, HUGE)


def test_a_lower_order_is_tried_where_a_higher_one_failed():
    s, _ = machine(10, 0)
    m = empty_memory(s, 10)
    m.compact.order_failed[ZONE_DMA32] = HUGE
    _act(s, m, DEFER, 0, HUGE)
    assert not _act(s, m, DEFERRED, 0, HUGE - 1)
    assert _act(s, m, DEFERRED, 0, HUGE)


@pytest.mark.parametrize(
    ("free", "index"),
    [
        ({0: 1000}, 998),  # 1000 - (1000 + 1000 * 1000 // 512) // 1000
        ({8: 2}, 0),  # 1000 - (1000 + 512 * 1000 // 512) // 2
        ({9: 1}, -1000),
        ({}, 0),
    ],
)
def test_fragmentation_index(free, index):
    world = s, _ = machine(10, 0)
    s.zone[ZONE_DMA32].nr_free[:] = 0
    for order, chunks in free.items():
        s.zone[ZONE_DMA32].nr_free[order] = chunks
    assert _act(*world, INDEX, 0, HUGE) == index


def test_kswapd_lets_all_pageblocks_be_looked_at_anew():
    """When the scanners have met, and no request was served since."""
    world = s, m = fragmented(RULES["6.12"])
    s.frame.user[s.object_pfn[holders(world, BLOCK)]] = KERNEL
    ask(world)
    assert m.compact.blockskip_flush[ZONE_DMA32] == 1
    assert m.skip.any()
    _act(*world, FLUSH, 0, 0)
    assert not m.skip.any()
    assert m.compact.migrate_pfn[ZONE_DMA32].tolist() == [0, 0]


_STEPS = st.lists(
    st.tuples(
        st.sampled_from([TOUCH, WRITE, RELEASE]),
        st.integers(0, 11),
        st.integers(1, 900),
        st.sampled_from([MOVABLE, KERNEL]),
        st.integers(1, 9),
    ),
    max_size=40,
)


@ALL_RULES
@settings(max_examples=15, deadline=None)
@given(steps=_STEPS, seed=st.integers(0, 5))
def test_nothing_is_lost_or_doubled(rules, steps, seed):
    """Objects come and go between requests of all orders, each of which is given back some steps later."""
    world = s, _ = machine(8000, 4000, mib=32, cma_mib=8, swap_pages=4000, rules=rules)
    rng, chunks = np.random.default_rng(seed), []
    for what, thousand, count, user, order in steps:
        do(world, what, thousand * 1000 + rng.integers(0, 1000, count))
        pfn = ask(world, user, order)
        chunks += [(pfn, order)] if pfn >= 0 else []
        if len(chunks) > 3:
            _free(s, *chunks.pop(0))
    for chunk in chunks:
        _free(s, *chunk)
    check(world)
