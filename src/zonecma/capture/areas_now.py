"""A machine's CMA areas at one moment: from the kernel's debugfs, an exact snapshot, or its log."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.boot_log import read_boot_log
from zonecma.capture.proc.cma_debugfs import read_debug_area
from zonecma.capture.proc.cma_sysfs import parse_cma_sysfs
from zonecma.capture.proc.kpageflags import frame_words
from zonecma.capture.snapshot import Snapshot, read_snapshot
from zonecma.capture.state_files import StateFiles

_SNAPSHOTS = {"before": "A", "after": "B"}
"""The moments of a recording at which its /proc files are read, too."""


@dataclass(frozen=True)
class AreaNow:
    """What was read of one area; frames.  What was not read is None."""

    name: str
    base_pfn: int
    count: int
    order_per_bit: int
    bitmap: NDArray[np.uint8] | None = None
    """one a bit: 1 where a CMA user has allocated"""
    used: int | None = None
    """as the kernel counted it"""
    maxchunk: int | None = None
    """the longest free run, as the kernel found it"""
    free: NDArray[np.bool_] | None = None
    """which frames are on a free list, by an exact snapshot"""
    flags: NDArray[np.uint64] | None = None
    """kpageflags of the first frames"""
    mappings: NDArray[np.uint64] | None = None
    """kpagecount of the first frames: how often each is mapped"""

    @property
    def end_pfn(self) -> int:
        """The frame after the area's last."""
        return self.base_pfn + self.count


def read_areas(files: StateFiles, snapshots: Path | None, moment: str, page: int) -> tuple[AreaNow, ...]:
    """The areas, lowest first.

    ``snapshots`` is a recording's folder; ``page`` the size of a page in bytes.  Raises InputError for
    files that are there and can't be read.
    """
    areas = _from_debugfs(files) or _from_snapshot(snapshots, moment) or _from_log(files, page)
    return tuple(_with_words(area, files) for area in sorted(areas, key=lambda area: area.base_pfn))


def _from_debugfs(files: StateFiles) -> list[AreaNow]:
    areas = []
    for name in files.areas():
        place = f"{files.name}: cma/{name}"
        one = read_debug_area(name, lambda file, name=name: files.text(f"cma/{name}/{file}"), place)  # type: ignore[misc]
        areas.append(
            AreaNow(one.name, one.base_pfn, one.count, one.order_per_bit, one.bitmap, one.used, one.maxchunk)
        )
    return areas


def _from_snapshot(folder: Path | None, moment: str) -> list[AreaNow]:
    """An exact snapshot's areas, with what is free in them."""
    path = folder and folder / f"snap.{_SNAPSHOTS[moment]}.json.gz"
    if path is None or not path.is_file():
        return []
    snapshot = read_snapshot(path)
    return [
        AreaNow(
            *(area.name, int(area.base_pfn), area.count, area.order_per_bit, area.bitmap),
            free=free_frames(snapshot, int(area.base_pfn), area.count),
        )
        for area in snapshot.areas
    ]


def free_frames(snapshot: Snapshot, base: int, count: int) -> NDArray[np.bool_]:
    """Which of these frames are on a free list."""
    free = np.zeros(count, bool)
    for zone in snapshot.zones:
        for (order, _), chunks in zone.free.items():
            for first in chunks - base:
                if -(1 << order) < first < count:
                    free[max(first, 0) : first + (1 << order)] = True
    return free


def _from_log(files: StateFiles, page: int) -> list[AreaNow]:
    """What the log of the boot says was reserved: where, and how large."""
    log = read_boot_log(files.text("dmesg") or "")
    names = list(parse_cma_sysfs(files.text("cmasysfs") or ""))
    called = names if len(names) == len(log.areas) == 1 else [f"area {i}" for i in range(len(log.areas))]
    return [
        AreaNow(name, start // page, (end - start) // page, 0)
        for name, (start, end) in zip(called, log.areas, strict=True)
    ]


def _with_words(area: AreaNow, files: StateFiles) -> AreaNow:
    words = [
        None if raw is None else frame_words(raw, area.count)
        for raw in (files.frames(name, area.base_pfn, area.count) for name in ("kpageflags", "kpagecount"))
    ]
    return replace(area, flags=words[0], mappings=words[1])
