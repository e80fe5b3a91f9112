"""build_all_zonelists: the order that is noted, the pages that are counted."""

import pytest

from tests.machine.boot.boards import area, boot_of, power_on, series
from zonecma.kernel.zone import ZONE_DMA, ZONE_DMA32
from zonecma.machine.architecture import GIB, MIB
from zonecma.machine.boot.zonelists import build_all_zonelists, groups_by_mobility, vm_total_pages


def notes(boot):
    return [line for step in boot.steps if step.function == "build_all_zonelists" for line in step.lines]


def test_zones_with_pages_highest_first():
    lists, grouping = notes(boot_of((0, GIB)))
    assert lists == "node 0: DMA32 > DMA"
    assert grouping.startswith("mobility grouping on; total pages: ")


def test_each_node_tries_its_own_zones_first():
    lists = notes(boot_of((0, GIB), (GIB, 2 * GIB, 1)))[:2]
    assert lists == [
        "node 0: node 0 DMA32 > node 0 DMA > node 1 DMA32",
        "node 1: node 1 DMA32 > node 0 DMA32 > node 0 DMA",
    ]


def test_activation_rebuilds_them_with_the_new_zone():
    boot = boot_of((0, GIB), areas=[area(512 * MIB, 64 * MIB)], placement=series("v6"))
    lists = [line for line in notes(boot) if line.startswith("node")]
    assert lists == ["node 0: DMA32 > DMA", "node 0: CMA > DMA32 > DMA"]


def test_an_area_that_is_refused_leaves_4_7_with_the_old_ones():
    straddling = area(4 * GIB - 32 * MIB, 64 * MIB)
    boot = boot_of((3 * GIB, 5 * GIB), series="4.7", areas=[straddling], placement=series("v6"))
    assert len(notes(boot)) == 2


def test_total_pages_are_those_above_the_high_marks():
    boot = boot_of((0, GIB))
    zones = boot.nodes[0].zone
    high = int(zones[ZONE_DMA].watermark[2] + zones[ZONE_DMA32].watermark[2])
    assert vm_total_pages(boot) == 262144 - high
    zones[ZONE_DMA].watermark[2] = 1 << 40
    assert vm_total_pages(boot) == 262144 - 4096 - int(zones[ZONE_DMA32].watermark[2])


@pytest.mark.parametrize(("mib", "grouped"), [(10, False), (12, True)])
def test_six_pageblocks_are_enough_to_keep_types_apart(mib, grouped):
    boot = boot_of((0, mib * MIB))
    assert groups_by_mobility(boot, vm_total_pages(boot) + 3072 * grouped) == grouped


def test_before_any_page_is_managed_present_ones_count():
    boot = power_on((0, GIB))
    build_all_zonelists(boot)
    assert "mobility grouping off" in notes(boot)[1]
