"""The closed loop as a whole: reclaim, swap, writeback and migration lose and double nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernel.closed import (
    BIND,
    CALL,
    COMMIT,
    DIRECT,
    FSYNC,
    LOOSEN,
    PIN_PAGE,
    RELEASE,
    TOUCH,
    WRITE,
    check,
    do,
    machine,
)
from tests.machines import BUFFER
from zonecma.kernel.bonds import DIRECT_IO, NO_BOND, PIN, REFERENCE
from zonecma.kernel.checkpoint import CHECKPOINT, RUNNING
from zonecma.kernel.memory import (
    ABSENT,
    BLOCKDEV,
    EXECUTABLE,
    IN_MEMORY,
    IN_SWAP,
    JOURNALED,
    REFERENCED,
    YOUNG,
)
from zonecma.kernel.rules import RULES
from zonecma.machine.durations import Duration

_BONDS = (DIRECT_IO, PIN, REFERENCE)
ALL_RULES = pytest.mark.parametrize("rules", RULES.values(), ids=RULES)


@ALL_RULES
def test_more_than_fits_goes_to_swap_and_comes_back(rules):
    """64 MiB of memory, 80 MiB touched twice: what is missing the second time is read from swap."""
    world = _, m = machine(20480, 0, swap_pages=16384, rules=rules)
    for first in range(0, 20480, 1024):
        assert do(world, WRITE, np.arange(first, first + 1024)) == (0, 0)
        m.vm[0].now += 100_000_000  # swap keeps up
    check(world)
    assert m.vm[0].oom_kill == 0
    out = int((m.page.where[:20480] == IN_SWAP).sum())
    assert out > 20480 - 16384
    assert m.vm[0].pswpout >= out
    assert do(world, TOUCH, np.flatnonzero(m.page.where[:20480] == IN_SWAP)[:100]) == (0, 0)
    assert 100 <= m.vm[0].pswpin < 108  # the last window may reach beyond
    check(world)


@ALL_RULES
def test_page_cache_goes_first(rules):
    """Twice as much of files as there is memory is read once; anonymous pages in use stay."""
    world = _, m = machine(2000, 32768, swap_pages=16384, rules=rules)
    do(world, WRITE, np.arange(2000))
    for first in range(2000, 34768, 2048):
        do(world, TOUCH, np.arange(first, first + 2048))
        do(world, TOUCH, np.arange(2000))
    check(world)
    assert m.vm[0].pgsteal_kswapd + m.vm[0].pgsteal_direct > 16384
    assert (m.page.where[:2000] == IN_MEMORY).mean() > 0.95


def test_without_swap_a_task_is_killed_at_last():
    world = _, m = machine(20480, 0)
    failed, _ = do(world, WRITE, np.arange(20480))
    check(world)
    assert failed == 0
    assert m.vm[0].oom_kill > 0
    assert (m.page.where[:20480] == ABSENT).sum() >= 1000  # a whole task's


def test_kswapd_counts_no_free_cma():
    """It is woken while half of memory, the area, is free (last-resort uses none of it for file pages)."""
    world = s, m = machine(0, 16384, cma_mib=32)
    s.gfp[6].fast_flags &= ~0x80  # these requests may not use CMA lists
    s.gfp[6].slow_flags &= ~0x80
    do(world, TOUCH, np.arange(9000))
    assert m.vm[0].kswapd_wakes > 0
    assert s.zone.nr_free_cma.sum() == 8192
    check(world)


def test_a_contiguous_call_drops_clean_cache_and_moves_the_rest():
    world = s, m = machine(500, 13500)
    do(world, WRITE, np.arange(500))
    do(world, TOUCH, np.arange(500, 14000))
    clean = int((s.object_pfn >= s.cma[0].base_pfn).sum())
    failed, moved = do(world, CALL, 4096)
    assert failed == 0
    assert m.vm[0].dropped + moved == clean
    assert m.vm[0].dropped > moved
    check(world)


def test_open_terms_drop_nothing():
    world = s, m = machine(500, 13500, closed=False)
    do(world, TOUCH, np.arange(14000))
    before = int((s.object_pfn >= 0).sum())
    failed, _ = do(world, CALL, 512)
    assert (failed, int(m.vm[0].dropped)) == (0, 0)
    assert int((s.object_pfn >= 0).sum()) == before
    check(world)


@ALL_RULES
def test_with_memory_in_plenty_nothing_differs_from_an_open_loop(rules):
    """The same frames for the same requests, to the last link of the free lists."""
    worlds = [machine(3000, 3000, swap_pages=100, rules=rules, closed=closed) for closed in (True, False)]
    rng = np.random.default_rng(3)
    objects = rng.integers(0, 6000, 20_000)
    actions = rng.choice([TOUCH, WRITE, RELEASE], 20_000, p=[0.5, 0.3, 0.2])
    for world in worlds:
        assert do(world, actions, objects) == (0, 0)
        check(world)
    (closed, m), (opened, _) = worlds
    assert m.vm[0].pgsteal_kswapd + m.vm[0].pgsteal_direct == 0
    assert np.array_equal(closed.object_pfn, opened.object_pfn)
    assert np.array_equal(closed.frame, opened.frame)


def test_dirty_pages_are_written_in_the_background_and_in_time():
    world = s, m = machine(0, 12000)
    do(world, WRITE, np.arange(6000))
    limit = (6000 + int(s.zone.nr_free_pages.sum())) // 10
    assert 0 < m.vm[0].nr_dirty <= limit
    m.vm[0].now += 40_000_000_000
    do(world, TOUCH, [11999])
    m.vm[0].now += 1_000_000_000
    do(world, TOUCH, [11999])
    assert (m.vm[0].nr_dirty, m.vm[0].nr_writeback) == (0, 0)
    check(world)


_USUAL = st.tuples(st.sampled_from([TOUCH, WRITE, RELEASE]), st.integers(0, 21), st.integers(1, 900))
_BINDING = st.tuples(
    st.sampled_from([FSYNC, DIRECT, PIN_PAGE, BIND, LOOSEN, COMMIT, CALL]),
    st.integers(0, 21),
    st.integers(1, 40),
)
_ACTIONS = st.lists(st.one_of(_USUAL, _USUAL, _BINDING), max_size=60)
_DURATIONS = {
    "write": Duration(2e6, 40e6),
    "commit": Duration(5e6, 5e6),
    "commit_log": Duration(1e6, 9e6),
    "direct_io": Duration(1e6, 3e6),
    "long_pin": Duration(2e7, 9e8),
}


@ALL_RULES
@settings(max_examples=15, deadline=None)
@given(actions=_ACTIONS, seed=st.integers(0, 5))
def test_nothing_is_lost_or_doubled(rules, actions, seed):
    """Each object is in memory, in swap, on disk or released, never two of them.

    A fifth of the files is metadata, which a journal holds; bonds come and go between.
    """
    world = _, m = machine(
        12000, 10000, mib=32, cma_mib=8, swap_pages=6000, rules=rules, durations=_DURATIONS, seed=seed
    )
    m.page.kind[20000:22000], m.page.gfp[20000:22000] = BLOCKDEV, BUFFER
    m.page.journaled[20000:22000] = JOURNALED
    rng = np.random.default_rng(seed)
    for what, thousand, count in actions:
        objects = thousand * 1000 + rng.integers(0, 1000, count)
        if what == CALL:
            do(world, CALL, 64)
        elif what in (DIRECT, BIND):
            objects = objects[m.page.where[objects] == IN_MEMORY]
            do(world, what, objects, 1 if what == DIRECT else rng.choice(_BONDS))
        else:
            do(world, what, objects, rng.choice(_BONDS) if what == LOOSEN else 1)
    do(world, CALL, 512)
    check(world)
    listed = m.journal[: m.vm[0].nr_journal]
    assert np.array_equal(np.sort(listed), np.flatnonzero(m.page.transaction))
    absent = m.page.where != IN_MEMORY
    assert not (absent & np.isin(m.page.transaction, (RUNNING, CHECKPOINT))).any()
    bound = (m.page.bond != NO_BOND) & (m.page.bound_until > m.vm[0].now)
    assert not (absent & bound).any()


@ALL_RULES
def test_what_programs_run_stays(rules):
    """Of two sets of 1,000 pages that are used as often, while twice the memory is read once, the set
    that is run stays and is not read again (VM_EXEC, folio_check_references)."""
    world = _, m = machine(0, 34768, rules=rules)
    m.page.mapped[:1000] = EXECUTABLE
    do(world, TOUCH, np.arange(2000))
    m.page.page_flags[:2000] &= ~(YOUNG | REFERENCED)
    for first in range(2000, 34768, 4096):
        do(world, TOUCH, np.arange(1000))
        do(world, TOUCH, np.arange(first, first + 4096))
    check(world)
    assert (m.page.where[:1000] == IN_MEMORY).all()
    assert (m.page.where[1000:2000] == IN_MEMORY).sum() == 0
