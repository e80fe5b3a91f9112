"""Counters that lag: what a CPU keeps to itself, and what decisions read."""

import pytest

from tests.machines import ALLOC, DECAY, KERNEL, MOVABLE, act, bare, booted
from zonecma.kernel.jit import from_python
from zonecma.kernel.preference import cma_comes_first
from zonecma.kernel.rules import RULES
from zonecma.kernel.units import Cpu
from zonecma.kernel.validate import InvariantError, validate
from zonecma.kernel.vmstat import (
    fold_zone_diffs,
    free_cma_seen,
    free_pages_seen,
    mod_free_cma,
    mod_free_pages,
)
from zonecma.kernel.zone import ZONE_DMA32, ZONE_NORMAL

count, count_cma = from_python(mod_free_pages), from_python(mod_free_cma)
seen, cma_seen = from_python(free_pages_seen), from_python(free_cma_seen)


def zone_of(threshold, cpus=1):
    state = bare(cpus=cpus)
    state.zone[ZONE_NORMAL].stat_threshold = threshold
    return state, state.zone[ZONE_NORMAL]


def test_what_exceeds_the_threshold_joins_the_common_counter_whole():
    """__mod_zone_page_state: at the threshold itself nothing does."""
    state, zone = zone_of(8)
    for _ in range(8):
        count(state, ZONE_NORMAL, -1)
    assert (zone.nr_free_pages, seen(state, ZONE_NORMAL)) == (-8, 0)
    count(state, ZONE_NORMAL, -1)
    assert (zone.nr_free_pages, seen(state, ZONE_NORMAL)) == (-9, -9)
    assert state.pcp[ZONE_NORMAL, 0].free_diff == 0
    count_cma(state, ZONE_NORMAL, 9)
    count_cma(state, ZONE_NORMAL, 5)
    assert (zone.nr_free_cma, cma_seen(state, ZONE_NORMAL)) == (14, 9)


def test_each_cpu_keeps_a_part_of_its_own_until_its_timer_runs():
    state, zone = zone_of(8, cpus=2)
    for cpu in (0, 1):
        state.conf.this_cpu = cpu
        count(state, ZONE_NORMAL, 7)
    assert (zone.nr_free_pages, seen(state, ZONE_NORMAL)) == (14, 0)
    from_python(fold_zone_diffs)(state, ZONE_NORMAL, Cpu(1))
    assert seen(state, ZONE_NORMAL) == 7
    assert [int(pcp.free_diff) for pcp in state.pcp[ZONE_NORMAL]] == [7, 0]


def test_without_a_threshold_nothing_lags():
    state, zone = zone_of(0)
    count(state, ZONE_NORMAL, 3)
    assert seen(state, ZONE_NORMAL) == zone.nr_free_pages == 3


def test_a_choice_by_halves_reads_the_common_counters():
    """The switch comes late by as much as the counters lag: runs of several pages from each side."""
    state, zone = zone_of(8)
    zone.nr_free_pages, zone.nr_free_cma = 1000, 501
    state.conf.cma_first_denominator = 2
    first = from_python(cma_comes_first)
    assert first(state, ZONE_NORMAL)
    count(state, ZONE_NORMAL, -1)
    count_cma(state, ZONE_NORMAL, -1)
    assert zone.nr_free_cma == 500 > zone.nr_free_pages // 2 == 499
    for _ in range(7):
        count(state, ZONE_NORMAL, -1)
        count_cma(state, ZONE_NORMAL, -1)
    assert zone.nr_free_cma == 493 < zone.nr_free_pages // 2 == 496
    assert first(state, ZONE_NORMAL)
    count(state, ZONE_NORMAL, -1)
    count_cma(state, ZONE_NORMAL, -1)
    assert not first(state, ZONE_NORMAL)


def test_the_timer_brings_the_counters_up_to_date():
    state = booted(mib=512)
    zone = state.zone[ZONE_DMA32]
    zone.stat_threshold = 50
    for order in (4, 5):  # past the per-cpu lists
        act(state, ALLOC, 0, KERNEL, order, -1)
    assert zone.free_lag == state.pcp[ZONE_DMA32, 0].free_diff != 0
    act(state, DECAY, 0, 0, 0, 0)
    assert zone.free_lag == 0
    validate(state)


@pytest.mark.parametrize(("series", "joined"), [("6.1", True), ("6.12", False)])
def test_a_refill_of_6_1_counts_its_pages_at_once(series, joined):
    """rmqueue_bulk: more than the threshold in one piece stays with no CPU; 6.12 counts page by page."""
    state = booted(mib=512, rules=RULES[series])
    zone = state.zone[ZONE_DMA32]
    zone.stat_threshold = 8
    act(state, ALLOC, 0, MOVABLE, 0, -1)
    assert (zone.free_lag == 0) == joined
    assert zone.counts_later == 0
    validate(state)


def test_a_lag_that_no_cpu_accounts_for_is_an_error():
    state, zone = zone_of(8)
    validate(state)
    zone.free_lag = 1
    with pytest.raises(InvariantError, match="lag"):
        validate(state)
