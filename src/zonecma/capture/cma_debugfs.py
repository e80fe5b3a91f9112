"""The areas of a bundle: copies of /sys/kernel/debug/cma, a folder an area."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from zonecma.capture.proc.cma_debugfs import read_debug_area
from zonecma.capture.snapshot import AreaSnapshot
from zonecma.kernel.units import Pfn


def read_areas(folder: Path) -> tuple[AreaSnapshot, ...]:
    """The areas of ``folder``, ascending; none where there is no such folder.

    Without a readable bitmap nothing of an area is taken to be allocated.  Raises InputError with
    the file of what is no number.
    """
    homes = [home for home in folder.iterdir() if home.is_dir()] if folder.is_dir() else []
    return tuple(sorted(map(_area, homes), key=lambda area: area.base_pfn))


def _area(home: Path) -> AreaSnapshot:
    def read(name: str) -> str | None:
        try:
            return (home / name).read_text(errors="replace")
        except OSError:
            return None

    area = read_debug_area(home.name, read, str(home))
    bits = area.count >> area.order_per_bit
    bitmap = np.zeros(bits, np.uint8) if area.bitmap is None else area.bitmap
    return AreaSnapshot(area.name, Pfn(area.base_pfn), area.count, area.order_per_bit, bitmap)
