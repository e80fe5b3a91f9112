"""Physical memory over time: what each row of frames held at each of many moments of a recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.events import EVENT_ID, PageFlag
from zonecma.capture.recording import Recording, load_markers
from zonecma.capture.snapshot import Snapshot
from zonecma.capture.trace import Trace
from zonecma.errors import InputError
from zonecma.kernel.rules import NEWEST, rules_for
from zonecma.kernel.zone import NO_ZONE
from zonecma.lab.blockers import kind_by_gfp, names_device
from zonecma.lab.explanation import Kind
from zonecma.lab.replay import recorded_machine
from zonecma.machine.machine import Area, Machine, Zone
from zonecma.progress import Progress, no_progress
from zonecma.workload.contiguous import Follower
from zonecma.workload.from_trace import lines_before
from zonecma.workload.holders import NO_PART, NR_HOLDERS, Holder, Reading, Sample, count_holders
from zonecma.workload.lives import CONTIGUOUS as HELD_CONTIGUOUS
from zonecma.workload.lives import IN_BUDDY, NOBODY, ON_PCP, UNSEEN, Lives
from zonecma.workload.occupancy import CONTIGUOUS, FREE, IN_USE, frames_shown

MOMENTS = 320
"""At which memory is looked at."""
MOST_ROWS = 768
"""A machine with more pageblocks has rows of several."""
_MOST_PARTS = NO_PART

_HOLDERS = {
    Kind.ANONYMOUS: Holder.ANONYMOUS,
    Kind.TMPFS: Holder.ANONYMOUS,
    Kind.FILE: Holder.FILE,
    Kind.BLOCKDEV: Holder.BUFFER,
    Kind.BUFFER: Holder.BUFFER,
    Kind.USER: Holder.USER,
    Kind.MOVED: Holder.MOVED,
    Kind.KERNEL: Holder.KERNEL,
}
"""Of the kinds that an allocation's gfp mask tells."""


@dataclass(frozen=True)
class PageMap:
    """Memory at some moments, ascending.  Times are ns of the trace's clock, sizes frames."""

    recording: str
    kernel: str
    times: NDArray[np.int64]
    """i8[moments]"""
    row_order: int
    """a row has ``1 << row_order`` frames, the first one from frame 0 on"""
    rows: NDArray[np.uint32]
    """u4[moments, rows, holders]: frames by row and Holder"""
    parts: NDArray[np.uint32]
    """u4[moments, parts, holders]: the same of all that is in no area, then of each area"""
    zones: tuple[Zone, ...]
    areas: tuple[Area, ...]
    page_kib: int
    pageblock_order: int
    nr_cpus: int
    load: tuple[int | None, int | None]
    """when the load began and ended; None: not in the trace"""
    nr_events: int
    """of the trace"""
    exact: bool = True
    """whether a snapshot tells which frames were free when it begins"""


def page_map(recording: Recording, progress: Progress = no_progress, moments: int = MOMENTS) -> PageMap:
    """Who held what, from a recording's snapshot A to snapshot B.

    Without these a start is drawn for the model; the map shows none of it, but what the trace tells alone.
    Raises InputError for a recording that is damaged or incomplete.
    """
    recorded = recorded_machine(recording, progress, rules_for(recording.release) or NEWEST)
    machine, trace, start, end = recorded.machine, recorded.trace, recorded.start, recorded.end
    first, last = (_first_after(trace, snapshot) for snapshot in (start, end))
    if first >= last:
        raise InputError(
            f"{recording.path}: the trace has no event between the snapshots; expected snapshot A before"
            " the load and snapshot B after it"
        )
    follower = Follower(trace, machine.nr_frames, machine.pageblock_order)
    follower.read_to(first)
    if recorded.known is None:
        show(follower.lives, start)
    times, rows, parts = _looks(follower, trace, machine, (first, last), moments, progress)
    return PageMap(
        recording=recording.name,
        kernel=recording.release,
        times=times,
        row_order=row_order_of(machine),
        rows=rows,
        parts=parts,
        zones=machine.zones,
        areas=machine.areas,
        page_kib=machine.page_kib,
        pageblock_order=machine.pageblock_order,
        nr_cpus=machine.nr_cpus,
        load=load_markers(trace),
        nr_events=len(trace.events),
        exact=recorded.known is None,
    )


def _first_after(trace: Trace, snapshot: Snapshot) -> int:
    """The first event after a snapshot, or the number of events."""
    after = ~lines_before(trace, snapshot.trace_lines)
    return int(np.argmax(after)) if after.any() else len(trace.events)


