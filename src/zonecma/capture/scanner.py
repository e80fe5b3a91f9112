"""ftrace text to events: a compiled scanner over bytes, driven by the tables of ``events.py``.

A line is ``comm-pid [cpu] flags? time: event: key=value ...``, as /sys/kernel/tracing/trace
and ``trace-cmd report`` print it, or ``comm pid [cpu] time: system:event: key=value ...``, as
``perf script`` does (perf_sample__fprintf_start, tools/perf/builtin-script.c).  A key that the
event's table does not name is skipped with its value.  A few events print ``key value`` too:
``dev 254:0 ino 20 pfn=...``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.bytescan import (
    BRACKET,
    BRACKET_END,
    COLON,
    COMMA,
    DIGIT_0,
    DOT,
    EQUALS,
    GREATER,
    HASH,
    LOWER_N,
    LOWER_X,
    MINUS,
    NEWLINE,
    PAREN,
    SPACE,
    TILDE,
    byte,
    decimal,
    find_newline,
    find_word_end,
    hash_bytes,
    holds_newline,
    is_digit,
    number,
    skip_spaces,
    word,
)
from zonecma.capture.events import EVENT, EVENT_ID, NO_FRAME, PAGE_FLAG_LETTERS, Kind
from zonecma.capture.tables import Tables
from zonecma.capture.texts import Texts, free_slot, number_of
from zonecma.kernel.jit import entry, jit, primitive

ROWS_PER_LINE = 33
"""The most events that one line can give (a bulk allocation and its frames)."""

# What scan() found when it returned.
ALL_READ = 0
ROWS_FULL = 1
TEXTS_FULL = 2
MALFORMED = 3

# What was expected where a line is malformed.
EXPECT_TASK = 1
EXPECT_TIME = 2
EXPECT_EVENT = 3
EXPECT_NUMBER = 4
EXPECT_FIELD = 5

# kind values as plain integers, for compiled code
_TEXT, _GFP, _PAGE, _RANGE = int(Kind.TEXT), int(Kind.GFP), int(Kind.PAGE), int(Kind.RANGE)
_REST, _HEX, _BULK_PAGE, _FRAME = int(Kind.REST), int(Kind.HEX), int(Kind.BULK_PAGE), int(Kind.FRAME)
_POINTER = int(Kind.POINTER)
_DEVICE, _PAGE_FLAGS = int(Kind.DEVICE), int(Kind.PAGE_FLAGS)
_LETTERS = tuple(PAGE_FLAG_LETTERS.encode())
_MINOR_BITS = 20
"""Of a dev_t (include/linux/kdev_t.h)."""

_EVENT_PRINT = EVENT_ID["print"]
_EVENT_LOST = EVENT_ID["lost"]
_EVENT_BULK_PAGE = EVENT_ID["bulk_page"]

_LARGEST_FRAME = 0x7FFFFFFF
"""That a row holds."""
_COMM_WIDTH = 16
_TIME_DIGITS = 9
"""Digits of a time stamp's seconds, and of their fraction."""
_CPU_DIGITS = 4


class Cursor(NamedTuple):
    """Where the scanner stands, and what is wrong where it stopped."""

    at: NDArray[np.int64]
    """i8[3]: byte, lines read, rows written"""
    fault: NDArray[np.int64]
    """i8[3]: what was expected (EXPECT_*), event, field"""


class Layout(NamedTuple):
    """How this kernel's struct page pointers name frames."""

    vmemmap: int
    """address of the first struct page, as a signed 64-bit number"""
    page_shift: int
    """log2 of sizeof(struct page)"""


def _four(text: str) -> np.uint64:
    return np.uint64(int.from_bytes(text.encode(), "little"))


_FOUR = np.uint64(0xFFFFFFFF)
_CPU_COLON, _CPU_SPACE, _CPUS, _VERS = _four("CPU:"), _four("CPU "), _four("cpus"), _four("vers")


@primitive
def _page_to_pfn(pointer: int, layout: Layout) -> int:
    """The frame of a struct page pointer; NO_FRAME for NULL and for what is no such pointer."""
    if pointer >= 0 or pointer < layout.vmemmap:  # kernel addresses are negative
        return NO_FRAME
    frame = (pointer - layout.vmemmap) >> layout.page_shift
    return frame if frame <= _LARGEST_FRAME else NO_FRAME  # KASLR moves the array of struct pages


