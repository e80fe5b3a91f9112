"""What no machine is: boards and areas that can't be booted, each refused in a sentence."""

from __future__ import annotations

from itertools import pairwise

from zonecma.capture.plausible import MAX_FRAMES
from zonecma.errors import InputError
from zonecma.machine.board import Board, MemoryRange
from zonecma.machine.kernelcore import end_of_node, frames_of, frames_of_node
from zonecma.machine.machine import Area
from zonecma.machine.memblock import covers, union
from zonecma.machine.spans import zone_limits


def check_board(board: Board) -> None:
    """Raise InputError unless a board has memory of whole pages in zones, as much as there is room for."""
    if not board.memory:
        raise InputError(f"{board.name}: it has no memory; expected a range of it")
    for one in board.memory:
        start, end = frames_of(board, one)
        if end <= start:
            raise InputError(f"{board.name}: memory {_shown(one)} holds no whole page of {_page(board)}")
    for low, high in pairwise(sorted(board.memory, key=lambda one: one.start)):
        if high.start < low.end:
            raise InputError(f"{board.name}: memory {_shown(low)} and {_shown(high)} overlap")
    _check_room(board)
    if not any(end > lowest for lowest, end in zone_limits(board).values()):
        raise InputError(f"{board.name}: all of its memory lies above the last zone of {_zones(board)}")


def _check_room(board: Board) -> None:
    """Each node is modelled from frame 0 on."""
    frames = sum(end_of_node(board, node) for node in board.nodes)
    if frames > MAX_FRAMES:
        raise InputError(
            f"{board.name}: its nodes end after {frames} frames together; expected {MAX_FRAMES} at most,"
            " which is what the model has room for"
        )


def check_areas(board: Board, areas: tuple[Area, ...]) -> None:
    """Raise InputError unless every area is whole pageblocks of one node's memory, and its own."""
    block = 1 << board.architecture.pageblock_order
    for area in areas:
        if area.count <= 0 or area.base_pfn % block or area.count % block:
            raise InputError(
                f"{board.name}: {_named(area)} is not made of whole pageblocks of {block} frames"
            )
        nodes = (union(frames_of_node(board, node)) for node in board.nodes)
        if not any(covers(memory, area.base_pfn, area.end_pfn) for memory in nodes):
            raise InputError(f"{board.name}: {_named(area)} is not memory of one node, all of it")
        if area.end_pfn > max(end for _, end in zone_limits(board).values()):
            raise InputError(f"{board.name}: {_named(area)} lies above the last zone of {_zones(board)}")
    for low, high in pairwise(sorted(areas, key=lambda one: one.base_pfn)):
        if high.base_pfn < low.end_pfn:
            raise InputError(f"{board.name}: {_named(low)} and {_named(high)} overlap")


def _named(area: Area) -> str:
    return f"area {area.name!r} at frames {area.base_pfn} to {area.end_pfn - 1}"


def _shown(one: MemoryRange) -> str:
    return f"{one.start:#x}..{one.end:#x}"


def _page(board: Board) -> str:
    return f"{board.architecture.page_size} bytes"


def _zones(board: Board) -> str:
    return f"architecture {board.architecture.name}"