def show(lives: Lives, snapshot: Snapshot) -> None:
    """Put frames right that the trace does not have as a snapshot shows them."""
    frames, shown = lives.frames, frames_shown(snapshot, lives.frames.size)
    said_free = np.isin(frames["held"], (ON_PCP, IN_BUDDY))
    for wrong, held in (
        ((shown == FREE) & ~said_free, IN_BUDDY),
        ((shown == IN_USE) & said_free, UNSEEN),
        ((shown == CONTIGUOUS) & (frames["held"] != HELD_CONTIGUOUS), HELD_CONTIGUOUS),
    ):
        frames["held"][wrong], frames["signs"][wrong] = held, 0
        frames["since"][wrong] = frames["cached"][wrong] = NOBODY


def row_order_of(machine: Machine) -> int:
    """A pageblock, or so many that there are not too many rows."""
    order = machine.pageblock_order
    while -(-machine.nr_frames >> order) > MOST_ROWS:
        order += 1
    return order


def _looks(
    follower: Follower,
    trace: Trace,
    machine: Machine,
    events: tuple[int, int],
    moments: int,
    progress: Progress,
) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.uint32]]:
    """Look at memory at moments as far from each other, between the first of these events and the last."""
    first, last = events
    span = trace.events["time"][first:last]
    times = np.linspace(span[0], span.max(), moments).astype(np.int64)
    order = row_order_of(machine)
    reading = Reading(_parts(machine), _said(trace), signs_of_flags(), order)
    nr_rows = -(-machine.nr_frames >> order)
    rows = np.zeros((moments, nr_rows, NR_HOLDERS), np.uint32)
    parts = np.zeros((moments, 1 + len(machine.areas), NR_HOLDERS), np.uint32)
    for number, until in enumerate(_up_to(span, times)):
        progress("drawing memory", number, moments)
        follower.read_to(first + int(until))
        count_holders(follower.lives, reading, Sample(rows[number], parts[number]))
    return times, rows, parts


def _up_to(times: NDArray[np.int64], moments: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many events were over at each moment; CPUs' events are in the order of the text."""
    found: NDArray[np.int64] = np.searchsorted(np.maximum.accumulate(times), moments, side="right")
    return found


def _parts(machine: Machine) -> NDArray[np.uint8]:
    part = np.where(machine.zone_of_frames() == NO_ZONE, NO_PART, 0).astype(np.uint8)
    for number, area in enumerate(machine.areas[: _MOST_PARTS - 1], 1):
        part[area.base_pfn : area.end_pfn] = number
    return part


def _said(trace: Trace) -> NDArray[np.uint8]:
    """u1[events]: what each event says of its pages."""
    events = trace.events
    said = np.full(len(events), Holder.KERNEL, np.uint8)
    masks, which = np.unique(events["gfp"], return_inverse=True)
    said[:] = np.array([_HOLDERS[kind_by_gfp(int(mask))] for mask in masks], np.uint8)[which]
    said[events["event"] == EVENT_ID["bulk_page"]] = Holder.KERNEL  # its mask is not seen: mostly sockets'
    for number in np.flatnonzero(events["event"] == EVENT_ID["mm_filemap_add_to_page_cache"]):
        said[number] = Holder.BUFFER if names_device(events[number]) else Holder.FILE
    return said


def signs_of_flags() -> NDArray[np.uint8]:
    """u1[256]: what a page's flags at its LRU insertion say of it."""
    flags = np.arange(256)
    signs = np.full(256, Holder.ABSENT, np.uint8)
    signs[flags & PageFlag.FILE != 0] = Holder.FILE
    signs[flags & (PageFlag.SWAPBACKED | PageFlag.ANONYMOUS) != 0] = Holder.ANONYMOUS  # tmpfs has FILE, too
    return signs


def area_use(found: PageMap) -> NDArray[np.float64]:
    """f8[moments]: share of the areas' frames in ordinary use, as Outcome.area_use_mean has it."""
    areas = found.parts[:, 1:].sum(axis=1)
    used = areas.sum(axis=1) - areas[:, Holder.FREE] - areas[:, Holder.CONTIGUOUS]
    share: NDArray[np.float64] = used / np.maximum(areas.sum(axis=1), 1)
    return share


def part_names(areas: Sequence[Area]) -> tuple[str, ...]:
    """How the parts of memory are called."""
    return ("outside the areas", *(area.name for area in areas))
