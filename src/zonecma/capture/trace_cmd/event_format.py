"""An event's format file: where its fields are, and how the kernel prints them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from zonecma.capture.events import EVENT_ID
from zonecma.errors import InputError

TYPE_OFFSET, PID_OFFSET = 0, 4
"""Of common_type, two bytes, and common_pid, four, on every kernel since 2.6.38 (struct trace_entry)."""

_LARGEST = 1 << 16
_NAME = re.compile(r"^name: (\S+)$", re.MULTILINE)
_ID = re.compile(r"^ID: (\d{1,5})$", re.MULTILINE)
_PRINT = re.compile(r"^print fmt: (.*)", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(
    r"^\tfield:([^;]*?)(\w+)(\[[^;]*\])?;\s*offset:(\d{1,5});\s*size:(\d{1,5});(?:\s*signed:([01]);)?",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Field:
    """A field of an event."""

    offset: int
    """bytes from the event's start"""
    size: int
    signed: bool
    place: str = ""
    """``__data_loc`` or ``__rel_loc``: the field says where the string is"""
    is_array: bool = False


@dataclass(frozen=True)
class EventFormat:
    """What a format file says."""

    name: str
    number: int
    """common_type of its events"""
    fields: Mapping[str, Field]
    print_format: str
    """the text behind ``print fmt:``"""


def parse_format(text: str) -> EventFormat:
    """A format file.  ValueError, with what is missing, where it is none."""
    name, number, shown = _NAME.search(text), _ID.search(text), _PRINT.search(text)
    if not (name and number and shown) or int(number[1]) >= _LARGEST:
        raise ValueError(f"a format file without name, ID or print fmt: {text[:40]!r}")
    fields = {match[2]: _field(match) for match in _FIELD.finditer(text)}
    for common, offset, size in (("common_type", TYPE_OFFSET, 2), ("common_pid", PID_OFFSET, 4)):
        if common not in fields or (fields[common].offset, fields[common].size) != (offset, size):
            raise ValueError(f"the format of {name[1]} has {common} at another place than byte {offset}")
    return EventFormat(name[1], int(number[1]), fields, shown[1].strip())


def _field(match: re.Match[str]) -> Field:
    place = re.search(r"__(?:data|rel)_loc\b", match[1])
    offset, size = int(match[4]), int(match[5])
    return Field(offset, size, match[6] == "1", place[0] if place else "", match[3] is not None and not place)


def known_formats(texts: Iterable[str], place: object) -> dict[int, EventFormat]:
    """The formats of the events that zonecma reads, by common_type."""
    found = {}
    for text in texts:
        if (match := _NAME.search(text)) and match[1] in EVENT_ID:
            try:
                event = parse_format(text)
            except ValueError as error:
                raise InputError(f"{place}: {error}; expected the kernel's own format files") from error
            found[event.number] = event
    return found
