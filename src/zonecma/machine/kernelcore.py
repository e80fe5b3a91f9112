"""Where ZONE_MOVABLE starts: kernelcore=, movablecore= and movable_node.

find_zone_movable_pfns_for_nodes: mm/page_alloc.c of 4.7 and 6.1, mm/mm_init.c of 6.12.
All figures are frames.
"""

from __future__ import annotations

from zonecma.kernel.rules import Rules
from zonecma.machine.board import Board, MemoryRange


def frames_of(board: Board, one: MemoryRange) -> tuple[int, int]:
    """First whole frame of a range of memory, and the one after its last (for_each_mem_pfn_range)."""
    shift = board.architecture.page_shift
    return -(-one.start >> shift), one.end >> shift


def frames_of_node(board: Board, node: int) -> list[tuple[int, int]]:
    """Each range of a node's memory, in frames."""
    return [frames_of(board, one) for one in board.memory if one.node == node]


def end_of_node(board: Board, node: int) -> int:
    """The frame after a node's last."""
    return max(end for _, end in frames_of_node(board, node))


def movable_starts(board: Board, rules: Rules, usable: int) -> dict[int, int]:
    """By node, where ZONE_MOVABLE starts; nodes without one are not in it.

    ``usable``: the lowest frame it may have.
    """
    if board.movable_node:
        starts = _hotpluggable_starts(board)
    else:
        required = _kernelcore(board)
        starts = _spread(board, usable, required) if required else {}
    chunk = 1 << board.architecture.max_order
    aligned = {node: -(-start // chunk) * chunk for node, start in starts.items() if start}
    if rules.boot.movable_overlaps:
        return aligned
    return {node: start for node, start in aligned.items() if start < end_of_node(board, node)}


def _hotpluggable_starts(board: Board) -> dict[int, int]:
    starts: dict[int, int] = {}
    for one in board.memory:
        if one.hotpluggable:
            start = one.start >> board.architecture.page_shift
            starts[one.node] = min(start, starts.get(one.node, start))
    return starts


def _kernelcore(board: Board) -> int:
    """Frames to keep for any use; 0 when there is to be no ZONE_MOVABLE."""
    shift, chunk = board.architecture.page_shift, 1 << board.architecture.max_order
    total = sum(end - start for start, end in (frames_of(board, one) for one in board.memory))
    required = board.kernelcore >> shift
    if board.movablecore:
        wanted = min(-(-(board.movablecore >> shift) // chunk) * chunk, total)
        required = max(required, total - wanted)
    return required if required < total else 0


def _spread(board: Board, usable: int, required: int) -> dict[int, int]:
    """Share kernelcore out evenly over the nodes; again, over one fewer, while some is left."""
    starts = dict.fromkeys(board.nodes, 0)
    nodes = len(starts)
    while nodes:
        share = required // nodes
        for node in starts:
            if required < share:
                share = required // nodes
            starts[node], used = _take(frames_of_node(board, node), starts[node], usable, share)
            required -= min(required, used)
        nodes -= 1
        if required <= nodes:
            break
    return starts


def _take(ranges: list[tuple[int, int]], start: int, usable: int, share: int) -> tuple[int, int]:
    """Take a share of kernelcore from a node's ranges: where it ends, and how much was taken."""
    used = 0
    for bottom, top in ranges:
        bottom = max(bottom, start)
        if bottom < min(top, usable):  # only the kernel can use this
            used += min(top, usable) - bottom
            start = bottom = min(top, usable)
        if bottom < top:
            size = min(top - bottom, max(share - used, 0))
            start, used = bottom + size, used + size
            if used >= share:
                break
    return start, used