@primitive
def _store(row: Any, column: int, value: int) -> None:
    """Write one of COLUMNS."""
    if column == 0:
        row.pfn = value
    elif column == 7:
        row.order = value
    elif column == 8:
        row.migratetype = value
    elif column == 6:
        row.gfp = value
    elif column == 1:
        row.a = value
    elif column == 2:
        row.b = value
    elif column == 3:
        row.c = value
    elif column == 4:
        row.d = value
    else:
        row.e = value


@primitive
def _fits(column: int, value: int) -> bool:
    """Whether a value has room in one of COLUMNS."""
    if column == 7 or column == 8:
        return -128 <= value <= 127
    return column == 1 or column == 2 or -0x80000000 <= value <= 0x7FFFFFFF


@primitive
def _clear(row: Any) -> None:
    row.pfn = NO_FRAME
    row.a = row.b = row.c = row.d = row.e = 0
    row.gfp = 0
    row.order = row.migratetype = -1


@primitive
def _fault(cursor: Cursor, at: int, expected: int, event: int, field: int) -> int:
    cursor.at[0] = at
    cursor.fault[0], cursor.fault[1], cursor.fault[2] = expected, event, field
    return MALFORMED


@primitive
def _open_bracket(text: NDArray[np.uint8], words: NDArray[np.uint64], start: int) -> int:
    """Where the CPU's bracket opens; -1 if the line has none.

    A comm is up to 15 bytes of anything, right-aligned in 16 columns, so that the pid stands
    at a known place; only lines that were cut or padded otherwise are searched.
    """
    minus = start + _COMM_WIDTH
    if byte(text, minus) == MINUS and not (holds_newline(words, start) or holds_newline(words, start + 8)):
        _, pid_end = decimal(text, minus + 1)
        at = skip_spaces(text, pid_end)
        if at > pid_end > minus + 1 and _is_bracket(text, at):
            return at
    return _search_bracket(text, start)


@primitive
def _is_bracket(text: NDArray[np.uint8], at: int) -> bool:
    """Whether ``[digits]`` stands here."""
    if byte(text, at) != BRACKET:
        return False
    _, close = decimal(text, at + 1)
    return at + 1 < close <= at + 1 + _CPU_DIGITS and byte(text, close) == BRACKET_END


@jit
def _search_bracket(text: NDArray[np.uint8], start: int) -> int:
    """The first ``[digits]`` after a space; -1."""
    at = start + 1
    while byte(text, at - 1) != NEWLINE and byte(text, at) != NEWLINE:
        if byte(text, at - 1) == SPACE and _is_bracket(text, at):
            return at
        at += 1
    return -1


@jit
def _is_heading(text: NDArray[np.uint8], words: NDArray[np.uint64], start: int) -> bool:
    """Comments, blank lines, stack frames (``=>``) and what trace-cmd prints above the events."""
    at = skip_spaces(text, start)
    first = byte(text, at)
    if first == NEWLINE or first == HASH or (first == EQUALS and byte(text, at + 1) == GREATER):
        return True
    four = word(words, start) & _FOUR
    return four == _CPUS or four == _VERS or four == _CPU_SPACE  # type: ignore[no-any-return]


@jit
def _scan_lost(text: NDArray[np.uint8], row: Any, start: int) -> None:
    """``CPU:0 [LOST 12 EVENTS]`` of ftrace, ``CPU:0 [12 EVENTS DROPPED]`` of trace-cmd."""
    cpu, at = decimal(text, start + 4)
    while byte(text, at) != NEWLINE and not is_digit(byte(text, at)):
        at += 1
    _clear(row)
    row.time = 0
    row.task = 0
    row.event = _EVENT_LOST
    row.cpu = cpu
    row.a, _ = decimal(text, at)


