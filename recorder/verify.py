"""Is a recording complete?  Its trace, replayed from snapshot A, must lead to B's free frames.

Only what the trace says is used: allocations, frees, bulk allocations, isolated chunks, contiguous calls.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recorder.errors import RecorderError
from recorder.lines import Line, number, read_lines

_VMEMMAP, _STRUCT_PAGE = 0xFFFFEA0000000000, 64
_PCP_TYPES, _LOW_LISTS, _HUGE_ORDER = 3, 12, 9
"""Per-cpu lists: three types of each order from 0 to 3, then those of huge pages."""
_BULK_PAGE = re.compile(r" p(\d+)=(0x[0-9a-f]+)")

_RANGE = re.compile(r"range=\((0x[0-9a-f]+) ~ (0x[0-9a-f]+)\)")

Frames = NDArray[np.bool_]
"""True where a frame is free"""


@dataclass(frozen=True)
class Verdict:
    """What a replay found."""

    events: int
    """between the snapshots"""
    bulk: int
    """frames of bulk allocations"""
    surprises: int
    """allocations of a frame that was not free, frees of one that was"""
    only_replayed: list[int]
    """frames that the replay has free at the end, and the snapshot not"""
    only_recorded: list[int]

    @property
    def wrong(self) -> int:
        """Frames that differ at the end."""
        return len(self.only_replayed) + len(self.only_recorded)

    def __str__(self) -> str:
        text = f"{self.events} events from A to B: {self.wrong} frames wrong, {self.surprises} surprises"
        some = ", ".join(hex(pfn) for pfn in (self.only_replayed + self.only_recorded)[:8])
        return text + (f" ({some})" if some else "")


def verify(recording: Path) -> Verdict:
    """Replay a recording's trace from A to B."""
    before, after = load_snapshot(recording, "A"), load_snapshot(recording, "B")
    free, expected = free_frames(before), free_frames(after)
    replay = Replay(free)
    for line in between(read_lines(recording / "trace.txt.zst"), entries(before), entries(after)):
        replay.line(line)
    return Verdict(
        replay.events,
        replay.bulk,
        replay.surprises,
        np.flatnonzero(free & ~expected).tolist(),
        np.flatnonzero(expected & ~free).tolist(),
    )


def load_snapshot(recording: Path, moment: str) -> dict[str, Any]:
    """The allocator at a moment, as it is recorded; RecorderError where it is not."""
    path = recording / f"snap.{moment}.json.gz"
    try:
        with gzip.open(path, "rt") as file:
            snapshot: dict[str, Any] = json.load(file)
    except (OSError, EOFError, ValueError) as error:
        raise RecorderError(f"{path}: cannot be read ({error}); expected a recording's snapshot") from error
    return snapshot


def free_frames(snapshot: dict[str, Any]) -> Frames:
    """The frames on free lists and per-cpu lists."""
    free = np.zeros(max(zone["start_pfn"] + zone["spanned"] for zone in snapshot["zones"]), np.bool_)
    for pfn, order in _chunks(snapshot):
        free[pfn : pfn + (1 << order)] = True
    return free


