"""A booting machine's own names and places."""

from tests.machine.boot.boards import area, power_on, series
from zonecma.kernel.zone import ZONE_CMA, ZONE_DMA, ZONE_DMA32, ZONE_MOVABLE, ZONE_NORMAL
from zonecma.machine.architecture import GIB, MIB
from zonecma.placement import Carveout, ZoneMovable

NODES = (0, GIB), (GIB, 2 * GIB, 3)
AREAS = area(64 * MIB, 64 * MIB), area(GIB, 64 * MIB, "b"), area(2 * GIB - 64 * MIB, 64 * MIB, "c")
STOCK = (ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, ZONE_MOVABLE)


def test_configured_zones():
    assert power_on((0, GIB)).configured == STOCK
    assert power_on((0, GIB), placement=ZoneMovable()).configured == STOCK
    assert power_on((0, GIB), placement=series("v1")).configured == (*STOCK, ZONE_CMA)


def test_names_say_the_node_where_there_are_several():
    assert power_on((0, GIB)).name_of(0, ZONE_DMA) == "DMA"
    assert power_on(*NODES).name_of(3, ZONE_DMA) == "node 3 DMA"


def test_areas_of_each_node():
    boot = power_on(*NODES, areas=AREAS)
    assert [boot.node_of(one) for one in AREAS] == [0, 3, 3]
    assert [one.name for one in boot.areas_of(3)] == ["b", "c"]


def test_a_carveout_lends_nothing():
    assert power_on((0, GIB)).lends_areas
    assert not power_on((0, GIB), placement=Carveout()).lends_areas


def test_zones_without_pages_are_not_populated():
    boot = power_on(*NODES)
    assert len(list(boot.zones())) == 8
    boot.nodes[3].zone[ZONE_DMA32].present = 1
    assert [one[:2] for one in boot.populated()] == [(3, ZONE_DMA32)]