@primitive
def _scan_time(text: NDArray[np.uint8], at: int) -> tuple[int, int]:
    """A time stamp in ns and the position after its colon; the same position when there is none."""
    nanoseconds, end = decimal(text, at)
    if end - at > _TIME_DIGITS:
        return 0, at
    if byte(text, end) == DOT:
        fraction, after = decimal(text, end + 1)
        if after - end - 1 > _TIME_DIGITS:
            return 0, at
        for _ in range(9 - (after - end - 1)):
            fraction *= 10
        nanoseconds, end = nanoseconds * 1_000_000_000 + fraction, after
    if end == at or byte(text, end) != COLON:
        return 0, at
    return nanoseconds, end + 1


@primitive
def _key_is(words: NDArray[np.uint64], tables: Tables, field: int, at: int) -> bool:
    """Whether the text at ``at`` is this field's ``key=``."""
    low = word(words, at) & tables.key_masks[field, 0]
    high = word(words, at + 8) & tables.key_masks[field, 1]
    return low == tables.key_words[field, 0] and high == tables.key_words[field, 1]  # type: ignore[no-any-return]


@jit
def _find_field(words: NDArray[np.uint64], tables: Tables, event: int, start: int, end: int) -> int:
    """The event's field whose key is [start, end); -1."""
    hashed = hash_bytes(words, start, end)
    for field in range(tables.first_field[event], tables.first_field[event + 1]):
        if tables.field_hash[field] == hashed:
            return field
    return -1


@primitive
def _scan_key(
    text: NDArray[np.uint8], words: NDArray[np.uint64], tables: Tables, event: int, expected: int, at: int
) -> tuple[int, int]:
    """The field that a key names, -1 for none of this event's, and the position of its value.

    Fields mostly come in the table's order, so the expected one is tried first.  A word that
    is no ``key=`` counts as a key without value.
    """
    if expected < tables.first_field[event + 1] and _key_is(words, tables, expected, at):
        return expected, at + tables.key_length[expected]
    end = at
    while byte(text, end) > SPACE and byte(text, end) != EQUALS:
        end += 1
    if byte(text, end) != EQUALS:
        return -1, end
    return _find_field(words, tables, event, at, end), end + 1


@primitive
def _scan_text(
    text: NDArray[np.uint8], words: NDArray[np.uint64], texts: Texts, kind: int, at: int
) -> tuple[int, int]:
    """The number of a word (or of the rest of the line; -1: no room) and the position after it."""
    end = find_newline(words, at) if kind == _REST else find_word_end(words, at)
    last = end - 1 if kind == _TEXT and byte(text, end - 1) == COMMA else end
    return number_of(text, words, texts, at, last), end


@primitive
def _scan_number(text: NDArray[np.uint8], layout: Layout, kind: int, at: int) -> tuple[int, int]:
    """A number, or the frame of a page pointer, and the position after it; ``at`` when malformed."""
    pointer = kind == _PAGE or kind == _BULK_PAGE
    if pointer and byte(text, at) == PAREN:  # (nil), (null)
        return NO_FRAME, at + 1
    value, end = number(text, at, kind == _HEX)
    if kind == _FRAME and value == 0:
        value = NO_FRAME
    return (_page_to_pfn(value, layout) if pointer else value), end


@primitive
def _scan_pointer(text: NDArray[np.uint8], at: int) -> tuple[int, int]:
    """NO_FRAME where a pointer is null, and the position after it.

    Null is zeros, ``0x0``, ``(nil)`` or ``(null)``; ``(____ptrval____)`` hides one that is not.
    """
    if byte(text, at) == PAREN:
        return (NO_FRAME if byte(text, at + 1) == LOWER_N else 0), at + 1
    value, end = NO_FRAME, at
    while byte(text, end) > SPACE:
        if byte(text, end) != DIGIT_0 and byte(text, end) != LOWER_X:
            value = 0
        end += 1
    return value, end


@jit
def _scan_range(text: NDArray[np.uint8], at: int) -> tuple[int, int, int]:
    """``(0x1 ~ 0x2)``: both numbers and the position after them; ``at`` when malformed."""
    if byte(text, at) != PAREN:
        return 0, 0, at
    first, end = number(text, at + 1, False)
    tilde = skip_spaces(text, end)
    if end == at + 1 or byte(text, tilde) != TILDE:
        return 0, 0, at
    begin = skip_spaces(text, tilde + 1)
    second, end = number(text, begin, False)
    return first, second, end if end > begin else at


