"""The kernel's ring buffer, page by page, compiled: which event is where, and when it was.

A page is a stamp, the number of bytes that are written in it, and events: a word of type
(5 bits) and time since the one before (27 bits), then data (kernel/trace/ring_buffer.c, 6.12).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.events import EVENT_ID, NO_FRAME
from zonecma.capture.trace_cmd.event_format import PID_OFFSET, TYPE_OFFSET
from zonecma.kernel.jit import entry, primitive

PAGES_READ, PID_UNKNOWN, DAMAGED = 0, 1, 2
"""What ``walk`` found when it returned."""
PAGE_TOO_FULL, EVENT_TOO_LONG, PID_TOO_LARGE = 1, 2, 3
"""What is wrong where it is DAMAGED."""

PIDS = 1 << 22
"""PID_MAX_LIMIT (include/linux/threads.h) of a 64-bit kernel."""
SMALLEST_EVENT = 8
"""Bytes of an event's header and of the least data."""
_SMALLEST_DATA = PID_OFFSET + 4

# enum ring_buffer_type (include/linux/ring_buffer.h)
_LONG, _PADDING, _TIME_EXTEND, _TIME_STAMP = 0, 29, 30, 31
_DELTA_BITS = 27
_STAMP_BITS = 59
_COMMIT = (1 << 20) - 1
_MISSED, _MISSED_COUNTED = 1 << 31, 1 << 30
_EVENT_LOST = EVENT_ID["lost"]


class Walk(NamedTuple):
    """Where the walk through one CPU's pages stands."""

    at: NDArray[np.int64]
    """i8[5]: page's start, byte of the next event (0: the page is not begun), rows written, cpu, fault"""
    time: NDArray[np.int64]
    """i8[1]: the stamp of the event before"""


class Names(NamedTuple):
    """What numbers in the buffer stand for."""

    kind: NDArray[np.uint16]
    """u2[types]: index of the format by common_type; 0: not read"""
    event: NDArray[np.uint8]
    """u1[formats]: EVENT_ID of each format"""
    task: NDArray[np.uint32]
    """u4[PIDS]: the task's number; 0: not numbered yet"""


class Records(NamedTuple):
    """Where the events of the rows are."""

    kind: NDArray[np.uint16]
    """u2[rows]: index of the format"""
    start: NDArray[np.int64]
    """i8[rows]: first byte of its data"""
    size: NDArray[np.int64]
    """i8[rows]: bytes of its data"""


def empty_records(rows: int) -> Records:
    """Room for so many events."""
    return Records(np.empty(rows, np.uint16), np.empty(rows, np.int64), np.empty(rows, np.int64))


@primitive
def _four(data: NDArray[np.uint8], at: int) -> int:
    """Four bytes, little-endian."""
    at8 = np.uint64(at)
    low = np.int64(data[at8]) | np.int64(data[at8 + np.uint64(1)]) << 8
    high = np.int64(data[at8 + np.uint64(2)]) | np.int64(data[at8 + np.uint64(3)]) << 8
    return low | high << 16  # type: ignore[return-value]


@primitive
def _eight(data: NDArray[np.uint8], at: int) -> int:
    return _four(data, at) | _four(data, at + 4) << 32


@primitive
def _clear(row: Any) -> None:
    row.pfn = NO_FRAME
    row.a = row.b = row.c = row.d = row.e = 0
    row.gfp = row.task = row.line = 0
    row.order = row.migratetype = -1


@primitive
def _absolute(stamp: int, before: int) -> int:
    """A whole stamp of 59 bits, with the upper ones of the stamp before it (rb_fix_abs_ts)."""
    upper = before >> _STAMP_BITS << _STAMP_BITS
    if upper and stamp < before & ((1 << _STAMP_BITS) - 1):
        upper += 1 << _STAMP_BITS
    return stamp | upper


