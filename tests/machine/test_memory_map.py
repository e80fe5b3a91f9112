"""The memory map's size and place, by hand."""

import pytest

from tests.machine.boot.boards import board_of
from zonecma.machine.architecture import ARM64, GIB, MIB, X86_32_HIGHMEM, X86_32_LOWMEM
from zonecma.machine.board import MemoryModel, Reservation
from zonecma.machine.memory_map import reserve_memory_map

FLAT = MemoryModel.FLATMEM


def sizes(board):
    return [one.end - one.start for one in reserve_memory_map(board)]


def test_a_struct_page_of_64_bytes_for_each_frame():
    """1280 MiB are ten sections: 327680 frames, 20 MiB, at the end of memory."""
    assert reserve_memory_map(board_of((0, 1280 * MIB))) == (
        Reservation(1260 * MIB, 1280 * MIB, "memory map"),
    )


@pytest.mark.parametrize(("end", "mib"), [(1281, 22), (1407, 22), (1408, 22), (1409, 24)])
def test_a_section_counts_whole(end, mib):
    """SPARSEMEM: 128 MiB of memory, or a byte of them, take 2 MiB."""
    assert sizes(board_of((0, end * MIB))) == [mib * MIB]


def test_sections_of_a_hole_have_no_map():
    assert sizes(board_of((0, GIB), (3 * GIB, 4 * GIB))) == [32 * MIB]


def test_two_ranges_in_one_section_share_it():
    assert sizes(board_of((0, 64 * MIB), (96 * MIB, 256 * MIB))) == [4 * MIB]


def test_flatmem_maps_its_holes():
    """4 GiB of span, 1048576 frames of 64 bytes."""
    assert sizes(board_of((0, GIB), (3 * GIB, 4 * GIB), memory_model=FLAT)) == [64 * MIB]


def test_32_bits_have_a_struct_page_of_32_bytes_in_low_memory():
    board = board_of((0, 2 * GIB), architecture=X86_32_HIGHMEM, memory_model=FLAT)
    (one,) = reserve_memory_map(board)
    assert one.end - one.start == 16 * MIB
    assert X86_32_LOWMEM - 2 * MIB < one.end <= X86_32_LOWMEM


def test_pages_of_64_kib_need_a_sixteenth():
    assert sizes(board_of((0, 4 * GIB), architecture=ARM64.with_pages_of(64))) == [4 * MIB]


def test_each_node_has_its_own():
    found = reserve_memory_map(board_of((0, GIB), (GIB, 2 * GIB, 1)))
    assert [(one.start, one.end) for one in found] == [
        (GIB - 16 * MIB, GIB),
        (2 * GIB - 16 * MIB, 2 * GIB),
    ]


def test_it_lies_below_what_is_reserved():
    board = board_of((0, GIB), reserved=[(GIB - 256 * MIB, GIB)])
    assert reserve_memory_map(board)[0].end == GIB - 256 * MIB


def test_a_node_without_room_has_none():
    """16 MiB lie in ZONE_DMA, which early allocations leave alone."""
    assert reserve_memory_map(board_of((0, 16 * MIB))) == ()
