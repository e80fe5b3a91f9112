"""What compaction gives back to itself: frees that the trace tells of and that free nothing.

A target that could not be used goes back to compaction's own list (compaction_free).  Since 6.10
that runs through free_pages_prepare, which prints mm_page_free.  Only what is left at the end is
freed (release_free_list, 6.12), and that is after the migration.  kcompactd and direct compactors
may be at work at once: each task has a compaction of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.events import EVENT_ID
from zonecma.kernel.jit import jit, primitive

NONE = 0
NO_ZONE = -1
_BEGIN = EVENT_ID["mm_compaction_begin"]
_END = EVENT_ID["mm_compaction_end"]
_SCANNED = EVENT_ID["mm_compaction_isolate_migratepages"]
_START = EVENT_ID["mm_migrate_pages_start"]
_DONE = EVENT_ID["mm_migrate_pages"]
_SEARCHED = EVENT_ID["mm_compaction_fast_isolate_freepages"]
_SUITABLE = EVENT_ID["mm_compaction_suitable"]
_FINISHED = EVENT_ID["mm_compaction_finished"]
_AWAKE = EVENT_ID["mm_compaction_kcompactd_wake"]
_ISOLFREE = EVENT_ID["isolfree"]


class Compactions(NamedTuple):
    """The compactions that run, numbered from 1 in the order of their beginning."""

    running: NDArray[np.int32]
    """i4[words]: the compaction that a task is in; NONE"""
    migrating: NDArray[np.uint8]
    """u1[words]: 1 while a task migrates pages for compaction"""
    taker: NDArray[np.int32]
    """i4[frames]: the compaction that took a free frame as a target; NONE"""
    begun: NDArray[np.int32]
    """i4[1]: how many there have been"""
    zone: NDArray[np.int32]
    """i4[words]: first frame of the zone that a task compacts, or kcompactd has just compacted; NO_ZONE"""
    daemon: NDArray[np.uint8]
    """u1[words]: 1 for kcompactd"""
    order: NDArray[np.uint8]
    """u1[words]: for chunks of which order a task compacts"""
    sources: NDArray[np.int32]
    """i4[words]: where a task's compaction looks for pages to move (migrate_pfn)"""
    targets: NDArray[np.int32]
    """i4[words]: where it looks for targets (free_pfn), as far as it told"""
    taken_at: NDArray[np.int64]
    """i8[words]: the event with which a task last took a free chunk"""
    reason: NDArray[np.uint8]
    """u1[words]: 1 for the word by which a migration says that it serves compaction"""


def no_compactions(frames: int, texts: Sequence[str]) -> Compactions:
    """None is running."""
    return Compactions(
        running=np.zeros(len(texts), np.int32),
        migrating=np.zeros(len(texts), np.uint8),
        taker=np.zeros(frames, np.int32),
        begun=np.zeros(1, np.int32),
        zone=np.full(len(texts), NO_ZONE, np.int32),
        daemon=np.array([text.startswith("kcompactd") for text in texts], np.uint8),
        order=np.zeros(len(texts), np.uint8),
        sources=np.zeros(len(texts), np.int32),
        targets=np.zeros(len(texts), np.int32),
        taken_at=np.zeros(len(texts), np.int64),
        reason=np.array([text == "compaction" for text in texts], np.uint8),
    )


@primitive
def _end(compactions: Compactions, task: int) -> None:
    """A compaction ends; kcompactd empties the zone's per-cpu lists afterwards (kcompactd_do_work)."""
    compactions.running[task] = NONE
    if not compactions.daemon[task]:
        compactions.zone[task] = NO_ZONE


@jit
def follow(compactions: Compactions, event: Any, i: int) -> None:
    """Keep up with event ``i``, if it tells of a compaction."""
    what, task = event.event, event.task
    if what == _SUITABLE or what == _FINISHED or what == _AWAKE:
        compactions.order[task] = event.order
    if what == _BEGIN:
        compactions.begun[0] += 1
        compactions.running[task], compactions.zone[task] = compactions.begun[0], event.pfn
        compactions.sources[task], compactions.targets[task] = event.a, event.b
    elif what == _END:
        _end(compactions, task)
    elif what == _START:
        compactions.migrating[task] = compactions.reason[event.d]
    elif what == _DONE:
        compactions.migrating[task] = 0
    elif what == _ISOLFREE:
        compactions.taker[event.pfn : event.pfn + (1 << event.order)] = compactions.running[task]
        compactions.taken_at[task] = i
    elif what == _SCANNED and compactions.running[task] != NONE:
        # What is to be moved from there is in use: a target that was filled is moved again.
        compactions.taker[event.pfn : event.a] = NONE
        compactions.sources[task] = event.a
    elif what == _SEARCHED:
        compactions.targets[task] = event.a


@primitive
def keeps(compactions: Compactions, event: Any) -> bool:
    """Whether a freed frame is a target that its compaction puts back on its own list."""
    if not compactions.migrating[event.task] or compactions.taker[event.pfn] == NONE:
        return False
    return compactions.taker[event.pfn] == compactions.running[event.task]  # type: ignore[no-any-return]
