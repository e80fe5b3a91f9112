"""The areas of a bundle: copies of /sys/kernel/debug/cma (mm/cma_debug.c), a folder an area.

Sizes are in frames, but for ``used`` and ``maxchunk``, which model nothing and are not read.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.snapshot import AreaSnapshot
from zonecma.errors import InputError
from zonecma.kernel.state import MAX_PAGE_ORDER
from zonecma.kernel.units import Pfn

_PREFIX = "cma-"
"""Older kernels put this before the name that the trace has."""
_WORD = re.compile(r"\d{1,10}")
_MAX_FRAMES = 1 << 31


def read_areas(folder: Path) -> tuple[AreaSnapshot, ...]:
    """The areas of ``folder``, ascending; none where there is no such folder.

    Without a readable bitmap nothing of an area is taken to be allocated.  Raises InputError with
    the file of what is no number.
    """
    homes = [home for home in folder.iterdir() if home.is_dir()] if folder.is_dir() else []
    return tuple(sorted(map(_area, homes), key=lambda area: area.base_pfn))


def _area(home: Path) -> AreaSnapshot:
    base, count = _number(home / "base_pfn"), _number(home / "count")
    order = _number(home / "order_per_bit")
    if order > MAX_PAGE_ORDER or count > _MAX_FRAMES:
        raise InputError(f"{home}: {count} frames, bits of order {order}; expected the files of an area")
    return AreaSnapshot(
        home.name.removeprefix(_PREFIX), Pfn(base), count, order, _bitmap(home / "bitmap", count >> order)
    )


def _number(path: Path) -> int:
    try:
        text = path.read_text(errors="replace").strip()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; expected a number of debugfs") from None
    if not _WORD.fullmatch(text):
        raise InputError(f"{path}: is {text[:40]!r}; expected a number")
    return int(text)


def _bitmap(path: Path, bits: int) -> NDArray[np.uint8]:
    """One byte a bit; debugfs prints the map as u32 words, decimal (debugfs_create_u32_array)."""
    bitmap = np.zeros(bits, np.uint8)
    try:
        words = [int(word) for word in _WORD.findall(path.read_text(errors="replace"))]
    except OSError:
        return bitmap
    if any(word >> 32 for word in words):
        raise InputError(f"{path}: has a word of more than 32 bits; expected the bitmap of an area")
    told = np.unpackbits(np.array(words, "<u4").view(np.uint8), bitorder="little")[:bits]
    bitmap[: len(told)] = told
    return bitmap
