"""mem_init: which frames the allocator gets, in which order; what is freed later."""

import pytest

from tests.machine.boot.boards import area, board_of, power_on, series
from zonecma.errors import InputError
from zonecma.kernel.contents import free_lists
from zonecma.kernel.migratetype import MIGRATE_MOVABLE
from zonecma.kernel.state import IN_BUDDY, RESERVED
from zonecma.kernel.zone import ZONE_DMA, ZONE_DMA32, ZONE_HIGHMEM, ZONE_NORMAL
from zonecma.machine.architecture import GIB, MIB, X86_32_HIGHMEM
from zonecma.machine.boot.mem_init import free_late, free_ranges, mem_init
from zonecma.machine.boot.memmap import free_area_init
from zonecma.machine.boot.progress import Given


def filled(*memory, given=None, **options):
    boot = power_on(*memory, **options)
    free_area_init(boot)
    mem_init(boot, given or Given())
    return boot


def managed(boot, zone, node=0):
    return int(boot.nodes[node].zone[zone].managed)


def lists(boot, zone):
    return {
        (int(order), int(kind)): frames.tolist()
        for (index, order, kind), frames in free_lists(boot.nodes[0])
        if index == zone
    }


def test_free_are_whole_frames_that_nothing_touches():
    """A reservation takes every frame of which it has a byte."""
    board = board_of((0x1000, MIB), (2 * MIB, 4 * MIB), reserved=[(0x5800, 0x6001), (0x7FFF, 0x8000)])
    found = free_ranges(board, (area(2 * MIB, MIB),), 0)
    assert found == [(1, 5), (8, 256), (768, 1024)]


def test_free_memory_of_another_node_is_not_this_ones():
    board = board_of((0, GIB), (GIB, 2 * GIB, 1))
    assert free_ranges(board, (), 1) == [(262144, 524288)]


def test_managed_is_what_is_not_reserved():
    boot = filled((0, GIB), reserved=[(0, MIB), (512 * MIB, 516 * MIB)], areas=[area(768 * MIB, 64 * MIB)])
    assert (managed(boot, ZONE_DMA), managed(boot, ZONE_DMA32)) == (3840, 258048 - 1024 - 16384)


def test_chunks_begin_anew_where_the_zone_changes():
    """20 MiB from 4 MiB on: 12 MiB of DMA, 8 of DMA32, in the order of 6.12."""
    boot = filled((4 * MIB, 24 * MIB))
    assert lists(boot, ZONE_DMA) == {(10, MIGRATE_MOVABLE): [1024, 2048, 3072]}
    assert lists(boot, ZONE_DMA32) == {(10, MIGRATE_MOVABLE): [4096, 5120]}


def test_high_memory_is_freed_page_by_page_and_merges():
    boot = filled((0, GIB), architecture=X86_32_HIGHMEM)
    assert managed(boot, ZONE_NORMAL) == 0x377FE - 4096
    assert managed(boot, ZONE_HIGHMEM) == 0x40000 - 0x377FE
    assert (1, MIGRATE_MOVABLE) in lists(boot, ZONE_HIGHMEM)
    assert lists(boot, ZONE_HIGHMEM)[1, MIGRATE_MOVABLE] == [0x377FE]


def test_of_a_given_count_the_highest_frames_are_free():
    boot = filled((0, GIB), given=Given({(0, ZONE_DMA): 3000, (0, ZONE_DMA32): 0}))
    assert (managed(boot, ZONE_DMA), managed(boot, ZONE_DMA32)) == (3000, 0)
    frame = boot.nodes[0].frame
    assert frame.where[1095] == RESERVED
    assert frame.where[1096] == IN_BUDDY


@pytest.mark.parametrize("wanted", [-1, 4097, 10**30])
def test_a_given_count_that_can_not_be(wanted):
    with pytest.raises(InputError, match=f"zone DMA of node 0 is said to manage {wanted} frames"):
        filled((0, GIB), given=Given({(0, ZONE_DMA): wanted}))


@pytest.mark.parametrize("node", [0, 3])
def test_what_is_freed_late_is_the_top_of_the_reserved_frames_outside_of_areas(node):
    boot = filled((0, GIB, node), reserved=[(64 * MIB, 65 * MIB)], areas=[area(768 * MIB, 64 * MIB)])
    free_late(boot, Given(late={(node, ZONE_DMA32): 10}))
    where = boot.nodes[node].frame.where
    assert managed(boot, ZONE_DMA32, node) == 258048 - 256 - 16384 + 10
    assert where[(65 * MIB >> 12) - 11] == RESERVED
    assert where[768 * MIB >> 12] == RESERVED


def test_areas_of_a_zone_of_their_own_are_reserved_until_they_are_activated():
    boot = filled((0, GIB), areas=[area(512 * MIB, 64 * MIB)], placement=series("v6"))
    assert (boot.nodes[0].frame.where[131072:147456] == RESERVED).all()
