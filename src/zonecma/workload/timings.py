"""How long steps of memory management took, by a trace's time stamps: one pass collects samples.

What a task does while no other task tells anything on its CPU is a stint of it; most samples lie
within one.  A program's turn lasts until another program tells something: kernel workers do not end
it.  All times are those of a kernel that is being traced.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.events import EVENT_ID
from zonecma.kernel.gfp import GFP_HIGHUSER_MOVABLE, Gfp
from zonecma.kernel.jit import entry, jit, primitive
from zonecma.kernel.state import Records
from zonecma.workload.ticks import KWORKER

# SAMPLE.kind
REFILLED, RELEASED, FAULTED, SCANNED, RECLAIMED, MIGRATED = range(6)
ISOLATED, DRAINED, COMPACTED, WRITTEN, SWAPPED_OUT, SWAPPED_IN = range(6, 12)
NOTHING = 255

LONGEST = 32
"""Steps that one sample of successive ones has at most: a stall spoils few, and a microsecond is no more
than a thirtieth of one"""
_NO_STINT = 0

_FAULT = np.uint32(GFP_HIGHUSER_MOVABLE | Gfp.ZERO)
_ALLOC = EVENT_ID["mm_page_alloc"]
_REFILL = EVENT_ID["mm_page_alloc_zone_locked"]
_LRU_INSERTION = EVENT_ID["mm_lru_insertion"]
_FREE = EVENT_ID["mm_page_free"]
_FREE_BATCHED = EVENT_ID["mm_page_free_batched"]
_PCPU_DRAIN = EVENT_ID["mm_page_pcpu_drain"]
_LRU_ISOLATE = EVENT_ID["mm_vmscan_lru_isolate"]
_SHRUNK = EVENT_ID["mm_vmscan_lru_shrink_inactive"]
_MIGRATION_START = EVENT_ID["mm_migrate_pages_start"]
_MIGRATION_END = EVENT_ID["mm_migrate_pages"]
_CMA_START = EVENT_ID["cma_alloc_start"]
_ISOLATE = EVENT_ID["mm_compaction_isolate_migratepages"]
_ISOLATE_FREE = EVENT_ID["mm_compaction_isolate_freepages"]
_ISOLATE_FAST = EVENT_ID["mm_compaction_fast_isolate_freepages"]
_COMPACTION_BEGIN = EVENT_ID["mm_compaction_begin"]
_COMPACTION_MOVED = EVENT_ID["mm_compaction_migratepages"]
_COMPACTION_END = EVENT_ID["mm_compaction_end"]
_WRITE_START = EVENT_ID["writeback_start"]
_WRITE_INODE = EVENT_ID["writeback_single_inode"]
_SWAPOUT = EVENT_ID["swapout"]
_SWAPIN = EVENT_ID["swapin"]
_LOST = EVENT_ID["lost"]

SAMPLE = np.dtype([("time", "i8"), ("units", "i8"), ("beside", "i8"), ("kind", "u1")], align=True)
"""So many nanoseconds for so many steps, and for so many of another kind that the stretch holds too."""

_CPU = np.dtype([("task", "i8"), ("stint", "i8"), ("program", "i8"), ("turn", "i8")], align=True)
_RUN = np.dtype(
    [("kind", "u1"), ("stint", "i8"), ("begin", "i8"), ("last", "i8"), ("units", "i8")], align=True
)
_BATCH = np.dtype([("stint", "i8"), ("begin", "i8"), ("prepared", "i8"), ("listed", "i8")], align=True)
_SPAN = np.dtype(
    [
        ("kind", "u1"),
        ("stint", "i8"),
        ("turn", "i8"),
        ("begin", "i8"),
        ("middle", "i8"),
        ("units", "i8"),
        ("beside", "i8"),
    ],
    align=True,
)
_WAIT = np.dtype([("kind", "u1"), ("begin", "i8")], align=True)


class Timings(NamedTuple):
    """What each CPU and task is at, and the samples so far."""

    cpu: Records
    """_CPU[cpus]: whose stint it is, and which program's turn"""
    stints: NDArray[np.int64]
    """i8[2]: stints and turns so far, on all CPUs"""
    worker: NDArray[np.bool_]
    """b1[words]: True for a kernel worker"""
    run: Records
    """_RUN[words]: successive steps of one kind, by task"""
    batch: Records
    """_BATCH[words]: a batch of frees, by task"""
    span: Records
    """_SPAN[words]: a stretch between two events of a pair, by task"""
    wait: Records
    """_WAIT[words]: what lasts to the task's next event"""
    contiguous: NDArray[np.bool_]
    """b1[words]: True for the word by which a migration says that it serves a contiguous call"""
    block_pages: NDArray[np.int64]
    """i8[1]: frames of a pageblock"""
    samples: Records
    """SAMPLE[]"""
    nr_samples: NDArray[np.int64]
    """i8[1]"""


