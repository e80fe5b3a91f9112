"""/proc/kpageflags and /proc/kpagecount: 64 bits a frame, in the machine's byte order."""

from __future__ import annotations

import enum

import numpy as np
from numpy.typing import NDArray

from zonecma.errors import InputError

BYTES_A_FRAME = 8


class Kpf(enum.IntEnum):
    """Bits of a frame's word (include/uapi/linux/kernel-page-flags.h; from RESERVED on the kernel's own)."""

    LOCKED = 0
    REFERENCED = 2
    UPTODATE = 3
    DIRTY = 4
    LRU = 5
    ACTIVE = 6
    SLAB = 7
    WRITEBACK = 8
    RECLAIM = 9
    BUDDY = 10
    MMAP = 11
    ANON = 12
    SWAPCACHE = 13
    SWAPBACKED = 14
    COMPOUND_HEAD = 15
    COMPOUND_TAIL = 16
    HUGE = 17
    UNEVICTABLE = 18
    HWPOISON = 19
    NOPAGE = 20
    KSM = 21
    THP = 22
    OFFLINE = 23
    """``BALLOON`` before 5.1"""
    ZERO_PAGE = 24
    IDLE = 25
    PGTABLE = 26
    RESERVED = 32
    MLOCKED = 33
    PRIVATE = 35


def frame_words(raw: bytes, frames: int) -> NDArray[np.uint64]:
    """A word for each of the first frames that the bytes reach; at most ``frames`` of them."""
    whole = min(len(raw) // BYTES_A_FRAME, frames)
    return np.frombuffer(raw, "<u8", whole).astype(np.uint64)


def bit(words: NDArray[np.uint64], flag: Kpf) -> NDArray[np.bool_]:
    """Which of the frames have this flag."""
    is_set: NDArray[np.bool_] = words & np.uint64(1 << flag) != 0
    return is_set


def parse_kpage_ranges(text: str, source: str = "kpage_ranges") -> list[tuple[str, int, int]]:
    """Area, first frame and frames of each range of words, in the order of the words."""
    ranges = []
    for line, row in enumerate(text.splitlines(), 1):
        words = row.split()
        if len(words) != 3 or not all(word.isdecimal() and len(word) < 16 for word in words[1:]):
            raise InputError(f"{source}: line {line}: expected 'AREA BASE_PFN COUNT', found {row[:60]!r}")
        ranges.append((words[0], int(words[1]), int(words[2])))
    return ranges
