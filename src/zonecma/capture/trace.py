"""A whole trace file as columns."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.blocks import BLOCK, LineBuffer, compression, first_bytes, pieces
from zonecma.capture.bytescan import as_words
from zonecma.capture.events import EVENT_ID, EVENTS
from zonecma.capture.scanner import (
    ALL_READ,
    EXPECT_EVENT,
    EXPECT_FIELD,
    EXPECT_NUMBER,
    EXPECT_TASK,
    EXPECT_TIME,
    MALFORMED,
    TEXTS_FULL,
    Cursor,
    Layout,
    empty_rows,
    scan,
)
from zonecma.capture.tables import key_text, make_tables
from zonecma.capture.texts import empty_texts, grown, strings
from zonecma.capture.trace_cmd.container import MAGIC
from zonecma.errors import InputError
from zonecma.kernel.gfp import gfp_zone, parse_gfp
from zonecma.progress import Progress, no_progress

X86_64 = Layout(vmemmap=0xFFFFEA0000000000 - (1 << 64), page_shift=6)
"""Where x86-64 without KASLR keeps its struct pages: four page-table levels, 64 bytes each."""

_PERF_TASK = re.compile(r"(.*?) +(?:\d+/)?(\d+)")
"""``comm tid`` or ``comm pid/tid``; ftrace's pid is the thread's."""
_PERF_IDLE = ("swapper", "0")

_TYPICAL_LINE = 64
_TYPICAL_COMPRESSION = 40
_LARGE_TEXT = 1 << 32
"""Bytes; of what is larger the rows grow as they are read: a sparse file claims any size."""

_EXPECTED = {
    EXPECT_TASK: "'comm-pid [cpu] time: event: ...' as ftrace and trace-cmd report print it, or"
    " 'comm tid [cpu] time: event: ...' as perf script -F comm,tid,cpu,time,event,trace does",
    EXPECT_TIME: "a time stamp that ends in a colon",
    EXPECT_EVENT: "an event's name that ends in a colon (of perf script, what"
    " -F comm,tid,cpu,time,event,trace prints, and no more)",
}


@dataclass(frozen=True)
class Trace:
    """The events of a trace file."""

    events: NDArray[Any]
    """EVENT[events], in the order of the text"""
    texts: tuple[str, ...]
    """the words that TEXT columns and ``task`` number"""
    damage: str = ""
    """what is wrong with the part of the file that was left out; empty when all was read"""

    def count(self, event: str) -> int:
        """How many events of this name there are."""
        return int(np.count_nonzero(self.events["event"] == EVENT_ID[event]))

    def lost(self) -> int:
        """Events that the ring buffer dropped; a gap of unknown size counts as one."""
        gaps = self.events["a"][self.events["event"] == EVENT_ID["lost"]]
        return int(np.maximum(gaps, 1).sum())


class _Scan:
    """One scan of a file, block by block."""

    def __init__(self, path: Path, size: int, layout: Layout) -> None:
        self.path, self.layout = path, layout
        self.tables, self.texts = make_tables(), empty_texts()
        self.cursor = Cursor(np.zeros(3, np.int64), np.zeros(3, np.int64))
        self.buffer = LineBuffer()
        self.words = as_words(self.buffer.text)
        self.rows = empty_rows(min(size, _LARGE_TEXT) // _TYPICAL_LINE + BLOCK // _TYPICAL_LINE)
        self.masks = np.zeros(1, np.uint32)
        self.bytes_before = 0

    def add(self, piece: bytes) -> None:
        """Scan the lines that a piece of text completes; raises InputError where one is malformed."""
        self.bytes_before += self.buffer.lines_end
        self.buffer.add(piece)
        if self.buffer.rest >= BLOCK:
            raise InputError(
                f"{self.path}: line {self.line} is longer than {BLOCK} bytes; expected an ftrace text"
            )
        first = self.cursor.at[2]
        self.cursor.at[0] = 0
        while (status := self.scan()) not in (ALL_READ, MALFORMED):
            if status == TEXTS_FULL:
                self.texts = grown(self.texts)
            else:
                self.rows = np.concatenate([self.rows, empty_rows(len(self.rows))]).view(np.recarray)
        self.decode_gfp(self.rows[first : self.cursor.at[2]])
        if status == MALFORMED:
            raise InputError(self.fault())

    def decode_gfp(self, rows: NDArray[Any]) -> None:
        """Turn the gfp column from numbers of words (0: none) into masks."""
        for number in np.flatnonzero(np.bincount(rows["gfp"], minlength=1)):
            if number >= len(self.masks):
                self.masks = np.concatenate([self.masks, np.zeros(number + 1 - len(self.masks), np.uint32)])
            if number and not self.masks[number]:
                self.masks[number] = self.gfp_mask(rows, number)
        rows["gfp"] = self.masks[rows["gfp"]]

    def gfp_mask(self, rows: NDArray[Any], number: np.integer[Any]) -> int:
        """The mask that a word stands for; raises InputError where it first stands."""
        word = strings(self.texts)[int(number)]
        try:
            mask = parse_gfp(word)
            gfp_zone(mask)  # masks that no kernel has are refused
            return int(np.uint32(mask))
        except (ValueError, OverflowError):
            line = rows["line"][rows["gfp"] == number][0]
            raise InputError(
                f"{self.path}: line {line}: expected names of gfp flags, found {word!r}"
            ) from None

    def scan(self) -> int:
        length = self.buffer.lines_end
        text = self.buffer.text
        return scan(text, self.words, length, self.tables, self.texts, self.layout, self.rows, self.cursor)

    @property
    def line(self) -> int:
        """The line that is read next, from 1."""
        return int(self.cursor.at[1]) + 1

    def fault(self) -> str:
        """The malformed line, in a sentence."""
        at = int(self.cursor.at[0])
        found = self.buffer.text[at : at + 40].tobytes().split(b"\n")[0].decode(errors="replace")
        place = f"{self.path}: line {self.line - 1}, byte {self.bytes_before + at}"
        return f"{place}: expected {self.expected()}, found {found!r}"

    def expected(self) -> str:
        """What the scanner wanted to see."""
        expected, event, field = (int(value) for value in self.cursor.fault)
        if expected in _EXPECTED:
            return _EXPECTED[expected]
        key = key_text(list(EVENTS[event].fields)[field - int(self.tables.first_field[event])]).rstrip()
        assert expected in (EXPECT_NUMBER, EXPECT_FIELD)
        return f"a number after {key}" if expected == EXPECT_NUMBER else f"{key} in this {EVENTS[event].name}"

    def finish(self) -> None:
        """Raises InputError when the text ends within a line."""
        if self.buffer.rest:
            raise InputError(
                f"{self.path}: line {self.line} is cut off; expected a newline at the end of the file"
            )

    def trace(self, damage: str) -> Trace:
        """What was read."""
        events = self.rows[: self.cursor.at[2]].view(np.ndarray)
        texts = strings(self.texts)
        for number in np.flatnonzero(np.bincount(events["task"], minlength=1)):
            texts[number] = _as_ftrace(texts[number])
        return Trace(events, tuple(texts), damage)


def _as_ftrace(task: str) -> str:
    """A task as ftrace names it, of perf's ``comm tid`` too."""
    match = _PERF_TASK.fullmatch(task)
    if not match:
        return task
    return "<idle>-0" if match.groups() == _PERF_IDLE else f"{match[1]}-{match[2]}"


