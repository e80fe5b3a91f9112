"""free_area_init: spans, frames' zones, first types of pageblocks; what has a struct page."""

import numpy as np
import pytest

from tests.machine.boot.boards import area, power_on, series
from zonecma.kernel.migratetype import MIGRATE_MOVABLE, MIGRATE_UNMOVABLE
from zonecma.kernel.zone import NO_ZONE, ZONE_CMA, ZONE_DMA, ZONE_DMA32, ZONE_MOVABLE
from zonecma.machine.architecture import GIB, MIB
from zonecma.machine.board import MemoryModel
from zonecma.machine.boot.memmap import free_area_init, have_memory_map
from zonecma.placement import ZoneMovable


def set_up(*memory, **options):
    boot = power_on(*memory, **options)
    free_area_init(boot)
    return boot


def span(boot, zone, node=0):
    record = boot.nodes[node].zone[zone]
    return int(record.start_pfn), int(record.spanned), int(record.present)


def test_frames_know_their_zone_holes_too():
    frame = set_up((0x1000, 0x9F000), (0x100000, GIB)).nodes[0].frame
    assert [int(frame.zone[pfn]) for pfn in (0, 1, 0x9F, 4095, 4096, 262143)] == [
        NO_ZONE, ZONE_DMA, ZONE_DMA, ZONE_DMA, ZONE_DMA32, ZONE_DMA32,
    ]  # fmt: skip


def test_pageblocks_are_movable_unless_their_first_frame_is_no_memory():
    """Frame 0 of a PC; and 2 GiB plus 1 MiB, in the middle of a pageblock."""
    boot = set_up((0x1000, GIB), (2 * GIB + MIB, 3 * GIB))
    types = boot.nodes[0].block[: 3 * GIB >> 21]
    assert np.flatnonzero(types == MIGRATE_UNMOVABLE).tolist() == [0, 1024]
    assert (np.delete(types, [0, 1024]) == MIGRATE_MOVABLE).all()


def test_movable_takes_over_the_frames_that_it_overlaps_in_4_7():
    boot = set_up((0, GIB), series="4.7", movablecore=256 * MIB)
    assert boot.nodes[0].frame.zone[196608] == ZONE_MOVABLE
    assert span(boot, ZONE_DMA32) == (4096, 258048, 258048)


@pytest.mark.parametrize("posting", ["v1", "v3", "v7"])
def test_the_zone_of_areas_spans_each_node_at_first(posting):
    nodes = (0x1000, GIB), (GIB, 2 * GIB, 1)
    boot = set_up(*nodes, placement=series(posting), areas=[area(GIB + 64 * MIB, 64 * MIB)])
    counted = 16384 if posting == "v1" else 0
    assert span(boot, ZONE_CMA, 0) == (1, 262143, 0)
    assert span(boot, ZONE_CMA, 1) == (262144, 262144, counted)


def test_zone_movable_is_widened_and_keeps_what_it_has():
    boot = set_up((0, GIB), placement=ZoneMovable(), movablecore=256 * MIB)
    assert span(boot, ZONE_MOVABLE) == (0, 262144, 65536)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (MemoryModel.SPARSEMEM, [True, True, False, False, True, False]),
        (MemoryModel.FLATMEM, [True, True, True, True, True, False]),
    ],
)
def test_sections_without_memory_have_no_struct_pages(model, expected):
    """Sections are 32768 frames; the first range ends in the middle of one."""
    boot = power_on((0, GIB + 64 * MIB), (2 * GIB, 3 * GIB), memory_model=model)
    frames = np.array([0, (GIB + 128 * MIB >> 12) - 1, GIB + 128 * MIB >> 12, (2 * GIB >> 12) - 1,
                       2 * GIB >> 12, 3 * GIB >> 12])  # fmt: skip
    assert have_memory_map(boot, frames).tolist() == expected
