"""Each fault of a boot: what comes of it in the model, and that the version without it is spared."""

import dataclasses

import numpy as np
import pytest

from tests.conftest import CAPTURES
from tests.machines import ALLOC, CMA_ALLOC, FREE_PAGES, act
from zonecma.kernel.alloc_flags import NO_ALLOC_FLAGS
from zonecma.kernel.contents import free_lists
from zonecma.kernel.gfp import GFP_HIGHUSER_MOVABLE, GFP_KERNEL, GFP_MIGRATION_TARGET
from zonecma.kernel.jit import from_python
from zonecma.kernel.migratetype import MIGRATE_MOVABLE, MIGRATE_UNMOVABLE
from zonecma.kernel.state import GFP_CLASS, IN_BUDDY, NO_OBJECT, RESERVED
from zonecma.kernel.thresholds import setup_per_zone_lowmem_reserve
from zonecma.kernel.units import Order
from zonecma.kernel.watermark import zone_watermark_ok
from zonecma.kernel.zone import ZONE_CMA, ZONE_DMA32, ZONE_MOVABLE
from zonecma.lab.boot import boot_machine
from zonecma.lab.findings import find_faults
from zonecma.lab.placements import parse_placement
from zonecma.machine.board import MemoryModel
from zonecma.report.boot import findings_json

MOVABLE, KERNEL, TARGET = 0, 1, 4
"""gfp classes; ``act`` migrates with the last."""
MASKS = [int(GFP_HIGHUSER_MOVABLE), int(GFP_KERNEL), 0, 0, int(GFP_MIGRATION_TARGET)]

BOOTS = CAPTURES / "boots-4.7"


def booted(machine, placement, **options):
    where = str(BOOTS / machine) if (BOOTS / machine).exists() else machine
    return boot_machine(where, parse_placement(placement), **options)


def faults(machine, placement, **options):
    found = find_faults(booted(machine, placement, **options)).findings
    return {one.rule: one for one in found}


def working(outcome):
    """The booted state with gfp classes and objects, for ``act``."""
    from zonecma.placement.tables import fill_tables

    state = outcome.boot.nodes[0]
    state = state._replace(
        gfp=np.zeros(len(MASKS), GFP_CLASS).view(np.recarray), object_pfn=np.full(1, -1, np.int32)
    )
    fill_tables(state, outcome.boot.placement, MASKS)
    return state


def chunks(state, zone, order):
    """Free chunks of an order, by type."""
    found = {int(kind): len(frames) for (z, o, kind), frames in free_lists(state) if (z, o) == (zone, order)}
    return found.get(int(MIGRATE_UNMOVABLE), 0), found.get(int(MIGRATE_MOVABLE), 0)


def touch_and_free_area(state):
    """Take every whole pageblock of the area, and free them."""
    state.zone[ZONE_CMA].watermark[:] = 0
    taken = [act(state, ALLOC, 0, MOVABLE, 10, NO_OBJECT) for _ in range(150)]
    inside = [pfn for pfn in taken if state.frame[pfn].zone == ZONE_CMA]
    for pfn in inside:
        act(state, FREE_PAGES, 0, pfn, 10, 0)
    return len(inside)


# Pageblock types on FLATMEM.


def test_v3_on_flatmem_frees_the_area_to_unmovable_lists():
    state = working(booted("i-v3-flat", "zone-cma,series=v3"))
    assert chunks(state, ZONE_CMA, 10) == (0, 32)  # free since boot: still on the Movable list
    assert touch_and_free_area(state) == 32
    assert chunks(state, ZONE_CMA, 10) == (32, 0)


@pytest.mark.parametrize("series", ["v1", "v3-flatmem-fix", "v4", "v5", "v6", "v7"])
def test_others_on_flatmem_free_it_to_movable_ones(series):
    state = working(booted("i-v3-flat", f"zone-cma,series={series}"))
    assert touch_and_free_area(state) == 32
    assert chunks(state, ZONE_CMA, 10) == (0, 32)