def samples_of(events: NDArray[Any], texts: tuple[str, ...], pageblock_order: int) -> NDArray[Any]:
    """SAMPLE[]: what events tell, in their order."""
    timings = _nothing_yet(events, texts, pageblock_order)
    _collect(timings, events.view(np.recarray))
    return timings.samples[: timings.nr_samples[0]].view(np.ndarray)


def _nothing_yet(events: NDArray[Any], texts: tuple[str, ...], pageblock_order: int) -> Timings:
    cpu = _records(int(events["cpu"].max(initial=0)) + 1, _CPU)
    cpu.task = cpu.program = -1
    run, span, wait = (_records(len(texts), dtype) for dtype in (_RUN, _SPAN, _WAIT))
    run.kind = span.kind = wait.kind = NOTHING
    return Timings(
        cpu=cpu,
        stints=np.zeros(2, np.int64),
        worker=np.array([text.startswith(KWORKER) for text in texts]),
        run=run,
        batch=_records(len(texts), _BATCH),
        span=span,
        wait=wait,
        contiguous=np.array([text == "contig_range" for text in texts]),
        block_pages=np.array([1 << pageblock_order]),
        samples=_records(2 * len(events), SAMPLE),  # an event begins one, or two
        nr_samples=np.zeros(1, np.int64),
    )


def _records(size: int, dtype: np.dtype[Any]) -> Records:
    return np.zeros(size, dtype).view(np.recarray)


@primitive
def _note(t: Timings, kind: int, time: int, units: int, beside: int) -> None:
    sample = t.samples[t.nr_samples[0]]
    sample.kind, sample.time, sample.units, sample.beside = kind, time, units, beside
    t.nr_samples[0] += 1


@jit
def _stint(t: Timings, event: Any) -> int:
    """The number of the stint that an event belongs to."""
    cpu, lost = t.cpu[event.cpu], event.event == _LOST
    if cpu.task != event.task or lost:
        t.stints[0] += 1
        cpu.task, cpu.stint = event.task, t.stints[0]
    if lost or (cpu.program != event.task and not t.worker[event.task]):
        t.stints[1] += 1
        cpu.program, cpu.turn = event.task, t.stints[1]
    return cpu.stint  # type: ignore[no-any-return]


@jit
def _forget(t: Timings) -> None:
    """Events are missing: what is not over might have been."""
    for task in range(t.span.size):
        t.span[task].kind = t.wait[task].kind = NOTHING


@primitive
def _run_kind(event: Any) -> int:
    """Which run an event goes on with."""
    if event.order == 0:
        if event.event == _REFILL and event.a == 1:
            return REFILLED
        if event.event == _ALLOC and event.gfp & _FAULT == _FAULT:
            return FAULTED
    return NOTHING


@jit
def _follow_run(t: Timings, event: Any, stint: int) -> None:
    """Frames that one refill fetches (rmqueue_bulk), first touches (do_anonymous_page): from one to the next.

    New pages go to the LRU lists a batch at a time (folio_add_lru), which the next touch pays for.
    """
    run, kind = t.run[event.task], _run_kind(event)
    goes_on = run.stint == stint
    if goes_on and run.kind == FAULTED and event.event == _LRU_INSERTION:
        return
    if goes_on and run.kind == kind:
        run.last = event.time
        run.units += 1
        if run.units < LONGEST:
            return
    if run.kind != NOTHING and run.units > 0:
        _note(t, run.kind, run.last - run.begin, run.units, 0)
    run.kind, run.stint, run.begin, run.units = kind, stint, event.time, 0


@jit
def _follow_batch(t: Timings, event: Any, stint: int) -> None:
    """Batches of frees: from the first frame of one to the first of the next.

    A batch's frames are prepared one after the other, then put on their lists (free_unref_folios).
    """
    batch, what = t.batch[event.task], event.event
    goes_on = batch.stint == stint
    if what == _FREE and event.order == 0:
        if goes_on and batch.listed == 0:
            batch.prepared += 1
            return
        if goes_on and batch.listed == batch.prepared:
            _note(t, RELEASED, event.time - batch.begin, batch.listed, 0)
        batch.stint, batch.begin, batch.prepared, batch.listed = stint, event.time, 1, 0
    elif what == _FREE_BATCHED:
        batch.listed += 1
    elif what != _PCPU_DRAIN:
        batch.stint = _NO_STINT


@primitive
def _open(span: Any, kind: int, event: Any, stint: int, units: int) -> None:
    span.kind, span.stint, span.begin, span.middle = kind, stint, event.time, event.time
    span.units, span.beside = units, 0


