"""zone->contiguous: which zones have no hole, and that a mark stays."""

import pytest

from tests.machine.boot.boards import area, boot_of, series
from zonecma.kernel.zone import ZONE_DMA, ZONE_DMA32, ZONE_NORMAL
from zonecma.machine.architecture import GIB, MIB
from zonecma.machine.board import MemoryModel
from zonecma.machine.boot.contiguous import has_no_hole, set_zone_contiguous


def marked(boot, zone, node=0):
    return bool(boot.nodes[node].zone[zone].contiguous)


def test_a_hole_inside_of_a_section_is_none():
    """Frames 0x9f to 0xff of a PC have struct pages that name ZONE_DMA."""
    assert marked(boot_of((0x1000, 0x9F000), (0x100000, GIB)), ZONE_DMA)


@pytest.mark.parametrize(("model", "expected"), [(MemoryModel.SPARSEMEM, False), (MemoryModel.FLATMEM, True)])
def test_a_section_without_memory_is_one_unless_the_map_is_flat(model, expected):
    boot = boot_of((0, GIB), (2 * GIB, 5 * GIB), memory_model=model)
    assert marked(boot, ZONE_DMA32) == expected
    assert marked(boot, ZONE_NORMAL)


def test_another_nodes_memory_is_one():
    boot = boot_of((0, GIB), (GIB, 2 * GIB, 1), (2 * GIB, 3 * GIB))
    assert has_no_hole(boot, 1, ZONE_DMA32)
    assert marked(boot, ZONE_DMA32, 1)


@pytest.mark.parametrize("posting", ["v3", "v6"])
def test_a_mark_that_is_wrong_by_now_stays(posting):
    """The donor's: it was set before the area's frames moved out of the zone."""
    boot = boot_of((0, GIB), areas=[area(512 * MIB, 64 * MIB)], placement=series(posting))
    assert marked(boot, ZONE_DMA32)
    assert not has_no_hole(boot, 0, ZONE_DMA32)
    set_zone_contiguous(boot)
    assert marked(boot, ZONE_DMA32)