def test_a_contiguous_allocation_heals_the_pageblocks_it_covers():
    """Recorded (claim 21c): after 16384 frames 16 pageblocks are Unmovable, 16 Movable."""
    state = working(booted("i-v3-flat", "zone-cma,series=v3"))
    area = state.cma[0]
    blocks = state.block[area.base_pfn >> 10 : (area.base_pfn + area.count) >> 10]
    assert set(blocks) == {MIGRATE_UNMOVABLE}
    assert act(state, CMA_ALLOC, 0, 0, 16384, 0) == area.base_pfn
    assert [int((blocks == kind).sum()) for kind in (MIGRATE_UNMOVABLE, MIGRATE_MOVABLE)] == [16, 16]


@pytest.mark.parametrize(("series", "wrong"), [("v3", 32), ("v2", 32), ("v4", 0), ("v6", 0)])
def test_shifted_types_are_found(series, wrong):
    outcome = find_faults(booted("i-v3-flat", f"zone-cma,series={series}"))
    assert findings_json(outcome)["blocks_wrong"] == wrong
    assert sum(one.blocks_wrong for one in outcome.findings) == wrong


def test_sparsemem_finds_types_by_address():
    options = {"memory_model": MemoryModel.SPARSEMEM}
    assert "pageblock-types-shifted" not in faults("i-v3-flat", "zone-cma,series=v3", **options)


def test_an_area_longer_than_its_distance_reads_its_own_types_again():
    """Recorded (claim 21): an area of 512 MiB at frame 64512 has 63 pageblocks Unmovable and 65 Movable."""
    from zonecma.kernel.rules import RULES
    from zonecma.kernel.units import Pfn
    from zonecma.machine.boot.sequence import boot_board
    from zonecma.machine.from_record import board_of_record
    from zonecma.machine.machine import Area

    outcome = booted("i-v3-flat", "zone-cma,series=v3")
    found = board_of_record(outcome.record)
    area = Area("large", Pfn(64512), 131072, 0)
    boot = boot_board(found.board, RULES["4.7"], outcome.boot.placement, (area,))
    finding = {one.rule: one for one in find_faults(dataclasses.replace(outcome, boot=boot)).findings}
    assert finding["pageblock-types-shifted"].blocks_wrong == 63


# Spans.


@pytest.mark.parametrize(("series", "wide"), [("v1", True), ("v3-flatmem-fix", True), ("v4", True)])
def test_a_span_that_is_not_trimmed_holds_other_zones(series, wide):
    outcome = booted("v3-cma512", f"zone-cma,series={series}")
    record, frames = outcome.boot.nodes[0].zone[ZONE_CMA], outcome.boot.nodes[0].frame
    inside = frames.zone[record.start_pfn : record.start_pfn + record.spanned]
    foreign = int((inside != ZONE_CMA).sum())
    assert foreign == 262099 - 131072
    finding = faults("v3-cma512", f"zone-cma,series={series}")["span-not-trimmed"]
    assert finding.figures == {"spanned": 262099, "needed": 131072}
    assert not record.contiguous


@pytest.mark.parametrize("series", ["v3", "v5", "v6", "v7"])
def test_a_trimmed_span_holds_the_areas_alone(series):
    outcome = booted("v3-cma512", f"zone-cma,series={series}")
    record = outcome.boot.nodes[0].zone[ZONE_CMA]
    assert (record.start_pfn, record.spanned, record.contiguous) == (130048, 131072, 1)
    assert "span-not-trimmed" not in faults("v3-cma512", f"zone-cma,series={series}")


# Thresholds.


@pytest.mark.parametrize("series", ["v2", "v3", "v3-flatmem-fix", "v4"])
def test_stale_watermarks_let_the_zone_run_empty_and_give_it_no_turn(series):
    outcome = booted("v3-cma512", f"zone-cma,series={series}")
    state = working(outcome)
    assert state.zone[ZONE_CMA].nr_alloc_batch == 0
    served = [state.frame[act(state, ALLOC, 0, MOVABLE, 0, NO_OBJECT)].zone for _ in range(2000)]
    assert 5 < served.count(ZONE_CMA) < 20  # one a round of DMA32's 170 and DMA's 5
    state.zone[ZONE_CMA].nr_free_pages = 1
    assert watermark_ok(state, ZONE_CMA, mark=0)
    finding = faults("v3-cma512", f"zone-cma,series={series}")["watermarks-stale"]
    assert finding.figures == {"marks": [0, 0, 0], "recomputed": [361, 492, 623]}


