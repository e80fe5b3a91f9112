"""What the events of one piece of the ring buffer say, column by column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.events import EVENT, EVENT_ID, EVENTS, NO_FRAME, PAGE_FLAG_LETTERS, Kind
from zonecma.capture.scanner import ROWS_PER_LINE, Layout
from zonecma.capture.tables import COLUMNS
from zonecma.capture.trace_cmd.distinct import distinct_numbers, distinct_strings
from zonecma.capture.trace_cmd.event_format import EventFormat
from zonecma.capture.trace_cmd.expression import Integers, Value, Words, numeric
from zonecma.capture.trace_cmd.print_format import Part, parts_of
from zonecma.capture.trace_cmd.ring_buffer import Records, gather
from zonecma.kernel.gfp import gfp_zone, parse_gfp

_MINOR_BITS = 20
_EVENT_BULK_PAGE = EVENT_ID["bulk_page"]
_LIMITS = {
    name: (int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)) for name in COLUMNS for dtype in (EVENT[name],)
}
"""The least and the largest value of each column."""


@dataclass(frozen=True)
class Fault:
    """An event that cannot be read."""

    row: int
    reason: str


class Book:
    """The trace's words by number; word 0 is the empty one."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {"": 0}

    def number(self, word: str) -> int:
        """The number of a word, a new one if need be."""
        return self.numbers.setdefault(word, len(self.numbers))

    def words(self) -> tuple[str, ...]:
        """All of them, by number."""
        return tuple(self.numbers)


@dataclass
class Piece:
    """Pages of the ring buffer."""

    data: NDArray[np.uint8]
    words: NDArray[np.uint64]
    """the same memory as overlapping 64-bit words"""


@dataclass
class _Events:
    """Events of one kind: what expressions ask for their fields."""

    piece: Piece
    format: EventFormat
    starts: Integers
    sizes: Integers
    symbol_name: Callable[[int], str]
    gathered: dict[str, Value] = field(default_factory=dict)
    pages: Any = 0
    """how many pages of each bulk allocation have rows"""

    def field(self, name: str) -> Value:
        if name not in self.gathered:
            self.gathered[name] = self._read(name)
        return self.gathered[name]

    def _read(self, name: str) -> Value:
        found = self.format.fields.get(name)
        if found is None:
            raise ValueError(f"{self.format.name} has no field {name}")
        if found.place:
            return self.string(name)
        if found.is_array or found.size not in (1, 2, 4, 8):
            ends = np.minimum(self.starts + found.offset + found.size, self.starts + self.sizes)
            if not found.size:  # to the end of the event
                ends = self.starts + self.sizes
            return Words(
                *distinct_strings(self.piece.data, self.piece.words, self.starts + found.offset, ends)
            )
        return self._integers(found.offset, found.size, found.signed)

    def _integers(self, offset: int, size: int, signed: bool) -> Integers:
        values = np.empty(len(self.starts), np.int64)
        if (self.sizes < offset + size).any():
            raise ValueError(f"an event of {self.sizes.min()} bytes; expected at least {offset + size}")
        gather(self.piece.data, self.starts, offset, size, signed, values)
        return values

    def string(self, name: str) -> Words:
        """A string whose place, 16 bits of offset and 16 of length, a field says (__string, 6.12)."""
        found = self.format.fields.get(name)
        if found is None or not found.place:
            raise ValueError(f"{self.format.name} has no string {name}")
        place = self._integers(found.offset, 4, False)
        base = found.offset + 4 if found.place == "__rel_loc" else 0
        starts = self.starts + np.minimum(base + (place & 0xFFFF), self.sizes)
        ends = np.minimum(starts + (place >> 16), self.starts + self.sizes)
        return Words(*distinct_strings(self.piece.data, self.piece.words, starts, ends))

    def symbol(self, addresses: Integers) -> Words:
        """The names of kernel functions (``%ps``)."""
        found, codes = distinct_numbers(addresses)
        return Words(codes, [self.symbol_name(int(address)) for address in found])


