"""What a frame of an area is used for, and whether a contiguous call can get what is there out of its way.

The prospects are those of alloc_contig_range (mm/page_alloc.c, mm/compaction.c), 6.1 and 6.12: it isolates
unevictable pages, too, waits for writeback and locks, and fails on what has no way to move.
"""

from __future__ import annotations

import enum

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.proc.kpageflags import Kpf, bit


class Prospect(enum.IntEnum):
    """What a contiguous call finds."""

    FREE = 0
    """nothing has to move"""
    MOVES = 1
    """a page that migrates, unless somebody holds it besides its mappings"""
    WAITS = 2
    """it migrates once its I/O or lock is done, for which the call waits"""
    UNTOLD = 3
    """what is known does not decide it"""
    STAYS = 4
    """the call fails while it is there"""
    DEVICE = 5
    """another contiguous call has it: the bitmap rules the range out"""


class Use(enum.IntEnum):
    """What is in a frame."""

    UNTOLD = 0
    FREE = 1
    DEVICE = 2
    ANONYMOUS = 3
    HELD_ANONYMOUS = 4
    SHMEM = 5
    FILE = 6
    DIRTY_FILE = 7
    BUFFERS = 8
    WRITEBACK = 9
    LOCKED = 10
    UNEVICTABLE = 11
    HUGETLB = 12
    OFF_LRU = 13
    SLAB = 14
    PAGE_TABLE = 15
    KERNEL = 16
    RESERVED = 17
    POISONED = 18


PROSPECTS = {
    Use.UNTOLD: Prospect.UNTOLD,
    Use.FREE: Prospect.FREE,
    Use.DEVICE: Prospect.DEVICE,
    Use.ANONYMOUS: Prospect.MOVES,
    Use.HELD_ANONYMOUS: Prospect.UNTOLD,
    Use.SHMEM: Prospect.MOVES,
    Use.FILE: Prospect.MOVES,
    Use.DIRTY_FILE: Prospect.MOVES,
    Use.BUFFERS: Prospect.MOVES,
    Use.WRITEBACK: Prospect.WAITS,
    Use.LOCKED: Prospect.WAITS,
    Use.UNEVICTABLE: Prospect.MOVES,
    Use.HUGETLB: Prospect.UNTOLD,
    Use.OFF_LRU: Prospect.UNTOLD,
    Use.SLAB: Prospect.STAYS,
    Use.PAGE_TABLE: Prospect.STAYS,
    Use.KERNEL: Prospect.STAYS,
    Use.RESERVED: Prospect.STAYS,
    Use.POISONED: Prospect.STAYS,
}


def prospects(uses: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The prospect of each frame."""
    table = np.array([PROSPECTS[use] for use in Use], np.uint8)
    return table[uses]


def uses_by_flags(flags: NDArray[np.uint64], mappings: NDArray[np.uint64] | None) -> NDArray[np.uint8]:
    """What each frame holds, by kpageflags; the last rule that fits wins.

    Where the flags of a compound page's further frames are bare (before 6.9) they are those of its
    first.  KSM is not looked at: 6.12 shows it for every anonymous page.
    """
    flags = _of_first_frames(flags)
    has = {flag: bit(flags, flag) for flag in Kpf}
    uses = np.full(len(flags), Use.OFF_LRU, np.uint8)
    uses[has[Kpf.LRU] | has[Kpf.MMAP]] = Use.FILE
    uses[(uses == Use.FILE) & has[Kpf.DIRTY]] = Use.DIRTY_FILE
    uses[(uses == Use.FILE) & has[Kpf.PRIVATE]] = Use.BUFFERS
    uses[has[Kpf.SWAPBACKED]] = Use.SHMEM
    uses[has[Kpf.ANON]] = Use.ANONYMOUS
    if mappings is not None:
        few = np.zeros(len(flags), bool)
        few[: len(mappings)] = mappings[: len(flags)] == 0
        uses[has[Kpf.ANON] & few & ~has[Kpf.SWAPCACHE] & ~has[Kpf.COMPOUND_TAIL]] = Use.HELD_ANONYMOUS
    for flag, use in _FLAGS_THAT_DECIDE:
        uses[has[flag]] = use
    return uses


_FLAGS_THAT_DECIDE = (
    (Kpf.UNEVICTABLE, Use.UNEVICTABLE),
    (Kpf.LOCKED, Use.LOCKED),
    (Kpf.WRITEBACK, Use.WRITEBACK),
    (Kpf.HUGE, Use.HUGETLB),
    (Kpf.SLAB, Use.SLAB),
    (Kpf.PGTABLE, Use.PAGE_TABLE),
    (Kpf.RESERVED, Use.RESERVED),
    (Kpf.HWPOISON, Use.POISONED),
    (Kpf.BUDDY, Use.FREE),
    (Kpf.NOPAGE, Use.RESERVED),
)


def _of_first_frames(flags: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The flags of each compound page's first frame, on all of its frames."""
    tails, heads = bit(flags, Kpf.COMPOUND_TAIL), bit(flags, Kpf.COMPOUND_HEAD)
    last = np.maximum.accumulate(np.where(heads, np.arange(len(flags)), -1)) if len(flags) else heads
    whole: NDArray[np.uint64] = flags.copy()
    inherits = tails & (last >= 0)
    whole[inherits] |= flags[last[inherits]] & ~np.uint64(1 << Kpf.COMPOUND_HEAD)
    return whole


def use_by_owner(flags: frozenset[str], movable: bool, functions: tuple[str, ...]) -> Use:
    """What page_owner says a page is: its flags by name, whether its gfp mask lets it move, and who asked."""
    for name, use in _NAMES_THAT_DECIDE:
        if name in flags:
            return use
    if not flags & {"lru", "swapbacked", "uptodate", "dirty"}:
        return Use.OFF_LRU if movable else Use.KERNEL
    if "swapbacked" in flags:
        return Use.SHMEM if any(name.startswith("shmem_") for name in functions) else Use.ANONYMOUS
    if "dirty" in flags:
        return Use.DIRTY_FILE
    return Use.BUFFERS if "private" in flags else Use.FILE


_NAMES_THAT_DECIDE = (
    ("hwpoison", Use.POISONED),
    ("reserved", Use.RESERVED),
    ("slab", Use.SLAB),
    ("table", Use.PAGE_TABLE),
    ("writeback", Use.WRITEBACK),
    ("locked", Use.LOCKED),
    ("unevictable", Use.UNEVICTABLE),
)