@pytest.mark.parametrize("series", ["v1", "v5", "v6", "v7"])
def test_right_watermarks_share_requests_by_the_marks_distance(series):
    state = working(booted("v3-cma512", f"zone-cma,series={series}"))
    served = [state.frame[act(state, ALLOC, 0, MOVABLE, 0, NO_OBJECT)].zone for _ in range(2000)]
    assert served.count(ZONE_CMA) == pytest.approx(2000 * 131 / (131 + 120 + 3), rel=0.1)
    assert "watermarks-stale" not in faults("v3-cma512", f"zone-cma,series={series}")


def watermark_ok(state, zone, mark):
    check = from_python(zone_watermark_ok)
    return bool(check(state, zone, Order(0), mark, ZONE_CMA, NO_ALLOC_FLAGS))


def test_a_stale_reserve_lets_movable_requests_into_what_the_kernel_needs():
    """600 frames above its mark DMA32 serves them in v3; v6 keeps 512 back, of 100 it would not."""
    for series, allowed in (("v3", True), ("v6", False)):
        state = working(booted("v3-cma512", f"zone-cma,series={series}"))
        state.zone[ZONE_DMA32].nr_free_pages = 1100
        assert watermark_ok(state, ZONE_DMA32, mark=1000) is allowed
    assert faults("v3-cma512", "zone-cma,series=v3")["lowmem-reserve-stale"].figures["recomputed"] == 512
    assert "lowmem-reserve-stale" not in faults("v3-cma512", "zone-cma,series=v6")


def test_a_ratio_that_is_one_short_shuts_zone_movable():
    """Recorded (claim 8): once computed anew it keeps all of ZONE_CMA's size from movable requests."""
    for series, allowed in (("v3", False), ("v6", True)):
        outcome = booted("v3-cma256-straddle", f"zone-cma,series={series}")
        state = working(outcome)
        setup_per_zone_lowmem_reserve([state], outcome.boot.tunables)
        state.zone[ZONE_MOVABLE].nr_free_pages = 541
        assert watermark_ok(state, ZONE_MOVABLE, mark=2) is allowed
    assert "movable-reserved-whole" in faults("v3-cma256-straddle", "zone-cma,series=v3")
    assert "movable-reserved-whole" not in faults("v3-cma256-straddle", "zone-cma,series=v6")


def test_the_boot_pageset_counts_at_once_an_own_one_drifts():
    """Recorded: nr_alloc_batch of the zone is -1 (4294967295) after one page of it was used."""
    for series, left in (("v3", -1), ("v6", 131)):
        state = working(booted("v3-cma512", f"zone-cma,series={series}"))
        served = (state.frame[act(state, ALLOC, 0, MOVABLE, 0, NO_OBJECT)].zone for _ in range(500))
        assert any(zone == ZONE_CMA for zone in served)
        assert state.zone[ZONE_CMA].nr_alloc_batch == left
    assert "boot-pageset" in faults("v3-cma512", "zone-cma,series=v3")
    assert "boot-pageset" not in faults("v3-cma512", "zone-cma,series=v6")


@pytest.mark.parametrize("series", ["v1", "v3", "v4", "v6", "v7"])
def test_a_donor_zone_is_said_to_have_no_hole(series):
    """Who skips the check meets the area's frames as the donor's."""
    outcome = booted("v3-cma512", f"zone-cma,series={series}")
    donor = outcome.boot.nodes[0].zone[ZONE_DMA32]
    inside = outcome.boot.nodes[0].frame.zone[donor.start_pfn : donor.start_pfn + donor.spanned]
    assert donor.contiguous == 1
    assert int((inside == ZONE_CMA).sum()) == 131072
    assert "contiguous-stale" in faults("v3-cma512", f"zone-cma,series={series}")


def test_a_machine_without_an_area_has_no_fault():
    assert faults("v3-nocma", "zone-cma,series=v3") == {}


