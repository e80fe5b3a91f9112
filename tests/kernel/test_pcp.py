"""Per-cpu lists: order of draining, self-tuning of sizes."""

import numpy as np

from tests.machines import (
    ALLOC,
    DECAY,
    DRAIN,
    FREE_PAGES,
    KERNEL,
    MOVABLE,
    PCP_BULK,
    act,
    bare,
    booted,
    log,
    pcp,
)
from zonecma.kernel import boot
from zonecma.kernel.tracepoint import MM_PAGE_ALLOC_ZONE_LOCKED, MM_PAGE_PCPU_DRAIN
from zonecma.kernel.units import Cpu, Pindex
from zonecma.kernel.validate import validate
from zonecma.kernel.zone import ZONE_DMA32, ZONE_NORMAL

U, M, R = (Pindex(i) for i in range(3))


def fill(state, pindex, frames):
    boot.fill_pcp_list(state, ZONE_NORMAL, Cpu(0), pindex, np.array(frames))


def drained(state):
    return [pfn for event, pfn, _ in log(state) if event == MM_PAGE_PCPU_DRAIN]


def refilled(state):
    return sum(event == MM_PAGE_ALLOC_ZONE_LOCKED for event, _, _ in log(state))


def test_bulk_drain_starts_at_the_given_list_and_empties_it_first():
    state = bare()
    fill(state, U, [1, 2])
    fill(state, M, [11, 12, 13])
    fill(state, R, [21])
    act(state, PCP_BULK, ZONE_NORMAL, 5, M, 0)
    assert drained(state) == [13, 12, 11, 21, 2]
    assert pcp(state) == {(0, 0): [1]}
    assert state.pcp[ZONE_NORMAL, 0].count == 1


def test_bulk_drain_counts_base_pages_and_finishes_a_chunk():
    state = bare()
    fill(state, Pindex(3 * 2 + 0), [0x100, 0x200])  # order 2, unmovable
    act(state, PCP_BULK, ZONE_NORMAL, 5, U, 0)
    assert drained(state) == [0x200, 0x100]  # 4 pages are less than 5: one more chunk


def test_consecutive_faults_fetch_ever_larger_batches():
    state = booted(mib=512, cma_mib=0 + 16)
    pcp_record = state.pcp[ZONE_DMA32, 0]
    pcp_record.high_min, pcp_record.high_max = 4000, 8000
    sizes = []
    for _ in range(63 + 126 + 252 + 1):
        act(state, ALLOC, 0, MOVABLE, 0, -1)
        if count := refilled(state):
            sizes.append(count)
    batch = int(pcp_record.batch)
    assert sizes[:4] == [batch, 2 * batch, 4 * batch, 8 * batch][: len(sizes)]
    assert len(sizes) >= 3


def test_a_free_halves_the_next_batch():
    state = booted(mib=512)
    record = state.pcp[ZONE_DMA32, 0]
    record.alloc_factor = 3
    pfn = act(state, ALLOC, 0, KERNEL, 0, -1)
    assert record.alloc_factor == 4  # a refill without a free in between raises it
    act(state, FREE_PAGES, 0, pfn, 0, 0)
    assert record.alloc_factor == 2


def test_high_orders_fetch_at_least_two_chunks():
    state = booted(mib=512)
    act(state, ALLOC, 0, KERNEL, 3, -1)
    batch = int(state.pcp[ZONE_DMA32, 0].batch)
    assert refilled(state) == max(batch >> 3, 2)


def test_cma_pages_wait_on_the_movable_list():
    state = booted()
    base = int(state.cma[0].base_pfn)
    pfn = next(p for p in iter(lambda: act(state, ALLOC, 0, MOVABLE, 0, -1), -1) if p >= base)
    before = len(pcp(state).get((0, 1), []))
    act(state, FREE_PAGES, 0, pfn, 0, 0)
    assert pcp(state)[0, 1][0] == pfn
    assert len(pcp(state)[0, 1]) == before + 1
    validate(state)


def test_the_timer_lowers_high_by_an_eighth_and_drains_what_exceeds_it():
    state = booted(mib=512)
    record = state.pcp[ZONE_DMA32, 0]
    frames = [act(state, ALLOC, 0, MOVABLE, 0, -1) for _ in range(6000)]
    record.high_min, record.high_max, record.high = 1000, 8000, 8000
    for pfn in frames:
        act(state, FREE_PAGES, 0, pfn, 0, 0)
    count, high = int(record.count), int(record.high)
    act(state, DECAY, 0, 0, 0, 0)
    expected = max(count - (int(record.batch) << 5), high - (high >> 3), 1000)
    assert record.high == expected
    assert len(drained(state)) == max(count - expected, 0)
    assert record.count == min(count, expected)
    validate(state)


def test_a_full_drain_leaves_nothing():
    state = booted(cpus=2)
    for cpu in (0, 1):
        act(state, ALLOC, cpu, MOVABLE, 0, -1)
        act(state, ALLOC, cpu, KERNEL, 2, -1)
    assert len(pcp(state)) == 4
    act(state, DRAIN, 0, 0, 0, 0)
    assert not pcp(state)
    validate(state)


def test_who_finds_the_lists_locked_goes_past_them():
    """pcp_spin_trylock in free_unref_page and rmqueue_pcplist: no list and no count of theirs changes."""
    state = booted(mib=512)
    kept = act(state, ALLOC, 0, MOVABLE, 0, -1)
    before, free = pcp(state), int(state.zone[ZONE_DMA32].nr_free_pages)
    state.conf.pcp_locked = 1 + ZONE_DMA32
    pfn = act(state, ALLOC, 0, MOVABLE, 0, -1)
    assert next(event for event, _, _ in log(state)) == MM_PAGE_ALLOC_ZONE_LOCKED
    assert (pcp(state), int(state.zone[ZONE_DMA32].nr_free_pages)) == (before, free - 1)
    act(state, FREE_PAGES, 0, pfn, 0, 0)
    assert (pcp(state), int(state.zone[ZONE_DMA32].nr_free_pages)) == (before, free)
    state.conf.pcp_locked = 1 + ZONE_NORMAL  # another zone's
    act(state, FREE_PAGES, 0, kept, 0, 0)
    assert pcp(state) != before
    validate(state)