@primitive
def _begin_page(
    data: NDArray[np.uint8],
    page_size: int,
    data_offset: int,
    rows: NDArray[Any],
    records: Records,
    walk: Walk,
) -> int:
    """Read a page's head; returns where its events end, or -1 where it holds more than it can.

    A page before which events were lost says so, and how many if there was room (ring_buffer_read_page).
    """
    page = walk.at[0]
    commit = _four(data, page + 8)
    end = data_offset + (commit & _COMMIT)
    if end > page_size:
        return -1
    if walk.at[1] == 0:
        walk.at[1] = data_offset
        walk.time[0] = _eight(data, page)
        if commit & _MISSED:
            row = rows[walk.at[2]]
            _clear(row)
            row.event, row.cpu, row.time = _EVENT_LOST, walk.at[3], walk.time[0]
            if commit & _MISSED_COUNTED and end + 8 <= page_size:
                row.a = _eight(data, page + end)
            records.kind[walk.at[2]] = 0
            walk.at[2] += 1
    return end


@entry
def walk_pages(
    data: NDArray[np.uint8],
    length: int,
    page_size: int,
    data_offset: int,
    names: Names,
    rows: NDArray[Any],
    records: Records,
    walk: Walk,
) -> int:
    """Read whole pages of ``data[:length]`` from the walk on: PAGES_READ, PID_UNKNOWN or DAMAGED.

    Of each event its time, CPU, task and number go into a row; what else it says is decoded later.
    """
    while walk.at[0] + page_size <= length:
        page = walk.at[0]
        end = _begin_page(data, page_size, data_offset, rows, records, walk)
        if end < 0:
            walk.at[4] = PAGE_TOO_FULL
            return DAMAGED
        while walk.at[1] + 4 <= end:
            at = page + walk.at[1]
            head = _four(data, at)
            kind, delta = head & 31, head >> 5
            room = end - walk.at[1] - 4
            if kind == _TIME_EXTEND or kind == _TIME_STAMP:
                if room < 4:
                    walk.at[4] = EVENT_TOO_LONG
                    return DAMAGED
                whole = _four(data, at + 4) << _DELTA_BITS | delta
                walk.time[0] = _absolute(whole, walk.time[0]) if kind == _TIME_STAMP else walk.time[0] + whole
                walk.at[1] += 8
                continue
            if kind == _PADDING and delta == 0:
                break  # the rest of the page is empty (rb_null_event)
            start, size = at + 4, kind * 4
            if kind == _LONG or kind == _PADDING:
                if room < 4:
                    walk.at[4] = EVENT_TOO_LONG
                    return DAMAGED
                size = _four(data, at + 4)
                if kind == _LONG:
                    start, size = at + 8, size - 4
            if size < 0 or start + size > page + end or (kind != _PADDING and size < _SMALLEST_DATA):
                walk.at[4] = EVENT_TOO_LONG
                return DAMAGED
            if kind == _PADDING:  # a discarded event; 1 stands for no time (rb_event_discard)
                walk.time[0] += delta if delta != 1 else 0
            else:
                pid = _four(data, start + PID_OFFSET)
                if pid >= PIDS:
                    walk.at[4] = PID_TOO_LARGE
                    return DAMAGED
                task = names.task[pid]
                if task == 0:
                    return PID_UNKNOWN
                walk.time[0] += delta
                here = walk.at[2]
                row = rows[here]
                _clear(row)
                format_index = names.kind[_four(data, start + TYPE_OFFSET) & 0xFFFF]
                row.time, row.cpu, row.task = walk.time[0], walk.at[3], task
                row.event = names.event[format_index]
                records.kind[here], records.start[here], records.size[here] = format_index, start, size
                walk.at[2] += 1
            walk.at[1] = start + size - page
        walk.at[0] += page_size
        walk.at[1] = 0
    return PAGES_READ


def pid_at(data: NDArray[np.uint8], walk: Walk) -> int:
    """The pid of the event where a walk stopped for it."""
    at = int(walk.at[0] + walk.at[1])
    start = at + (8 if data[at] & 31 == _LONG else 4)
    return int(data[start + PID_OFFSET : start + PID_OFFSET + 4].view("<u4")[0])


@entry
def gather(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    offset: int,
    size: int,
    signed: bool,
    values: NDArray[np.int64],
) -> None:
    """A field of 1, 2, 4 or 8 bytes of each event into ``values``."""
    unused = 64 - 8 * size
    for i in range(starts.size):
        at = starts[i] + offset
        value = np.int64(0)
        for byte in range(size):
            value |= np.int64(data[np.uint64(at + byte)]) << (8 * byte)
        values[i] = value << unused >> unused if signed else value
