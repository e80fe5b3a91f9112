"""What a recording's load did to its contiguous areas, in a line of figures.

From the trace alone: an area's frames are in use when they are neither free nor part of a
contiguous buffer.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from recorder.lines import Line, number, read_lines
from recorder.verify import Frames, Replay, between, entries, frame_of, free_frames, load_snapshot

_BEGIN, _END = "GT_wl_start", "GT_wl_end"
"""The load's marks in the trace."""
_FILE_PAGE = re.compile(r"dev (\d+):\d+ ino ([0-9a-f]+) .*\bpfn=(0x[0-9a-f]+)")
_DEVICE_NUMBER = 1 << 20
"""A block device's own inode is numbered as the device is, major << 20 | minor, on a device 0:x."""


@dataclass
class Figures:
    """One load's figures."""

    calls: int = 0
    failed: int = 0
    migrated: int = 0
    """frames moved for contiguous calls: nr_succeeded of mm_migrate_pages"""
    blockers: Counter[str] = field(default_factory=Counter)
    """what the first frame held that was still in use in each range that was busy"""
    use: float = 0.0
    """mean share of the areas in ordinary use, over the load's time"""

    def __str__(self) -> str:
        named = ", ".join(f"{kind} {count}" for kind, count in self.blockers.most_common()) or "none"
        return (
            f"area in use {self.use:.1%}, {self.calls} calls, {self.failed} failed,"
            f" {self.migrated:,} frames migrated, busy ranges: {named}"
        )


def figures(recording: Path) -> Figures:
    """The figures of a recording's load."""
    before, after = load_snapshot(recording, "A"), load_snapshot(recording, "B")
    free = free_frames(before)
    inside = np.zeros(len(free), np.bool_)
    for area in before["cma"]:
        inside[area["base_pfn"] : area["base_pfn"] + area["count"]] = True
    account = Account(free, inside)
    lines = read_lines(recording / "trace.txt.zst")
    for line in between(lines, entries(before), entries(after)):
        account.line(line)
    return account.figures


class Account:
    """Figures, as the trace goes on.  Bulk allocations are not movable: none are in an area."""

    def __init__(self, free: Frames, inside: Frames) -> None:
        self.figures = Figures()
        self._replay, self._inside = Replay(free), inside
        self._held = np.zeros_like(free)
        self._kind: dict[int, str] = {}
        self._began: float | None = None
        self._calling: set[str] = set()
        """tasks that are in a contiguous call"""
        self._used = self._in_use(slice(None))
        self._now, self._frame_seconds = 0.0, 0.0

    def line(self, line: Line) -> None:
        """Take an event into account; outside the load it only changes what is free."""
        if line.event == "print":
            self._mark(line)
        frames = _frames(line)
        if frames is None or not self._inside[frames].any():
            self._replay.line(line)
        else:
            self._advance(line.time)
            self._used -= self._in_use(frames)
            self._replay.line(line)
            self._hold(line, frames)
            self._used += self._in_use(frames)
        self._kinds(line)
        self._calls(line)
        if self._began is not None:
            self._count(line)

    def _mark(self, line: Line) -> None:
        if _BEGIN in line.text:
            self._began = self._now = line.time
            self._frame_seconds = 0.0
        elif _END in line.text and self._began is not None:
            self._advance(line.time)
            time, frames = line.time - self._began, int(self._inside.sum())
            self.figures.use = self._frame_seconds / time / frames if time and frames else 0.0
            self._began = None

    def _advance(self, time: float) -> None:
        self._frame_seconds += self._used * (time - self._now)
        self._now = time

    def _in_use(self, frames: slice) -> int:
        """How many of some frames are the areas', and in use."""
        taken = ~(self._replay.free[frames] | self._held[frames])
        return int(np.count_nonzero(self._inside[frames] & taken))

    def _hold(self, line: Line, frames: slice) -> None:
        """Frames that a contiguous call has taken are held until they go back, or are anybody's again."""
        isolated = line.event == "isolfree" and line.task in self._calling
        taken = line.event == "cma_alloc_finish" and not number(line.text, "errorno")
        self._held[frames] = taken or (isolated and not self._replay.compacts(line.task))

    def _calls(self, line: Line) -> None:
        if line.event == "cma_alloc_start":
            self._calling.add(line.task)
        elif line.event == "cma_alloc_finish":
            self._calling.discard(line.task)

    def _kinds(self, line: Line) -> None:
        if line.event == "mm_page_alloc" and (pfn := number(line.text, "pfn")):
            self._kind[pfn] = "anonymous" if "GFP_HIGHUSER_MOVABLE" in line.text else "kernel"
        elif line.event == "mm_filemap_add_to_page_cache" and (match := _FILE_PAGE.search(line.text)):
            device = match[1] == "0" and int(match[2], 16) >= _DEVICE_NUMBER
            self._kind[int(match[3], 16)] = "block device" if device else "file"

    def _count(self, line: Line) -> None:
        found = self.figures
        if line.event == "cma_alloc_finish":
            found.calls += 1
            found.failed += bool(number(line.text, "errorno"))
        elif line.event == "mm_migrate_pages" and "contig_range" in line.text:
            found.migrated += number(line.text, "nr_succeeded") or 0
        elif line.event == "cma_alloc_busy_retry":
            found.blockers[self._blocker(line)] += 1

    def _blocker(self, line: Line) -> str:
        """What the first frame in use holds, of a busy range: ranges are emptied from their start."""
        pfn, count = number(line.text, "pfn") or 0, number(line.text, "count") or 0
        used = np.flatnonzero(~self._replay.free[pfn : pfn + count])
        return self._kind.get(pfn + int(used[0]), "unknown") if len(used) else "gone"


def _frames(line: Line) -> slice | None:
    """The frames that an event takes, holds or gives back; None for other events."""
    if line.event in ("isolfree", "putback"):
        page = number(line.text, "page")
        pfn = None if page is None else frame_of(page)
    elif line.event in ("mm_page_alloc", "mm_page_free", "cma_alloc_finish"):
        pfn = number(line.text, "pfn")
    else:
        return None
    size = number(line.text, "count") or 1 << (number(line.text, "order") or 0)
    return None if pfn is None else slice(pfn, pfn + size)