@jit
def _scan_device(text: NDArray[np.uint8], at: int) -> tuple[int, int]:
    """``254:16`` as a dev_t and the position after it; ``at`` when malformed."""
    major, colon = decimal(text, at)
    if colon == at or byte(text, colon) != COLON:
        return 0, at
    minor, end = decimal(text, colon + 1)
    return major << _MINOR_BITS | minor, end if end > colon + 1 else at


@jit
def _scan_page_flags(text: NDArray[np.uint8], at: int) -> tuple[int, int]:
    """Flags by their letters, to the end of the line, and where that is."""
    flags, end = 0, at
    while byte(text, end) != NEWLINE:
        flag = 1
        for letter in _LETTERS:
            if byte(text, end) == letter:
                flags |= flag
            flag <<= 1
        end += 1
    return flags, end


@jit
def _add_bulk_page(rows: NDArray[Any], cursor: Cursor, extra: int, pfn: int) -> None:
    """One more event, for a frame of the bulk allocation in the current row."""
    row, page = rows[cursor.at[2]], rows[cursor.at[2] + extra]
    _clear(page)
    page.time, page.cpu, page.task, page.line = row.time, row.cpu, row.task, row.line
    page.event, page.pfn, page.order = _EVENT_BULK_PAGE, pfn, 0


@jit
def _missing_field(tables: Tables, event: int, seen: int) -> int:
    """The first required field that was not seen; -1 if none is missing."""
    missing = tables.required[event] & ~seen
    if missing == 0:
        return -1
    field = tables.first_field[event]
    while not missing & 1:
        missing >>= 1
        field += 1
    return field  # type: ignore[no-any-return]


@primitive
def _scan_fields(
    text: NDArray[np.uint8],
    words: NDArray[np.uint64],
    tables: Tables,
    texts: Texts,
    layout: Layout,
    rows: NDArray[Any],
    cursor: Cursor,
    event: int,
    at: int,
) -> int:
    """The fields of a line into its row; moves the cursor past the line.  Returns a status."""
    row = rows[cursor.at[2]]
    expected, seen, extra = tables.first_field[event], 0, 1
    while True:
        at = skip_spaces(text, at)
        if byte(text, at) == NEWLINE:
            break
        field, at = _scan_key(text, words, tables, event, expected, at)
        if field < 0:
            at = find_word_end(words, at)
            continue
        kind = tables.field_kind[field]
        if kind == _TEXT or kind == _GFP or kind == _REST:
            value, end = _scan_text(text, words, texts, kind, at)
            if value < 0:
                return TEXTS_FULL
        elif kind == _RANGE:
            row.pfn, value, end = _scan_range(text, at)
        elif kind == _DEVICE:
            value, end = _scan_device(text, at)
        elif kind == _PAGE_FLAGS:
            value, end = _scan_page_flags(text, at)
        elif kind == _POINTER:
            value, end = _scan_pointer(text, at)
        else:
            value, end = _scan_number(text, layout, kind, at)
        unused = kind == _BULK_PAGE and (extra > min(row.a, ROWS_PER_LINE - 1) or value == NO_FRAME)
        if end == at or not (unused or _fits(tables.field_column[field], value)):
            return _fault(cursor, at, EXPECT_NUMBER, event, field)
        if kind != _BULK_PAGE:
            _store(row, tables.field_column[field], value)
        elif not unused:  # what lies in the array behind the pages that were got is anything
            _add_bulk_page(rows, cursor, extra, value)
            extra += 1
        seen |= 1 << (field - tables.first_field[event])
        expected = field + 1
        at = find_word_end(words, end)
    missing = _missing_field(tables, event, seen)
    if missing >= 0:
        return _fault(cursor, at, EXPECT_FIELD, event, missing)
    cursor.at[0] = at + 1
    cursor.at[2] += extra
    return ALL_READ