@jit
def _follow_reclaim(t: Timings, event: Any, stint: int) -> None:
    """A list's pages are taken and looked at (shrink_inactive_list).

    Where some are freed, looking at all is charged beside; where some are written, nothing is told.
    """
    span = t.span[event.task]
    if event.event == _LRU_ISOLATE:
        _open(span, RECLAIMED, event, stint, 0)
    elif event.event == _SWAPOUT and span.kind == RECLAIMED:
        span.kind = NOTHING
    elif event.event == _SHRUNK and span.kind == RECLAIMED:
        if span.stint == stint and event.b > 0:
            _note(t, RECLAIMED, event.time - span.begin, event.b, event.a)
        elif span.stint == stint and event.a > 0:
            _note(t, SCANNED, event.time - span.begin, event.a, 0)
        span.kind = NOTHING


@jit
def _follow_migration(t: Timings, event: Any, stint: int) -> None:
    """A contiguous call moves some pages, and gets all of them away (migrate_pages)."""
    span = t.span[event.task]
    if event.event == _MIGRATION_START and t.contiguous[event.d]:
        _open(span, MIGRATED, event, stint, 0)
    elif event.event == _MIGRATION_END and span.kind == MIGRATED:
        if span.stint == stint and event.b == 0 and event.a > 0:
            _note(t, MIGRATED, event.time - span.begin, event.a, event.a)
        span.kind = NOTHING


@jit
def _follow_call(t: Timings, event: Any, stint: int) -> None:
    """A contiguous call's first range (alloc_contig_range), up to its first look for pages.

    Pageblocks are isolated and per-cpu lists drained by the caller itself, and it says of each chunk
    that it drains; after the last it waits for workers that drain all CPUs' pagevecs (lru_cache_disable).
    """
    span = t.span[event.task]
    if event.event == _CMA_START:
        _open(span, ISOLATED, event, stint, (event.a + t.block_pages[0] - 1) // t.block_pages[0])
        span.turn = t.cpu[event.cpu].turn
    elif span.kind == ISOLATED and event.event == _PCPU_DRAIN:
        span.middle = event.time
        if span.stint != stint:
            span.kind = NOTHING
    elif span.kind == ISOLATED and event.event == _ISOLATE:
        if span.middle > span.begin:
            _note(t, ISOLATED, span.middle - span.begin, span.units, 0)
            if span.turn == t.cpu[event.cpu].turn:
                _note(t, DRAINED, event.time - span.middle, 1, 0)
        span.kind = NOTHING


@jit
def _follow_compaction(t: Timings, event: Any, stint: int) -> None:
    """A zone's compaction (compact_zone): pages that both scanners look at, and beside them those moved."""
    span, what = t.span[event.task], event.event
    if what == _COMPACTION_BEGIN:
        _open(span, COMPACTED, event, stint, 0)
    elif span.kind != COMPACTED:
        return
    elif what == _ISOLATE or what == _ISOLATE_FREE or what == _ISOLATE_FAST:
        span.units += event.b
    elif what == _COMPACTION_MOVED:
        span.beside += event.a
    elif what == _COMPACTION_END:
        if span.stint == stint and span.units > 0:
            _note(t, COMPACTED, event.time - span.begin, span.units, span.beside)
        span.kind = NOTHING


@jit
def _follow_write(t: Timings, event: Any, stint: int) -> None:
    """The flusher writes a file's pages (writeback_sb_inodes), waiting where the disk's queue is full.

    A few pages would tell of the file system's own work.
    """
    span = t.span[event.task]
    if event.event == _WRITE_INODE and span.kind == WRITTEN and event.a >= LONGEST:
        _note(t, WRITTEN, event.time - span.begin, event.a, 0)
    if event.event == _WRITE_START or (event.event == _WRITE_INODE and span.kind == WRITTEN):
        _open(span, WRITTEN, event, stint, 0)


@jit
def _follow_swap(t: Timings, event: Any) -> None:
    """A page's way to swap (swap_writepage) or from it (swap_read_folio): to the task's next event."""
    wait = t.wait[event.task]
    if wait.kind != NOTHING:
        _note(t, wait.kind, event.time - wait.begin, 1, 1)
    wait.kind, wait.begin = NOTHING, event.time
    if event.event == _SWAPOUT:
        wait.kind = SWAPPED_OUT
    elif event.event == _SWAPIN:
        wait.kind = SWAPPED_IN


@entry
def _collect(t: Timings, events: NDArray[Any]) -> None:
    """Read events in order."""
    for i in range(events.size):
        event = events[i]
        stint = _stint(t, event)
        if event.event == _LOST:
            _forget(t)
        _follow_swap(t, event)
        _follow_run(t, event, stint)
        _follow_batch(t, event, stint)
        _follow_call(t, event, stint)
        _follow_migration(t, event, stint)
        _follow_reclaim(t, event, stint)
        _follow_compaction(t, event, stint)
        _follow_write(t, event, stint)
