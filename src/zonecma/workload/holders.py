"""How many frames of each row of memory hold what, at one moment of a trace."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.jit import entry, jit
from zonecma.workload.lives import CONTIGUOUS, IN_USE, TAKEN, UNSEEN, Lives


class Holder(IntEnum):
    """What a frame is used for, as far as a trace tells."""

    ABSENT = 0
    """no zone has it"""
    BEFORE = 1
    """in use since before the trace"""
    FREE = 2
    """on a buddy list or a per-cpu list"""
    ANONYMOUS = 3
    """program memory, tmpfs included"""
    FILE = 4
    """page cache of files"""
    USER = 5
    """one of these two: its gfp mask does not tell which"""
    BUFFER = 6
    """page cache of a block device, file-system metadata"""
    KERNEL = 7
    """what can't move"""
    MOVED = 8
    """taken or allocated by a migration, its owner not shown"""
    CONTIGUOUS = 9
    """a contiguous call's buffer"""


NR_HOLDERS = len(Holder)

_ABSENT, _BEFORE, _FREE = int(Holder.ABSENT), int(Holder.BEFORE), int(Holder.FREE)
_MOVED, _CONTIGUOUS = int(Holder.MOVED), int(Holder.CONTIGUOUS)


NO_PART = 255


class Sample(NamedTuple):
    """What is counted at one moment."""

    rows: NDArray[np.uint32]
    """u4[rows, holders]: frames of each row of memory"""
    parts: NDArray[np.uint32]
    """u4[parts, holders]: frames of each part of memory: what is in no area, and each area"""


class Reading(NamedTuple):
    """How frames are told apart."""

    part: NDArray[np.uint8]
    """u1[frames]: the part of memory that a frame belongs to; NO_PART: no zone has it"""
    said: NDArray[np.uint8]
    """u1[events]: the Holder of the pages that an event is about"""
    signs: NDArray[np.uint8]
    """u1[256]: the same by what a page's LRU insertion said; ABSENT where it said nothing"""
    row_order: int
    """a row of memory has ``1 << row_order`` frames"""


@jit
def _holder(one: Any, reading: Reading) -> int:
    """What the page cache said of a page, else the LRU lists, else its allocation."""
    if one.held == UNSEEN:
        return _BEFORE
    if one.held == CONTIGUOUS:
        return _CONTIGUOUS
    if one.held == TAKEN:
        return _MOVED
    if one.held != IN_USE:
        return _FREE
    if one.cached >= 0:
        return reading.said[one.cached]  # type: ignore[no-any-return]
    if reading.signs[one.signs] != _ABSENT:
        return reading.signs[one.signs]  # type: ignore[no-any-return]
    return reading.said[one.since] if one.since >= 0 else _BEFORE


@entry
def count_holders(lives: Lives, reading: Reading, sample: Sample) -> None:
    """Count the frames of each row and of each part by who holds them now."""
    sample.rows[:] = 0
    sample.parts[:] = 0
    for pfn in range(lives.frames.size):
        row, part = pfn >> reading.row_order, reading.part[pfn]
        if part == NO_PART:
            sample.rows[row, _ABSENT] += 1
        else:
            holder = _holder(lives.frames[pfn], reading)
            sample.rows[row, holder] += 1
            sample.parts[part, holder] += 1