class Decoder:
    """Fills the columns of rows whose time and event a walk through the pages wrote."""

    def __init__(
        self, formats: Sequence[EventFormat], layout: Layout, symbol_name: Callable[[int], str]
    ) -> None:
        self.formats, self.layout, self.symbol_name = formats, layout, symbol_name
        self.book = Book()
        self.parts: dict[int, list[Part]] = {}
        self.masks: dict[str, int] = {}

    def decode(self, piece: Piece, rows: NDArray[Any], records: Records) -> tuple[NDArray[Any], Fault | None]:
        """The rows with their columns, up to the first malformed event, and what is wrong with that.

        The pages of a bulk allocation are rows of their own behind it.
        """
        faults: list[Fault] = []
        pages: list[tuple[Integers, Integers]] = []
        kinds = records.kind[: len(rows)]
        order = np.argsort(kinds, kind="stable")
        bounds = np.searchsorted(kinds[order], np.arange(len(self.formats) + 2))
        for number, form in enumerate(self.formats, 1):
            chosen = order[bounds[number] : bounds[number + 1]]
            if len(chosen):
                events = _Events(piece, form, records.start[chosen], records.size[chosen], self.symbol_name)
                faults += self._decode_kind(number, events, rows, chosen, pages)
        fault = min(faults, key=lambda fault: fault.row, default=None)
        if fault:
            rows = rows[: fault.row]
        return (_with_pages(rows, pages) if pages else rows), fault

    def _decode_kind(
        self,
        number: int,
        events: _Events,
        rows: NDArray[Any],
        chosen: Integers,
        pages: list[tuple[Integers, Integers]],
    ) -> list[Fault]:
        """Fill the columns of one kind of event; returns the first that is malformed, of each column."""
        try:
            if number not in self.parts:
                spec = EVENTS[EVENT_ID[events.format.name]]
                self.parts[number] = parts_of(spec, events.format.print_format)
            faults = []
            for part in self.parts[number]:
                values = self._column(part, events, rows, chosen, pages)
                if values is None:
                    continue
                bad = _misfits(part.column, values)
                if bad.any():
                    reason = f"{part.key}={values[bad][0]} of {events.format.name}, which no column holds"
                    faults.append(Fault(int(chosen[bad][0]), reason))
                rows[part.column][chosen] = values
        except (ValueError, RecursionError, OverflowError, TypeError) as error:
            return [Fault(int(chosen[0]), str(error) or "print fmt is too deep")]
        return faults

    def _column(
        self,
        part: Part,
        events: _Events,
        rows: NDArray[Any],
        chosen: Integers,
        pages: list[tuple[Integers, Integers]],
    ) -> Integers | None:
        """The values of one field."""
        kind, count = part.kind, len(chosen)
        values = [value(events) for value in part.values]
        if kind in (Kind.TEXT, Kind.GFP, Kind.REST):
            return self._texts(part, values, count)
        if kind == Kind.PAGE_FLAGS:
            return _page_flags(values, count)
        first = np.broadcast_to(numeric(values[0]), count)
        if kind == Kind.RANGE:
            rows["pfn"][chosen] = first
            return np.broadcast_to(numeric(values[1]), count)
        if kind == Kind.DEVICE:
            return first << _MINOR_BITS | numeric(values[1])
        if kind == Kind.PAGE:
            return page_to_pfn(first, self.layout)
        if kind == Kind.BULK_PAGE:
            frames = page_to_pfn(first, self.layout)
            kept = (frames != NO_FRAME) & (events.pages < np.minimum(rows["a"][chosen], ROWS_PER_LINE - 1))
            events.pages += kept
            pages.append((chosen[kept], frames[kept]))
            return None  # behind the pages that a call got, the array holds anything
        if kind == Kind.POINTER:
            return np.where(first == 0, NO_FRAME, 0)
        return np.where(first == 0, NO_FRAME, first) if kind == Kind.FRAME else first

    def _texts(self, part: Part, values: list[Value], count: int) -> Integers:
        if part.kind == Kind.REST:
            joined = _joined(values, part.texts, count)
            numbers = [self.book.number(word.removesuffix("\n")) for word in joined.words]
        else:
            joined = _words(values[0], count)
            found = [_first_word(word + part.texts[0], part.kind) for word in joined.words]
            numbers = [self._gfp(word) if part.kind == Kind.GFP else self.book.number(word) for word in found]
        return np.asarray(numbers, np.int64)[np.broadcast_to(joined.codes, count)]

    def _gfp(self, word: str) -> int:
        if word not in self.masks:
            try:
                mask = parse_gfp(word)
                gfp_zone(mask)
            except (ValueError, OverflowError):
                raise ValueError(f"expected names of gfp flags, found {word!r}") from None
            self.masks[word] = int(mask)
        return self.masks[word]


