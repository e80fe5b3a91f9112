"""Which values of a binary event go into which columns.

The fields of ``EVENTS`` are those of the printed line.  A binary event has other names and widths,
version by version (``succeeded`` for ``nr_succeeded``); what says how both belong together is the
event's own ``print fmt``, which comes with the file.  So the line is taken apart here, not printed:
the first conversion stands behind ``nr_succeeded=``, so the first expression is its value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from zonecma.capture.events import EventSpec, Kind
from zonecma.capture.tables import key_text
from zonecma.capture.trace_cmd.expression import (
    Fields,
    Value,
    Words,
    constant,
    numeric,
    parse,
    unescaped,
)

_CONVERSION = re.compile(
    r"%%|%[-+ #0]*\d*(?:\.\d+)?(?P<length>hh|h|ll|l|L|q|z|t|j)?"
    r"(?P<kind>[diuxXcsp])(?P<more>(?:(?<=p)[a-zA-Z]*)?)"
)
_WIDE = ("l", "ll", "L", "q", "z", "t", "j")
_INT_BITS = 32


@dataclass(frozen=True)
class Printed:
    """One value of a printed line."""

    before: str
    """the text between the value before and this one"""
    conversion: str
    """d, u, x, s, p or S (``%ps``: a function's name)"""
    wide: bool
    """whether it is of 64 bits"""
    expression: str
    after: str = ""
    """the text up to the next value or the end"""

    def evaluated(self) -> Callable[[Fields], Value]:
        """The value as it is printed: of as many bits as the conversion says."""
        expression = parse(self.expression)
        return lambda fields: self._as_printed(expression(fields))

    def _as_printed(self, value: Value) -> Value:
        if isinstance(value, Words) or self.wide or self.conversion in "sSp":
            return value
        unsigned = value & constant((1 << _INT_BITS) - 1)
        if self.conversion != "d":
            return unsigned
        return (unsigned ^ (1 << (_INT_BITS - 1))) - (1 << (_INT_BITS - 1))


def printed_values(print_format: str) -> list[Printed]:
    """A print fmt taken apart.  ValueError where it is none."""
    literal = re.match(r'(?:\s*"(?:[^"\\]|\\.)*")+', print_format)
    if not literal:
        raise ValueError(f"print fmt {print_format[:40]!r}")
    line = "".join(unescaped(part) for part in re.findall(r'"(?:[^"\\]|\\.)*"', literal[0]))
    arguments = list(_arguments(print_format[literal.end() :]))
    conversions = [match for match in _CONVERSION.finditer(line) if match[0] != "%%"]
    if len(conversions) > len(arguments):
        raise ValueError(f"print fmt {print_format[:40]!r} with {len(arguments)} values")
    ends = [match.end() for match in conversions]
    starts = [match.start() for match in conversions]
    return [
        Printed(
            line[end:start],
            _kind(match),
            match["length"] in _WIDE or match["kind"] == "p",
            argument,
            line[match.end() : next_],
        )
        for match, argument, end, start, next_ in zip(
            conversions, arguments, [0, *ends], starts, [*starts[1:], len(line)], strict=False
        )
    ]


def _kind(match: re.Match[str]) -> str:
    kind = match["kind"]
    if kind == "p":
        return "S" if match["more"][:1] in tuple("sSfFB") and match["more"] else "p"
    return {"i": "d", "X": "x", "c": "u"}.get(kind, kind)


def _arguments(text: str) -> Iterator[str]:
    """What stands between the commas that are in no bracket and no string; the first is empty."""
    depth, start = 0, None
    for match in re.finditer(r'"(?:[^"\\]|\\.)*"|[(){}\[\],]', text):
        mark = match[0]
        depth += (mark in "({[") - (mark in ")}]") if len(mark) == 1 else 0
        if mark == "," and depth == 0:
            if start is not None:
                yield text[start : match.start()]
            start = match.end()
    if start is not None:
        yield text[start:]


@dataclass(frozen=True)
class Part:
    """What one field of EVENTS is made of."""

    key: str
    column: str
    kind: Kind
    values: tuple[Callable[[Fields], Value], ...]
    """two for a range and for a device, several for page flags and for a whole line, else one"""
    texts: tuple[str, ...] = ()
    """literal text: after the value of a word, between the values of a whole line"""


def parts_of(spec: EventSpec, print_format: str) -> list[Part]:
    """The event's fields that its line has.  ValueError for a required one that is missing or not read."""
    values = printed_values(print_format)
    parts = []
    for key, (column, kind) in spec.fields.items():
        try:
            part = _whole_line(column, values) if kind == Kind.REST else _part(key, column, kind, values)
        except ValueError as error:
            if key in spec.required:
                raise ValueError(f"{key_text(key).rstrip()} of {spec.name}: {error}") from error
            continue
        parts.append(part)
    return parts


_COUNTS = {Kind.RANGE: 2, Kind.DEVICE: 2, Kind.PAGE_FLAGS: 1 << 16}
"""How many values in a row make one field of a kind; else one."""


def _part(key: str, column: str, kind: Kind, values: list[Printed]) -> Part:
    before = re.compile(rf"(?:^|\s){re.escape(key_text(key))}\(?(?:0x)?$")
    constant_ = re.compile(rf"(?:^|\s){re.escape(key_text(key))}(-?(?:0x[0-9a-f]+|\d+))(?=[\s,]|$)")
    for i, value in enumerate(values):
        if before.search(value.before):
            chosen = values[i : i + _COUNTS.get(kind, 1)]
            return Part(key, column, kind, tuple(one.evaluated() for one in chosen), (value.after,))
    for text in (*(value.before for value in values), *(value.after for value in values[-1:])):
        if match := constant_.search(text):
            return Part(key, column, kind, (parse(match[1]),), ("",))
    raise ValueError("is not printed")


def _whole_line(column: str, values: list[Printed]) -> Part:
    texts = (*(value.before for value in values), values[-1].after if values else "")
    return Part("", column, Kind.REST, tuple(_printed_word(value) for value in values), texts)


def _printed_word(value: Printed) -> Callable[[Fields], Value]:
    evaluated = value.evaluated()
    if value.conversion != "S":
        return evaluated
    return lambda fields: fields.symbol(numeric(evaluated(fields)))
