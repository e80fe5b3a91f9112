"""mem= and memmap=: what of the memory that firmware found is used."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from zonecma.machine.board import Board, MemoryRange
from zonecma.machine.memblock import ANYWHERE, Range, align_down, without
from zonecma.machine.options.values import fail, whole_size
from zonecma.machine.sizes import memparse


def mem(board: Board, values: Sequence[str]) -> Board:
    """Every mem= of a command line; each architecture understands it in its own way."""
    if board.architecture.name.startswith("arm-"):
        return dataclasses.replace(board, memory=tuple(_range_of_arm(board, value) for value in values))
    limits = [_limit(value) for value in values if value != "nopentium"]
    if board.architecture.name.startswith("arm64"):
        limits = [_end_of_first(board, limits[-1])]
    return _cut(board, Range(min(limits, default=ANYWHERE), ANYWHERE))


def _range_of_arm(board: Board, value: str) -> MemoryRange:
    """mem=SIZE[@START] instead of what firmware says (arch/arm/kernel/setup.c, early_mem)."""
    size, rest = memparse(value)
    start = min(one.start for one in board.memory)
    if rest.startswith("@"):
        start, rest = memparse(rest[1:])
    if rest or not size:
        fail("mem", value, "expected SIZE or SIZE@START; the kernel takes what it can read")
    return MemoryRange(start, start + size)


def _limit(value: str) -> int:
    size = whole_size("mem", value, "takes what it can read")
    if not size:
        fail("mem", value, "expected a size above 0; the kernel ignores it")
    return size


def _end_of_first(board: Board, size: int) -> int:
    """The address below which there is ``size`` of memory (arm64: memblock_mem_limit_remove_map)."""
    left = align_down(size, board.architecture.page_size)
    for one in sorted(board.memory, key=lambda one: one.start):
        if left <= one.end - one.start:
            return one.start + left
        left -= one.end - one.start
    return ANYWHERE


def memmap(board: Board, value: str) -> Board:
    """memmap=SIZE$START[,...]: x86 alone (arch/x86/kernel/e820.c, parse_memmap_one)."""
    if not board.architecture.name.startswith("x86"):
        return board
    for one in value.split(","):
        board = _memmap_one(board, one)
    return board


def _memmap_one(board: Board, value: str) -> Board:
    """What is reserved for ACPI, a disk or nobody is no memory to the allocator."""
    if value == "exactmap":
        return dataclasses.replace(board, memory=())
    size, rest = memparse(value)
    kind, (start, rest) = rest[:1], memparse(rest[1:])
    if rest or kind not in ("", *"@#$!") or not value[:1].isdigit():
        fail("memmap", value, "expected SIZE@START, SIZE$START, SIZE#START or SIZE!START")
    if not kind:
        return _cut(board, Range(size, ANYWHERE))
    board = _cut(board, Range(start, start + size))
    added = (MemoryRange(start, start + size),) if kind == "@" else ()
    return dataclasses.replace(board, memory=(*board.memory, *added))


def _cut(board: Board, hole: Range) -> Board:
    """Memory without ``hole``."""
    left = (
        dataclasses.replace(one, start=start, end=end)
        for one in board.memory
        for start, end in without((Range(one.start, one.end),), (hole,))
    )
    return dataclasses.replace(board, memory=tuple(left))