def _chunks(snapshot: dict[str, Any]) -> Iterator[tuple[int, int]]:
    """First frame and order of every free chunk."""
    for zone in snapshot["zones"]:
        for order, lists in zone["free"].items():
            yield from ((pfn, int(order)) for frames in lists.values() for pfn in frames)
        for pcp in zone["pcp"]:
            for i, frames in enumerate(pcp["lists"]):
                yield from ((pfn, i // _PCP_TYPES if i < _LOW_LISTS else _HUGE_ORDER) for pfn in frames)


def entries(snapshot: dict[str, Any]) -> list[int]:
    """Lines that each CPU had written to the trace."""
    buffers = snapshot["trace"]
    return [int(buffer["entries"]) for buffer in buffers.get("cap", buffers["global"])]


def between(lines: Iterable[Line], first: list[int], last: list[int]) -> Iterator[Line]:
    """The lines that each CPU wrote between two snapshots."""
    written = [0] * len(first)
    for line in lines:
        written[line.cpu] += 1
        if first[line.cpu] < written[line.cpu] <= last[line.cpu]:
            yield line


class Replay:
    """Free frames, as the trace changes them.

    A page that compaction wanted as a target and could not use goes back to compaction's own list
    with a mm_page_free, and is not free (compaction_free, 6.12).
    """

    def __init__(self, free: Frames) -> None:
        self.free = free
        self.events = self.bulk = self.surprises = 0
        self._task = ""
        """who did what is replayed"""
        self._targets: dict[str, set[int]] = {}
        """frames that each running compaction took for targets, by task"""
        self._migrating: set[str] = set()
        """tasks that are just migrating pages of a compaction"""
        self._kinds = {
            "mm_migrate_pages_start": self._begin_migration,
            "mm_migrate_pages": self._end_migration,
            "mm_compaction_isolate_migratepages": self._scanned,
            "mm_compaction_begin": self._begin_compaction,
            "mm_compaction_end": self._end_compaction,
            "mm_page_alloc": self._allocated,
            "mm_page_free": self._freed,
            "bulk": self._bulk_allocated,
            "isolfree": self._isolated,
            "putback": self._put_back,
            "cma_alloc_finish": self._contiguous,
        }

    def line(self, line: Line) -> None:
        """Do what an event says."""
        self.events += 1
        self._task = line.task
        if kind := self._kinds.get(line.event):
            kind(line.text)

    def compacts(self, task: str) -> bool:
        """Whether a task is within a compaction: chunks that it isolates are targets."""
        return task in self._targets

    def _take(self, first: int, count: int) -> None:
        self.surprises += not self.free[first : first + count].all()
        self.free[first : first + count] = False

    def _give(self, first: int, count: int) -> None:
        self.surprises += bool(self.free[first : first + count].any())
        self.free[first : first + count] = True

    def _allocated(self, text: str) -> None:
        pfn, order = number(text, "pfn"), number(text, "order")
        if pfn and order is not None:  # 0: the request failed
            self._take(pfn, 1 << order)

    def _freed(self, text: str) -> None:
        pfn, order = number(text, "pfn"), number(text, "order")
        if pfn is None or order is None or self._goes_back(pfn):
            return
        self._give(pfn, 1 << order)

    def _goes_back(self, pfn: int) -> bool:
        """Whether a freed frame is a target that goes back to compaction's own list."""
        return self._task in self._migrating and pfn in self._targets.get(self._task, ())

    def _begin_migration(self, text: str) -> None:
        if "reason=compaction" in text:
            self._migrating.add(self._task)

    def _end_migration(self, _text: str) -> None:
        self._migrating.discard(self._task)

    def _begin_compaction(self, _text: str) -> None:
        self._targets[self._task] = set()

    def _end_compaction(self, _text: str) -> None:
        """All targets that were not used have been freed; the others are in use."""
        self._targets.pop(self._task, None)

    def _scanned(self, text: str) -> None:
        """Where pages to move were found there is no target: one that was used is moved again."""
        targets = self._targets.get(self._task)
        if targets and (found := _RANGE.search(text)):
            targets.difference_update(range(int(found[1], 16), int(found[2], 16)))

    def _bulk_allocated(self, text: str) -> None:
        """Pages from the per-cpu lists; or one by an ordinary allocation, which has its own event."""
        count = number(text, "n") or 0
        for i, page in _BULK_PAGE.findall(text):
            if int(i) < count and int(page, 16) >= _VMEMMAP:
                pfn = frame_of(int(page, 16))
                if count > 1 or self.free[pfn]:
                    self._take(pfn, 1)
                self.bulk += 1

    def _isolated(self, text: str) -> None:
        """Compaction or a contiguous call takes a free chunk off its list."""
        page, order = number(text, "page"), number(text, "order")
        if page is not None and order is not None:
            self._take(pfn := frame_of(page), 1 << order)
            if self._task in self._targets:
                self._targets[self._task].update(range(pfn, pfn + (1 << order)))

    def _put_back(self, text: str) -> None:
        """When a pageblock's isolation ends, a large free chunk is taken off its list and put on another."""
        page, order = number(text, "page"), number(text, "order")
        if page is not None and order is not None:
            self._give(frame_of(page), 1 << order)

    def _contiguous(self, text: str) -> None:
        pfn, count, error = number(text, "pfn"), number(text, "count"), number(text, "errorno")
        if pfn and count and not error and pfn + count <= len(self.free):
            self.surprises += bool(
                self.free[pfn : pfn + count].any()
            )  # each was isolated or allocated before
            self.free[pfn : pfn + count] = False


def frame_of(page: int) -> int:
    """The frame of a struct page."""
    return (page - _VMEMMAP) // _STRUCT_PAGE