# Areas that straddle zones.


def test_a_straddling_area_is_refused_after_its_first_blocks_have_moved():
    outcome = booted("v3-cma256-straddle", "zone-cma,series=v3")
    area, state = outcome.boot.areas[0], outcome.boot.nodes[0]
    where = state.frame.where[area.base_pfn : area.end_pfn]
    assert (where == RESERVED).sum() == 64512
    assert set(np.unique(state.frame.zone[area.base_pfn : area.base_pfn + 1024])) == {ZONE_CMA}
    finding = faults("v3-cma256-straddle", "zone-cma,series=v3")["area-refused"]
    assert finding.figures == {"moved": 1024, "lost": 64512}


def test_v1_lets_an_area_straddle_zones_of_one_node():
    outcome = booted("v3-cma256-straddle", "zone-cma,series=v1")
    assert outcome.boot.nodes[0].zone[ZONE_CMA].managed == 65536
    assert "area-refused" not in faults("v3-cma256-straddle", "zone-cma,series=v1")


def test_6_x_makes_a_refused_area_ordinary_memory():
    outcome = boot_machine(str(CAPTURES / "boot-straddle256-6.12"))
    area, state = outcome.boot.areas[0], outcome.boot.nodes[0]
    assert not (state.frame.where[area.base_pfn : area.end_pfn] == RESERVED).any()
    found = {one.rule: one for one in find_faults(outcome).findings}
    assert found["area-refused"].figures["lost"] == 0


# 32 bits with high memory.


def test_the_merge_of_2018_frees_low_memory_twice():
    """x86-32: every frame that memblock has freed is freed again as high memory."""
    outcome = booted("x86-32-highmem", "zone-movable")
    state = outcome.boot.nodes[0]
    finding = faults("x86-32-highmem", "zone-movable")["lowmem-freed-as-highmem"]
    low_end = outcome.boot.board.low_memory_end >> 12
    area = outcome.boot.areas[0]
    free = sum(
        len(frames) << order
        for (zone, order, _), frames in free_lists(state)
        if zone < ZONE_CMA and frames.max() < low_end and zone != ZONE_MOVABLE
    )
    assert finding.figures["frames"] == free
    assert (state.frame.where[area.base_pfn : area.end_pfn : 1024] == IN_BUDDY).all()


@pytest.mark.parametrize("placement", ["last-resort", "zone-cma,series=v3", "zone-cma,series=v6"])
def test_others_do_not(placement):
    """The series passes ZONE_CMA over there (set_highmem_pages_init)."""
    assert "lowmem-freed-as-highmem" not in faults("x86-32-highmem", placement)


def test_the_merge_is_sound_on_64_bits():
    assert (
        not {"lowmem-freed-as-highmem", "page-address-unmapped"}
        & faults("vm-1g-cma512", "zone-movable").keys()
    )


def test_an_area_of_low_memory_in_a_highmem_zone_has_no_address():
    for placement in ("zone-movable", "zone-cma,series=v6"):
        finding = faults("x86-32-highmem", placement)["page-address-unmapped"]
        assert finding.figures["frames"] == 32768
    assert "page-address-unmapped" not in faults("x86-32-highmem", "last-resort")


def test_stale_marks_of_highmem_are_the_smallest_there_are():
    """Recorded (claim 1b): 32/32/32, and no turn."""
    outcome = booted("x86-32-highmem", "zone-cma,series=v3")
    record = outcome.boot.nodes[0].zone[ZONE_CMA]
    assert record.watermark[0] == 32


# Running dry.


def test_out_of_memory_beside_a_free_area():
    for placement, dry in (("v3", True), ("v4", True), ("v6", False)):
        found = faults("f-v3", f"zone-cma,series={placement}")
        assert ("out-of-memory-beside-free-area" in found) is dry


def test_a_stock_kernel_can_run_out_of_memory_too():
    """Recorded (claim 17): killed with 126424 to 128288 frames of CMA free, in one go."""
    found = faults("s-cma512", "last-resort")["out-of-memory-beside-free-area"]
    assert found.figures["area_free"] > 60000
