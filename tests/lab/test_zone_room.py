"""What a zone has for GFP_KERNEL, by hand from a zoneinfo."""

from tests.areas import AREAS
from zonecma.capture.proc.zoneinfo import parse_zoneinfo
from zonecma.lab.zone_room import zone_rooms


def test_free_frames_of_areas_are_none_for_an_unmovable_request():
    zones = parse_zoneinfo((AREAS / "splice-6.12/after/zoneinfo").read_text())
    dma, dma32 = zone_rooms(zones)
    info = next(zone for zone in zones if zone.name == "DMA32")
    assert dma32.free_cma == info.stats["nr_free_cma"] == 19454
    assert dma32.for_unmovable == info["free"] - 19454
    assert dma32.reserve == 0
    assert dma32.on_cpus == info.pagesets[0]["count"]
    assert dma32.above_low == info["free"] - 19454 - info["low"]
    assert dma.reserve == zones[0].protection[2] > 0


def test_a_reserve_is_not_guessed_where_the_file_leaves_zones_out():
    zones = [
        zone for zone in parse_zoneinfo((AREAS / "splice-6.12/after/zoneinfo").read_text()) if zone["managed"]
    ]
    assert [room.reserve for room in zone_rooms(zones)] == [None, None]
