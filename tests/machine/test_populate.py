"""Moving an area: the books of the donor and of the new zone, as the series' patch keeps them."""

import dataclasses

import numpy as np
import pytest

from tests.conftest import CAPTURES
from tests.machines import MASKS, copy, lists, same
from zonecma.capture.recording import Recording
from zonecma.kernel.migratetype import MIGRATE_CMA, MIGRATE_MOVABLE
from zonecma.kernel.rules import NEWEST
from zonecma.kernel.validate import validate
from zonecma.kernel.zone import NO_ZONE, ZONE_CMA, ZONE_DMA32, ZONE_MOVABLE
from zonecma.kernel.zonelist import build_zonelist
from zonecma.machine.from_snapshot import machine_of
from zonecma.machine.populate import populate
from zonecma.machine.state import bare_state, load_snapshot
from zonecma.placement import PLACEMENTS, Carveout, HalfFree, LastResort, ZoneCma
from zonecma.placement.tables import fill_tables

AREA = 65536


def loaded(name):
    snapshot = Recording(CAPTURES / name).snapshot("A")
    machine = machine_of(snapshot, NEWEST)
    state = bare_state(machine, nr_gfp_classes=len(MASKS))
    load_snapshot(state, snapshot)
    validate(state)
    return machine, state


def test_zone_cma_steals_present_pages_from_its_donor():
    machine, state = loaded("cma256-mix-6.12")
    before = copy(state)
    populate(state, machine, ZoneCma())
    donor, old, zone = state.zone[ZONE_DMA32], before.zone[ZONE_DMA32], state.zone[ZONE_CMA]
    assert (zone.present, zone.managed) == (AREA, AREA)
    assert donor.present == old.present - AREA
    assert donor.managed == old.managed - AREA
    assert donor.spanned == old.spanned  # the donor's span keeps its hole
    assert state.zone["present"].sum() == before.zone["present"].sum()
    assert (zone.start_pfn, zone.spanned) == (0x40000, AREA)  # trimmed to the area
    assert (state.frame.zone[0x40000:0x50000] == ZONE_CMA).all()
    assert (state.frame.zone[0x3FE00:0x40000] == ZONE_DMA32).all()
    assert (state.block[0x40000 >> 9 : 0x50000 >> 9] == MIGRATE_MOVABLE).all()
    assert zone.nr_free_pages == AREA
    assert donor.nr_free_pages == old.nr_free_pages - AREA
    assert state.zone["nr_free_cma"].sum() == 0
    validate(state)


