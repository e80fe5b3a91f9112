"""kernelcore=, movablecore=: how much memory ZONE_MOVABLE gets."""

from __future__ import annotations

import dataclasses

from zonecma.machine.board import Board
from zonecma.machine.options.values import fail, whole_size
from zonecma.machine.sizes import memparse


def kernelcore(board: Board, value: str) -> Board:
    """What is left for any use; the rest is ZONE_MOVABLE."""
    if value == "mirror":
        fail("kernelcore", value, "mirrored memory is not modelled")
    return dataclasses.replace(board, kernelcore=_core(board, "kernelcore", value))


def movablecore(board: Board, value: str) -> Board:
    """The size of ZONE_MOVABLE."""
    return dataclasses.replace(board, movablecore=_core(board, "movablecore", value))


def _core(board: Board, name: str, value: str) -> int:
    """A size, or a share of all memory in percent (mm/mm_init.c, cmdline_parse_core)."""
    number, rest = memparse(value)
    if rest != "%":
        return whole_size(name, value, "takes what it can read")
    if number > 100:
        fail(name, value, "expected 100% at most; the kernel warns")
    shift = board.architecture.page_shift
    pages = sum((one.end >> shift) - (one.start >> shift) for one in board.memory)
    return pages * number // 100 << shift
