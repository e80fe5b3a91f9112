"""zone-cma: who enters, and how each posting of the series fills the zone at boot."""

import pytest

from tests.machine.boot.boards import area, boot_of, series
from zonecma.kernel.gfp import GFP_HIGHUSER_MOVABLE, GFP_KERNEL, GFP_NOFS, Gfp
from zonecma.kernel.zone import ZONE_CMA, ZONE_MOVABLE, ZONE_NORMAL
from zonecma.lab.placements import parse_placement
from zonecma.machine.architecture import GIB, MIB
from zonecma.placement import Series, ZoneCma
from zonecma.placement.population import ReserveRatio, Trim

POSTINGS = [one.value for one in Series]
ANY_POSTING = pytest.mark.parametrize("posting", POSTINGS)


def test_decisions():
    policy = ZoneCma()
    assert policy.highest_zone(GFP_HIGHUSER_MOVABLE) == ZONE_CMA
    assert policy.highest_zone(GFP_KERNEL) == ZONE_NORMAL
    assert policy.highest_zone(GFP_NOFS | Gfp.MOVABLE) == ZONE_NORMAL
    assert not policy.may_use_cma_lists(GFP_HIGHUSER_MOVABLE)


def test_the_last_posting_is_the_usual_one():
    assert ZoneCma().series is Series.V7
    assert parse_placement("zone-cma,series=v3").label == "zone-cma,series=v3"


def test_what_each_posting_does():
    """By the mails: where cma_init_reserved_areas trims, and which initcall it is."""
    told = {one.value: ZoneCma(series=one).population for one in Series}
    assert {name for name, one in told.items() if one.trim is Trim.NEVER} == {"v1"}
    assert {name for name, one in told.items() if one.trim is Trim.AFTER} == {"v2", "v3"}
    late = {"v2", "v3", "v3-flatmem-fix", "v4"}
    assert {name for name, one in told.items() if not one.before_watermarks} == late
    assert {name for name, one in told.items() if not one.own_pageset} == late
    assert {name for name, one in told.items() if one.reserve_ratio is ReserveRatio.SHORT} == late
    assert {name for name, one in told.items() if one.per_node} == {"v1", "v6", "v7"}
    assert {one.zone for one in told.values()} == {ZONE_CMA}


def zone_of(boot, node=0):
    record = boot.nodes[node].zone[ZONE_CMA]
    return int(record.start_pfn), int(record.spanned), int(record.present)


@ANY_POSTING
@pytest.mark.parametrize(
    ("areas", "hull"),
    [
        ([(512, 64)], (131072, 16384)),
        ([(256, 64), (512, 64)], (65536, 81920)),
    ],
)
def test_spans_of_one_node(posting, areas, hull):
    """v1, v4 and the mail before v4 leave the zone the span of its node, from frame 0 on."""
    made = [area(base * MIB, size * MIB, f"a{base}") for base, size in areas]
    boot = boot_of((0, GIB), series="4.7", areas=made, placement=series(posting))
    wide = posting in ("v1", "v3-flatmem-fix", "v4")
    present = sum(one.count for one in made)
    assert zone_of(boot) == (*((0, 262144) if wide else hull), present)


NODES = (0, GIB), (GIB, 2 * GIB, 1)
ON_BOTH = [area(512 * MIB, 64 * MIB), area(GIB + 256 * MIB, 64 * MIB, "b")]


@pytest.mark.parametrize(
    ("posting", "first", "second"),
    [
        ("v3", (131072, 131072), (262144, 81920)),
        ("v5", (131072, 131072), (262144, 81920)),
        ("v6", (131072, 16384), (327680, 16384)),
        ("v4", (0, 262144), (262144, 262144)),
    ],
)
def test_spans_of_two_nodes(posting, first, second):
    """v2 to v5 keep one range for all areas: each node's zone reaches to the next node's, with a hole."""
    boot = boot_of(*NODES, series="4.7", areas=ON_BOTH, placement=series(posting))
    assert zone_of(boot, 0) == (*first, 16384)
    assert zone_of(boot, 1) == (*second, 16384)
    contiguous = [bool(boot.nodes[node].zone[ZONE_CMA].contiguous) for node in (0, 1)]
    assert contiguous == [posting == "v6"] * 2


def test_a_node_without_an_area_keeps_an_empty_wide_zone_in_v6():
    """The loop of each node finds no area of it, and leaves the span alone."""
    boot = boot_of(*NODES, series="4.7", areas=ON_BOTH[:1], placement=series("v6"))
    assert zone_of(boot, 1) == (262144, 262144, 0)


@pytest.mark.parametrize("posting", ["v3", "v4"])
def test_watermarks_reserve_and_pageset_that_come_too_late(posting):
    boot = boot_of((0, GIB), series="4.7", areas=ON_BOTH[:1], placement=series(posting))
    zone = boot.nodes[0].zone[ZONE_CMA]
    assert (zone.watermark.tolist(), zone.boot_pageset, zone.stat_threshold) == ([0] * 4, 1, 0)
    assert all(one.lowmem_reserve[ZONE_CMA] == one.lowmem_reserve[ZONE_MOVABLE] for one in boot.nodes[0].zone)


@pytest.mark.parametrize("posting", ["v1", "v5", "v6", "v7"])
def test_they_are_right_where_activation_comes_first(posting):
    zone = boot_of((0, GIB), series="4.7", areas=ON_BOTH[:1], placement=series(posting)).nodes[0].zone
    assert zone[ZONE_CMA].watermark[0] > 0
    assert not zone[ZONE_CMA].boot_pageset
    assert zone[1].lowmem_reserve[ZONE_CMA] == 16384 // 256


STRADDLING = area(GIB - 320 * MIB, 256 * MIB)
"""Its last 192 MiB are ZONE_MOVABLE's with movablecore=256M."""


def test_v1_lets_an_area_cross_zones():
    boot = boot_of((0, GIB), series="4.7", areas=[STRADDLING], placement=series("v1"), movablecore=256 * MIB)
    assert boot.refused == []
    assert zone_of(boot)[2] == 65536
    assert boot.nodes[0].zone[ZONE_MOVABLE].present == 16384
    assert boot.nodes[0].zone[ZONE_CMA].nr_free_pages == 65536


@pytest.mark.parametrize("posting", [one for one in POSTINGS if one != "v1"])
def test_the_others_refuse_it_after_the_pageblocks_of_its_first_zone(posting):
    """The recorded boot of such an area: 1 MiB moved, 255 lost; here it is 64 and 192."""
    boot = boot_of(
        (0, GIB), series="4.7", areas=[STRADDLING], placement=series(posting), movablecore=256 * MIB
    )
    assert boot.refused == ["a"]
    assert zone_of(boot)[2] == 16384
    assert boot.nodes[0].zone[ZONE_CMA].nr_free_pages == 16384
    assert boot.nodes[0].zone[ZONE_MOVABLE].nr_free_pages == 16384
