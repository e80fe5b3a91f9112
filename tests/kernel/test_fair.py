"""The fair zones of 4.7, on a machine like those that were observed: DMA32 and a ZONE_CMA above it."""

import itertools

import pytest

from tests.machines import ALLOC, KERNEL, MASKS, MOVABLE, act, bare
from zonecma.kernel import boot
from zonecma.kernel.alloc_flags import WMARK_HIGH, WMARK_LOW
from zonecma.kernel.migratetype import MIGRATE_MOVABLE
from zonecma.kernel.rules import RULES
from zonecma.kernel.thresholds import HugePages, Tunables, calculate_normal_threshold, recalculate
from zonecma.kernel.units import Pfn
from zonecma.kernel.validate import validate
from zonecma.kernel.zone import ZONE_CMA, ZONE_DMA32, ZONE_FAIR_DEPLETED
from zonecma.placement import ZoneCma
from zonecma.placement.tables import fill_tables

BORDER = 0x4000


def two_zones(upper, lower, series="4.7"):
    """As many frames in ZONE_CMA as below it; ``upper`` and ``lower`` frames between low and high marks."""
    state = bare(2 * BORDER, ZONE_DMA32, rules=RULES[series])
    state.frame.zone[BORDER : 2 * BORDER] = ZONE_CMA
    state.zone[ZONE_CMA].start_pfn = BORDER
    boot.memblock_free_pages(state, Pfn(0), Pfn(BORDER))
    for start in range(BORDER, 2 * BORDER, 512):
        boot.init_cma_reserved_pageblock(state, Pfn(start), MIGRATE_MOVABLE)
    for index, batch in ((ZONE_DMA32, lower), (ZONE_CMA, upper)):
        zone = state.zone[index]
        zone.present = zone.managed = zone.spanned = BORDER
        zone.watermark[WMARK_LOW], zone.watermark[WMARK_HIGH] = 3 * batch, 4 * batch
        zone.nr_alloc_batch = batch
    state.pcp.batch, state.pcp.high = 31, 186
    fill_tables(state, ZoneCma(), MASKS)
    return state


def runs(state, count, user=MOVABLE, order=0):
    """Of so many allocations, how many in a row came from the upper zone (True) and the lower one."""
    upper = [act(state, ALLOC, 0, user, order, -1) >= BORDER for _ in range(count)]
    return [(zone, len(list(group))) for zone, group in itertools.groupby(upper)]


def test_zones_give_in_proportion_to_their_batches():
    state = two_zones(131, 120)
    assert runs(state, 4 * 251) == [(True, 131), (False, 120)] * 4
    validate(state)


def test_a_batch_of_0_gives_one_page_a_round():
    state = two_zones(0, 120)
    assert runs(state, 5 * 121) == [(True, 1), (False, 120)] * 5


def test_large_chunks_count_with_all_their_pages():
    state = two_zones(128, 120)
    assert runs(state, 31 * 2, order=3) == [(True, 16), (False, 15)] * 2


def test_a_request_renews_only_the_batches_of_zones_that_it_may_use():
    state = two_zones(131, 120)
    assert runs(state, 131) == [(True, 131)]
    assert runs(state, 500, user=KERNEL) == [(False, 500)]
    assert state.zone[ZONE_CMA].zone_flags & ZONE_FAIR_DEPLETED
    assert state.zone[ZONE_CMA].nr_alloc_batch == 0


def test_the_second_walk_asks_for_no_turn():
    """The lower zone cannot serve at its low mark: the upper one does, though its turn is over."""
    state = two_zones(131, 120)
    state.zone[ZONE_DMA32].watermark[WMARK_LOW] = BORDER
    assert runs(state, 1000) == [(True, 1000)]


def test_later_kernels_take_from_the_first_zone_that_may_serve():
    assert runs(two_zones(131, 120, "6.12"), 1000) == [(True, 1000)]


def test_a_cpu_keeps_part_of_the_counter_to_itself():
    """Threshold 8: the ninth page takes 9 + 4 off the common part and leaves 4 to overshoot by."""
    state = two_zones(131, 120)
    zone, pcp = state.zone[ZONE_CMA], state.pcp[ZONE_CMA, 0]
    zone.stat_threshold = 8
    seen = []
    for _ in range(9 + 13):
        act(state, ALLOC, 0, MOVABLE, 0, -1)
        seen.append((int(zone.nr_alloc_batch), int(pcp.alloc_batch_diff)))
    assert seen[7:10] == [(131, -8), (118, 4), (118, 3)]
    assert seen[21] == (105, 4)  # 13 pages later
    act(state, ALLOC, 0, MOVABLE, 3, -1)
    assert (zone.nr_alloc_batch, pcp.alloc_batch_diff) == (105, -4)
    act(state, ALLOC, 0, MOVABLE, 3, -1)
    assert (zone.nr_alloc_batch, pcp.alloc_batch_diff) == (93, 0)


@pytest.mark.parametrize(
    ("mib", "cpus", "threshold"), [(512, 1, 8), (100, 2, 4), (1000, 2, 16), (1 << 20, 512, 125)]
)
def test_threshold(mib, cpus, threshold):
    """The first was observed; the others are examples that mm/vmstat.c gives, or its limit."""
    assert calculate_normal_threshold(cpus, mib * 256, 4) == threshold


def test_setting_the_marks_sets_the_batch():
    state = two_zones(0, 0)
    recalculate(state, Tunables(RULES["4.7"]), huge_pages=HugePages.ABSENT)
    for zone in state.zone[[ZONE_DMA32, ZONE_CMA]]:
        assert zone.nr_alloc_batch == zone.watermark[WMARK_HIGH] - zone.watermark[WMARK_LOW] > 0
