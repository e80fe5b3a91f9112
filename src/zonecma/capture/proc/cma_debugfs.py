"""/sys/kernel/debug/cma/AREA: what an area's bitmap is, and what the kernel says of it (mm/cma_debug.c)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zonecma.errors import InputError

_WORD_BITS = 32
MOST_FRAMES = 1 << 26
"""256 GiB of small pages: no area is larger."""
_HIGHEST_ORDER = 20
_NUMBER = re.compile(r"\d{1,15}")
_WORD = re.compile(r"\d{1,10}")


@dataclass(frozen=True)
class DebugArea:
    """One area; frames."""

    name: str
    base_pfn: int
    count: int
    order_per_bit: int
    bitmap: NDArray[np.uint8] | None
    """one a bit: 1 where a CMA user has allocated; None where it was not read"""
    used: int | None
    """as the kernel counted it, a moment before or after the bitmap"""
    maxchunk: int | None
    """the longest free run, as the kernel found it"""


def read_debug_area(name: str, read: Callable[[str], str | None], source: str) -> DebugArea:
    """An area from its files, which ``read`` gives by name.

    Raises InputError for what is no number, and for a bitmap of another length than the area's.
    """
    base = _number(read("base_pfn"), f"{source}/base_pfn")
    count = _number(read("count"), f"{source}/count")
    order = _number(read("order_per_bit"), f"{source}/order_per_bit")
    if base is None or not count or order is None:
        raise InputError(f"{source}: expected base_pfn, count and order_per_bit of an area")
    if count > MOST_FRAMES or order > _HIGHEST_ORDER or count % (1 << order):
        raise InputError(f"{source}/count: {count} frames in bits of 2^{order} can't be an area")
    words = read("bitmap")
    bitmap = None if words is None else parse_bitmap(words, count >> order, f"{source}/bitmap")
    used, maxchunk = (_number(read(file), f"{source}/{file}") for file in ("used", "maxchunk"))
    return DebugArea(name.removeprefix("cma-"), base, count, order, bitmap, used, maxchunk)


def parse_bitmap(text: str, bits: int, source: str = "bitmap") -> NDArray[np.uint8]:
    """The bits of decimal 32-bit words, lowest first (u32_format_array of fs/debugfs/file.c).

    Raises InputError when there are not as many words as the area's bits fill.
    """
    words = text.split()
    wanted = -(-bits // _WORD_BITS)
    if len(words) != wanted:
        raise InputError(f"{source}: has {len(words)} words; expected {wanted} for {bits} bits")
    bad = [word for word in words if not _WORD.fullmatch(word) or int(word) >> _WORD_BITS]
    if bad:
        raise InputError(f"{source}: expected decimal words of 32 bits, found {bad[0][:20]!r}")
    return np.unpackbits(np.array(words, "<u4").view(np.uint8), bitorder="little")[:bits]


def _number(text: str | None, source: str) -> int | None:
    if text is None or not text.strip():
        return None
    if not _NUMBER.fullmatch(text.strip()):
        raise InputError(f"{source}: expected a number, found {text.strip()[:40]!r}")
    return int(text)
