"""A whole trace.dat as columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.bytescan import PADDING, as_words
from zonecma.capture.events import EVENT, EVENT_ID
from zonecma.capture.scanner import Layout
from zonecma.capture.trace_cmd.container import Clock, Container, CpuData, open_container
from zonecma.capture.trace_cmd.decode import Decoder, Piece, as_numbers
from zonecma.capture.trace_cmd.event_format import EventFormat, known_formats
from zonecma.capture.trace_cmd.names import Symbols, comms
from zonecma.capture.trace_cmd.ring_buffer import (
    DAMAGED,
    EVENT_TOO_LONG,
    PAGE_TOO_FULL,
    PID_TOO_LARGE,
    PID_UNKNOWN,
    PIDS,
    SMALLEST_EVENT,
    Names,
    Walk,
    empty_records,
    pid_at,
    walk_pages,
)
from zonecma.errors import InputError
from zonecma.progress import Progress, no_progress

_PIECE = 1 << 23
"""Bytes decoded at a time."""
_TYPES = 1 << 16
_EVENT_LOST, _EVENT_BULK_PAGE = EVENT_ID["lost"], EVENT_ID["bulk_page"]
_REASONS = {
    PAGE_TOO_FULL: "a page that claims more bytes than it has",
    EVENT_TOO_LONG: "an event that does not fit into its page",
    PID_TOO_LARGE: "a pid that no kernel gives",
}


def read_events(
    path: Path, layout: Layout, *, partial: bool = False, progress: Progress = no_progress
) -> tuple[NDArray[Any], tuple[str, ...], str]:
    """Events in the order of time, their words, and what is wrong with the part that was left out.

    Raises InputError for a damaged or foreign file; with ``partial`` what precedes the damage is
    returned, unless the damage is in what comes before the events.
    """
    container = open_container(path)
    reading = _Reading(container, layout, partial)
    for cpu in container.cpus:
        progress(f"reading {path.name}", cpu.cpu, len(container.cpus))
        reading.add(cpu)
    return reading.events(), reading.decoder.book.words(), reading.damage


class _Reading:
    """One file's CPUs, one after the other."""

    def __init__(self, container: Container, layout: Layout, partial: bool) -> None:
        self.container, self.partial, self.damage = container, partial, ""
        formats = known_formats(container.formats, container.path)
        self.decoder = Decoder(list(formats.values()), layout, Symbols(container.kallsyms).name)
        self.comms = comms(container.cmdlines)
        self.names = _names(formats)
        self.data_offset = container.data_offset
        self.rows = np.empty(0, EVENT).view(np.recarray)
        self.records = empty_records(0)
        self.read: dict[int, list[NDArray[Any]]] = {}
        """each CPU's events, piece by piece"""
        self.until = np.iinfo(np.int64).max
        """the time of the first damage, ns"""

    def add(self, cpu: CpuData) -> None:
        """Read a CPU's events; InputError where its data are damaged."""
        walk = Walk(np.array([0, 0, 0, cpu.cpu, 0], np.int64), np.zeros(1, np.int64))
        found = self.read.setdefault(cpu.cpu, [])
        try:
            for piece, length in whole_pages(self.container, cpu):
                events, reason = self.read_piece(piece, length, walk)
                found.append(events)
                if reason:
                    raise InputError(f"{self.container.path}: CPU {cpu.cpu}: {reason}; expected whole events")
        except InputError as error:
            if not self.partial:
                raise
            self.damage = self.damage or str(error)
            self.until = min(self.until, int(found[-1]["time"][-1]) if found and len(found[-1]) else 0)

    def read_piece(self, piece: Piece, length: int, walk: Walk) -> tuple[NDArray[Any], str]:
        """The events of some pages, up to the first that is damaged; and what is wrong with that."""
        if len(self.rows) < length // SMALLEST_EVENT:
            self.rows = np.empty(length // SMALLEST_EVENT, EVENT).view(np.recarray)
            self.records = empty_records(len(self.rows))
        status, walk.at[:3] = PID_UNKNOWN, 0
        while status == PID_UNKNOWN:
            status = walk_pages(
                piece.data,
                length,
                self.container.page_size,
                self.data_offset,
                self.names,
                self.rows,
                self.records,
                walk,
            )
            if status == PID_UNKNOWN:
                self.number_task(pid_at(piece.data, walk))
        rows = self.rows[: walk.at[2]].view(np.ndarray)
        events, fault = self.decoder.decode(piece, rows, self.records)
        events = events.copy()
        events["time"] = nanoseconds(events["time"], self.container.clock)
        if fault:
            return events, f"event {fault.row + 1} of a piece: {fault.reason}"
        return events, _REASONS[int(walk.at[4])] if status == DAMAGED else ""

    def number_task(self, pid: int) -> None:
        """Give a task its number, by its name and pid."""
        name = self.comms.get(pid, "<...>" if pid else "<idle>")
        self.names.task[pid] = self.decoder.book.number(f"{name}-{pid}")

    def events(self) -> NDArray[Any]:
        """The events of all CPUs in the order of time; at the same time the lower CPU's first."""
        read = [self.read[cpu] for cpu in sorted(self.read)]
        times = [np.concatenate([np.empty(0, np.int64), *(piece["time"] for piece in cpu)]) for cpu in read]
        keys = np.concatenate([np.maximum.accumulate(time) for time in times])
        events = np.concatenate([piece for cpu in read for piece in cpu] or [np.empty(0, EVENT)])
        if len(read) > 1:
            order = np.argsort(keys, kind="stable")
            events, keys = as_numbers(events)[order].view(EVENT).ravel(), keys[order]
        if self.damage:
            events = events[keys <= self.until]
        events["line"] = np.cumsum(events["event"] != _EVENT_BULK_PAGE)
        events["time"][events["event"] == _EVENT_LOST] = 0  # as in a text, where nothing says when
        return events


def _names(formats: Mapping[int, EventFormat]) -> Names:
    kind = np.zeros(_TYPES, np.uint16)
    kind[list(formats)] = np.arange(1, len(formats) + 1)
    event = [0, *(EVENT_ID[form.name] for form in formats.values())]
    return Names(kind, np.array(event, np.uint8), np.zeros(PIDS, np.uint32))


def whole_pages(container: Container, cpu: CpuData) -> Iterator[tuple[Piece, int]]:
    """A CPU's data as whole pages, always in the same memory, and how many bytes.

    Raises InputError, after the pages before it, where the data are damaged or end within a page.
    """
    page, filled = container.page_size, 0
    buffer = np.zeros(max(_PIECE, page) + PADDING, np.uint8)
    piece, room = Piece(buffer, as_words(buffer)), max(_PIECE, page)
    damage = None
    for data in _until_damage(container.pages(cpu)):
        if isinstance(data, InputError):
            damage = data
            break
        bytes_ = np.frombuffer(data, np.uint8)
        while len(bytes_):
            part = bytes_[: room - filled]
            buffer[filled : filled + len(part)] = part
            filled, bytes_ = filled + len(part), bytes_[len(part) :]
            if filled == room:
                yield piece, room
                filled = 0
    if filled >= page:
        yield piece, filled // page * page
    if damage:
        raise damage
    if filled % page:
        raise InputError(
            f"{container.path}: CPU {cpu.cpu}'s data end within a page; expected pages of {page} bytes"
        )


def _until_damage(pieces: Iterator[memoryview | bytes]) -> Iterator[memoryview | bytes | InputError]:
    """The pieces, and at last what ended them early."""
    try:
        yield from pieces
    except InputError as error:
        yield error


def nanoseconds(stamps: NDArray[np.int64], clock: Clock) -> NDArray[np.int64]:
    """Stamps of a clock as ns (timestamp_calc and mul_u64_u32_shr, trace-cmd)."""
    if clock.multiplier:
        high, low = stamps >> 32, stamps & 0xFFFFFFFF
        stamps = (low * clock.multiplier >> clock.shift) + (high * clock.multiplier << 32 >> clock.shift)
    return stamps + clock.offset
