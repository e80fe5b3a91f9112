"""Words for what frames hold, and how an area looks in one row of blocks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zonecma.lab.frame_use import PROSPECTS, Prospect, Use

WORDS = {
    Use.UNTOLD: "untold",
    Use.FREE: "free",
    Use.DEVICE: "contiguous buffers",
    Use.ANONYMOUS: "anonymous",
    Use.HELD_ANONYMOUS: "anonymous, mapped by none",
    Use.SHMEM: "shared memory, tmpfs",
    Use.FILE: "file",
    Use.DIRTY_FILE: "file, dirty",
    Use.BUFFERS: "file, with buffers",
    Use.WRITEBACK: "under writeback",
    Use.LOCKED: "locked",
    Use.UNEVICTABLE: "unevictable, mlocked",
    Use.HUGETLB: "huge page (hugetlb)",
    Use.OFF_LRU: "on no list",
    Use.SLAB: "slab",
    Use.PAGE_TABLE: "page table",
    Use.KERNEL: "kernel's own",
    Use.RESERVED: "reserved, or no page",
    Use.POISONED: "poisoned",
}
PROSPECT_WORDS = {
    Prospect.FREE: "",
    Prospect.DEVICE: "",
    Prospect.MOVES: "moves, unless held",
    Prospect.WAITS: "moves after a wait",
    Prospect.UNTOLD: "can't be told",
    Prospect.STAYS: "stays",
}
_DEVICE, _STAYS, _MOSTLY, _PARTLY, _UNTOLD, _FREE = "█x▓░?·"
_LEGEND = {
    _DEVICE: "contiguous buffers",
    _STAYS: "a page that stays",
    _MOSTLY: "lent, half or more",
    _PARTLY: "lent, less than half",
    _UNTOLD: "untold",
    _FREE: "free",
}


def picture(uses: NDArray[np.uint8], cells: int) -> str:
    """An area from its first frame to its last, a block for each of ``cells`` equal parts."""
    parts = np.array_split(uses, min(cells, len(uses)))
    return "".join(map(_block, parts))


def legend(drawn: str) -> str:
    """What the blocks that occur mean."""
    return ", ".join(f"{block} {words}" for block, words in _LEGEND.items() if block in drawn)


def _block(uses: NDArray[np.uint8]) -> str:
    """One part: a page that stays outweighs all else, then what half of it is."""
    table = np.array([PROSPECTS[use] for use in Use], np.uint8)
    prospects = table[uses]
    if (prospects == Prospect.STAYS).any():
        return _STAYS
    if 2 * np.count_nonzero(prospects == Prospect.DEVICE) >= len(uses):
        return _DEVICE
    if 2 * np.count_nonzero(uses == Use.UNTOLD) >= len(uses):
        return _UNTOLD
    lent = np.count_nonzero((prospects != Prospect.FREE) & (prospects != Prospect.DEVICE))
    if 2 * lent >= len(uses):
        return _MOSTLY
    return _PARTLY if lent else _FREE if (prospects == Prospect.FREE).any() else _DEVICE
