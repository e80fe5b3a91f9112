"""The largest of a kernel's early allocations: a struct page for each frame.

mm/sparse-vmemmap.c and mm/sparse.c (whole sections), mm/page_alloc.c of 4.7 and mm/mm_init.c of
6.12 (alloc_node_mem_map, FLATMEM).
"""

from __future__ import annotations

from zonecma.machine.board import Board, MemoryModel, Reservation
from zonecma.machine.memblock import align_down, align_up, find_top_down, union, without

SECTION = 128 << 20
"""Bytes of memory whose map is allocated as a whole (SECTION_SIZE_BITS: x86-64; arm64 with 4 KiB pages)."""
_STRUCT_PAGE = {64: 64, 32: 32}
"""Bytes of a struct page, by the bits of a pointer."""
_HUGE_PAGE = 2 << 20
_DMA_END = 16 << 20
"""Early allocations are made above ZONE_DMA (MEMBLOCK_LOW_LIMIT, x86)."""


def reserve_memory_map(board: Board) -> tuple[Reservation, ...]:
    """Where each node's memory map lies: as high as there is room, below what is reserved already.

    A node without room for it has none here: its kernel would not boot.
    """
    reserved = union((one.start, one.end) for one in board.reserved)
    made: list[Reservation] = []
    for node in board.nodes:
        memory = union((one.start, one.end) for one in board.memory if one.node == node)
        size, free = _bytes_of_map(board, node), without(memory, reserved)
        base = find_top_down(free, size, _HUGE_PAGE, _DMA_END, board.low_memory_end)
        if base is not None:
            made.append(Reservation(base, base + size, "memory map"))
            reserved = union([*reserved, (base, base + size)])
    return tuple(made)


def _bytes_of_map(board: Board, node: int) -> int:
    """Bytes for the frames of a node: of its sections, or of its whole span."""
    ranges = [(one.start, one.end) for one in board.memory if one.node == node]
    if board.memory_model is MemoryModel.SPARSEMEM:
        ranges = list(union((align_down(a, SECTION), align_up(b, SECTION)) for a, b in ranges))
    else:
        ranges = [(min(a for a, _ in ranges), max(b for _, b in ranges))]
    frames = sum(end - start for start, end in ranges) // board.architecture.page_size
    return frames * _STRUCT_PAGE[board.architecture.bits]