@jit
def _event_number(
    text: NDArray[np.uint8], words: NDArray[np.uint64], tables: Tables, start: int, end: int
) -> int:
    """The event of a name, 0 for one that is not read; perf puts its system and a colon before it."""
    event = tables.event_number[free_slot(tables.event_hash, hash_bytes(words, start, end))]
    if event != 0:
        return event  # type: ignore[no-any-return]
    colon = start
    while colon < end and byte(text, colon) != COLON:
        colon += 1
    if colon == end:
        return 0
    return tables.event_number[free_slot(tables.event_hash, hash_bytes(words, colon + 1, end))]  # type: ignore[no-any-return]


@primitive
def _scan_event_line(
    text: NDArray[np.uint8],
    words: NDArray[np.uint64],
    tables: Tables,
    texts: Texts,
    layout: Layout,
    rows: NDArray[Any],
    cursor: Cursor,
    bracket: int,
) -> int:
    """A line with a task and a CPU; moves the cursor past it.  Returns a status."""
    row, start = rows[cursor.at[2]], cursor.at[0]
    task, task_end = skip_spaces(text, start), bracket
    while task_end > task and byte(text, task_end - 1) == SPACE:
        task_end -= 1
    if task == task_end:
        return _fault(cursor, start, EXPECT_TASK, 0, 0)
    task_number = number_of(text, words, texts, task, task_end)
    if task_number < 0:
        return TEXTS_FULL
    cpu, at = decimal(text, bracket + 1)
    at = skip_spaces(text, at + 1)
    if not is_digit(byte(text, at)):  # the flags field: d..1. and the like
        at = skip_spaces(text, find_word_end(words, at))
    time, after = _scan_time(text, at)
    if after == at:
        return _fault(cursor, at, EXPECT_TIME, 0, 0)
    name = skip_spaces(text, after)
    name_end = find_word_end(words, name) - 1
    if name_end <= name or byte(text, name_end) != COLON:
        return _fault(cursor, name, EXPECT_EVENT, 0, 0)
    event = _event_number(text, words, tables, name, name_end)
    _clear(row)
    row.time, row.cpu, row.task, row.event = time, cpu, task_number, event
    at = skip_spaces(text, name_end + 1)
    if event == _EVENT_PRINT:
        row.d, at = _scan_text(text, words, texts, _REST, at)
        if row.d < 0:
            return TEXTS_FULL
    elif tables.first_field[event] < tables.first_field[event + 1]:
        return _scan_fields(text, words, tables, texts, layout, rows, cursor, event, at)
    cursor.at[0] = find_newline(words, at) + 1
    cursor.at[2] += 1
    return ALL_READ


@entry
def scan(
    text: NDArray[np.uint8],
    words: NDArray[np.uint64],
    length: int,
    tables: Tables,
    texts: Texts,
    layout: Layout,
    rows: NDArray[Any],
    cursor: Cursor,
) -> int:
    """Read lines of ``text[:length]`` from the cursor on: ALL_READ, ROWS_FULL, TEXTS_FULL or MALFORMED.

    The text ends in a newline, at ``length - 1``, and PADDING more.  Unless the line is
    malformed the cursor stands on the first line not read, so that scanning goes on with more
    room; of a malformed line it names the line and the byte.
    """
    while cursor.at[0] < length:
        if cursor.at[2] + ROWS_PER_LINE > rows.size:
            return ROWS_FULL
        start = cursor.at[0]
        rows[cursor.at[2]].line = cursor.at[1] + 1
        bracket = _open_bracket(text, words, start)
        status = ALL_READ
        if bracket >= 0:
            status = _scan_event_line(text, words, tables, texts, layout, rows, cursor, bracket)
        elif word(words, start) & _FOUR == _CPU_COLON:
            _scan_lost(text, rows[cursor.at[2]], start)
            cursor.at[0] = find_newline(words, start) + 1
            cursor.at[2] += 1
        elif _is_heading(text, words, start):
            cursor.at[0] = find_newline(words, start) + 1
        else:
            status = _fault(cursor, start, EXPECT_TASK, 0, 0)
        if status == TEXTS_FULL:
            return status
        cursor.at[1] += 1
        if status == MALFORMED:
            return status
    return ALL_READ


def empty_rows(count: int) -> NDArray[Any]:
    """Room for ``count`` events, not cleared: what is not written costs no memory."""
    return np.empty(count, EVENT).view(np.recarray)