def page_to_pfn(pages: Integers, layout: Layout) -> Integers:
    """The frames of struct page pointers; NO_FRAME for what is none."""
    frames = (pages - layout.vmemmap) >> layout.page_shift
    sound = (pages < 0) & (pages >= layout.vmemmap) & (frames <= np.iinfo("i4").max)
    return np.where(sound, frames, NO_FRAME)


def _misfits(column: str, values: Integers) -> NDArray[np.bool_]:
    """Which values a column has no room for."""
    least, largest = _LIMITS[column]
    return np.asarray((values < least) | (values > largest))


def _words(value: Value, count: int) -> Words:
    """A value as text: numbers in decimal.  Only the words that occur."""
    if isinstance(value, Words):
        used, codes = distinct_numbers(np.broadcast_to(value.codes, count))
        return Words(codes, [value.words[code] for code in used])
    found, codes = distinct_numbers(np.broadcast_to(value, count))
    return Words(codes, [str(number) for number in found])


def _joined(values: list[Value], texts: tuple[str, ...], count: int) -> Words:
    """Words and what is between them, as one word each."""
    line = Words(np.zeros(count, np.int64), [texts[0]])
    for value, text in zip(values, texts[1:], strict=True):
        word = _words(value, count)
        pairs, codes = distinct_numbers(line.codes * len(word.words) + word.codes)
        line = Words(
            codes, [line.words[p // len(word.words)] + word.words[p % len(word.words)] + text for p in pairs]
        )
    return line


def _first_word(text: str, kind: Kind) -> str:
    """What the scanner of text takes for a word: up to a blank, without a comma at the end."""
    word = (text.split() or [""])[0] if not text[:1].isspace() else ""
    return word.removesuffix(",") if kind == Kind.TEXT else word


def _page_flags(values: list[Value], count: int) -> Integers:
    flags = np.zeros(count, np.int64)
    for value in values:
        words = _words(value, count)
        bits = [
            1 << PAGE_FLAG_LETTERS.index(word) if word and word in PAGE_FLAG_LETTERS else 0
            for word in words.words
        ]
        flags |= np.asarray(bits, np.int64)[words.codes]
    return flags


def _with_pages(rows: NDArray[Any], pages: list[tuple[Integers, Integers]]) -> NDArray[Any]:
    """The rows, with an event for each page of a bulk allocation behind it."""
    parents = np.concatenate([row for row, _ in pages])
    frames = np.concatenate([frame for _, frame in pages])
    order = np.argsort(parents, kind="stable")
    order = order[parents[order] < len(rows)]
    parents, frames = parents[order], frames[order]
    more = np.zeros(len(parents), EVENT)
    for name in ("time", "cpu", "task"):
        more[name] = rows[name][parents]
    more["event"], more["pfn"], more["migratetype"] = _EVENT_BULK_PAGE, frames, -1
    places = np.arange(len(rows)) + np.searchsorted(parents, np.arange(len(rows)))
    whole = np.empty(len(rows) + len(more), EVENT)
    as_numbers(whole)[places] = as_numbers(rows)
    as_numbers(whole)[parents + 1 + np.arange(len(more))] = as_numbers(more)
    return whole


def as_numbers(rows: NDArray[Any]) -> NDArray[np.int64]:
    """The same rows as 64-bit numbers, which are copied faster than records are."""
    return rows.view(np.int64).reshape(len(rows), EVENT.itemsize // 8)