def test_zone_cma_comes_first_in_the_zonelists_and_thresholds_follow():
    machine, state = loaded("cma256-mix-6.12")
    populate(state, machine, ZoneCma())
    assert build_zonelist(state, ZONE_CMA)[:2] == [ZONE_CMA, ZONE_DMA32]
    zone, donor = state.zone[ZONE_CMA], state.zone[ZONE_DMA32]
    assert 0 < zone.watermark[0] < zone.watermark[1] < zone.watermark[2]
    assert zone.watermark[0] == AREA // 1024  # capped, as ZONE_MOVABLE's is in 6.12
    assert donor.lowmem_reserve[ZONE_CMA] == AREA // 256
    assert (state.pcp[ZONE_CMA, 0].batch, state.pcp[ZONE_CMA, 0].high_max) == (15, AREA // 8)


@pytest.mark.parametrize("policy", PLACEMENTS)
def test_without_an_area_nothing_changes(policy):
    machine, state = loaded("nocma-mix-6.12")
    before = copy(state)
    assert populate(state, machine, policy()) == {}
    assert same(state, before)


@pytest.mark.parametrize("policy", [HalfFree, LastResort])
def test_an_area_in_its_place_keeps_everything(policy):
    machine, state = loaded("cma256-mix-6.12")
    before = copy(state)
    assert populate(state, machine, policy()) == {}
    assert same(state, before)


def test_a_carved_out_area_is_present_but_not_managed():
    machine, state = loaded("cma256-mix-6.12")
    before = copy(state)
    populate(state, machine, Carveout())
    donor, old = state.zone[ZONE_DMA32], before.zone[ZONE_DMA32]
    assert donor.present == old.present
    assert donor.managed == old.managed - AREA
    assert donor.nr_free_pages == old.nr_free_pages - AREA
    assert (state.frame.zone[0x40000:0x50000] == NO_ZONE).all()
    validate(state)


def test_an_area_that_was_zone_movable_can_join_its_donor():
    machine, state = loaded("zonecma-mix-6.12")
    present = int(state.zone["present"].sum())
    used = populate(state, machine, HalfFree())
    assert state.zone[ZONE_MOVABLE].present == state.zone[ZONE_MOVABLE].spanned == 0
    donor = state.zone[ZONE_DMA32]
    assert (donor.cma, donor.nr_free_cma) == (AREA, AREA)
    assert donor.start_pfn + donor.spanned == 0x50000
    assert state.zone["present"].sum() == present
    assert len(used["reserved"]) > 0
    assert np.isin(used["reserved"], np.arange(0x40000, 0x50000)).all()
    validate(state)


def test_blocks_go_to_the_lists_in_the_order_of_activation():
    machine, state = loaded("cma256-mix-6.12")
    populate(state, machine, ZoneCma())
    populate(state, machine, HalfFree())
    assert (state.zone[ZONE_CMA].cma, state.zone[ZONE_DMA32].cma) == (0, AREA)
    expected = list(range(0x50000 - 1024, 0x40000 - 1, -1024))
    assert lists(state)[10, int(MIGRATE_CMA)] == expected


def test_going_there_and_back_gives_the_same_thresholds():
    machine, state = loaded("cma256-mix-6.12")
    populate(state, machine, Carveout())
    populate(state, machine, HalfFree())
    zone, recorded = state.zone[ZONE_DMA32], loaded("cma256-mix-6.12")[1].zone[ZONE_DMA32]
    assert zone.watermark.tolist() == recorded.watermark.tolist()
    assert (zone.present, zone.managed, zone.cma) == (recorded.present, recorded.managed, recorded.cma)
    validate(state)


def test_tables_follow_the_placement():
    machine, state = loaded("cma256-mix-6.12")
    populate(state, machine, ZoneCma())
    fill_tables(state, ZoneCma(), MASKS)
    movable, kernel, buffer, *_ = state.gfp
    assert movable.zonelist[: movable.nr_zones].tolist() == [ZONE_CMA, ZONE_DMA32, 0]
    assert kernel.zonelist[: kernel.nr_zones].tolist() == [ZONE_DMA32, 0]
    assert buffer.zonelist[: buffer.nr_zones].tolist() == [ZONE_DMA32, 0]


def test_areas_that_touch_are_moved_one_by_one():
    """Their free pageblocks had merged into chunks that belong to both."""
    machine, state = loaded("cma256-mix-6.12")
    (area,) = machine.areas
    odd = (1 << machine.pageblock_order) * 3
    first = dataclasses.replace(area, name="first", count=odd)
    second = dataclasses.replace(area, name="second", base_pfn=area.base_pfn + odd, count=area.count - odd)
    two = dataclasses.replace(machine, areas=(first, second))
    state = bare_state(two, nr_gfp_classes=len(MASKS))
    snapshot = Recording(CAPTURES / "cma256-mix-6.12").snapshot("A")
    unbitmapped = [
        dataclasses.replace(snapshot.areas[0], bitmap=np.zeros(a.count, np.uint8)) for a in two.areas
    ]
    load_snapshot(state, dataclasses.replace(snapshot, areas=tuple(unbitmapped)))
    populate(state, two, ZoneCma())
    validate(state)
    assert state.zone[ZONE_CMA].nr_free_pages == AREA
    assert (state.frame.zone[0x40000:0x50000] == ZONE_CMA).all()