def read_trace(
    path: Path, *, partial: bool = False, layout: Layout = X86_64, progress: Progress = no_progress
) -> Trace:
    """Read a text of ftrace or perf script, plain or compressed by zstd or gzip, or a trace.dat.

    Which one it is, its content tells.

    Raises InputError, with the line and what was expected, for a damaged or foreign file;
    with ``partial``, what precedes the damage is returned instead, and the damage named.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    if not S_ISREG(stat.st_mode):
        raise InputError(f"{path}: expected a file")
    if is_trace_dat(path):
        return _read_trace_dat(path, partial=partial, layout=layout, progress=progress)
    size = stat.st_size * (_TYPICAL_COMPRESSION if compression(path) else 1)
    return scan_pieces(path, pieces(path), size, partial=partial, layout=layout, progress=progress)


def is_trace_dat(path: Path) -> bool:
    """Whether a file begins as trace-cmd's do.  InputError when it can't be read."""
    return first_bytes(path, len(MAGIC)) == MAGIC


def _read_trace_dat(path: Path, *, partial: bool, layout: Layout, progress: Progress) -> Trace:
    from zonecma.capture.trace_cmd.read import read_events

    trace = Trace(*read_events(path, layout, partial=partial, progress=progress))
    if not len(trace.events):
        raise InputError(trace.damage or f"{path}: no trace events; expected those of trace-cmd record")
    return trace


def scan_pieces(
    path: Path,
    text: Iterable[bytes],
    size: int,
    *,
    partial: bool = False,
    layout: Layout = X86_64,
    progress: Progress = no_progress,
) -> Trace:
    """``read_trace`` of text that comes in pieces of at most BLOCK bytes, ``size`` in all, roughly.

    ``path`` names it in errors.
    """
    scanning, damage = _Scan(path, size, layout), ""
    try:
        for piece in text:
            scanning.add(piece)
            progress(f"reading {path.name}", min(scanning.bytes_before, size), size)
        scanning.finish()
    except InputError as error:
        if not partial:
            raise
        damage = str(error)
    trace = scanning.trace(damage)
    if not len(trace.events):
        raise InputError(damage or f"{path}: no trace events; expected an ftrace text")
    return trace
