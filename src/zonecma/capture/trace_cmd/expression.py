"""The C expressions of a format's ``print fmt``, over many events at once.

Numbers are arrays of 64 bits with sign that wrap; strings are ``Words``.  Casts are left out:
the kernel casts to print, and the conversion, ``%d`` or ``%lx``, says again how wide a number is.
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.trace_cmd.distinct import distinct_numbers

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Words:
    """A string for each event."""

    codes: Integers
    """index into ``words``"""
    words: list[str]


Value = Integers | Words


class Fields(Protocol):
    """Where an expression finds what it names."""

    def field(self, name: str) -> Value:
        """``REC->name`` of each event."""

    def string(self, name: str) -> Words:
        """``__get_str(name)`` of each event."""

    def symbol(self, addresses: Integers) -> Words:
        """The names of the kernel functions at these addresses."""


Expression = Callable[[Fields], Value]

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>0[xX][0-9a-fA-F]+|\d+)[uUlL]*\b|(?P<string>"(?:[^"\\]|\\.)*")|(?P<name>[A-Za-z_]\w*)
    |(?P<mark>->|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^~!<>?:(){},\[\]]))""",
    re.VERBOSE,
)
_CAST = re.compile(
    r"\(\s*(?:(?:unsigned|signed|long|int|short|char|void|const|struct|enum|bool|\w+_t|[us](?:8|16|32|64)"
    r"|(?<=struct )\w+|(?<=enum )\w+)\b\s*)+\**\s*\)\s*(?=[\w(~\-!\"])"
)
_LONGEST = 1 << 16
_WRAP = (1 << 64) - 1


def _comparison(compare: Callable[[Integers, Integers], NDArray[np.bool_]]) -> Callable[..., Integers]:
    return lambda a, b: np.asarray(compare(a, b)).astype(np.int64)


def _right_shift(a: Integers, b: Integers) -> Integers:
    return np.right_shift(a.astype(np.uint64), b.astype(np.uint64)).astype(np.int64)


_BINARY: Sequence[dict[str, Callable[[Integers, Integers], Integers]]] = (
    {"||": lambda a, b: ((a != 0) | (b != 0)).astype(np.int64)},
    {"&&": lambda a, b: ((a != 0) & (b != 0)).astype(np.int64)},
    {"|": operator.or_},
    {"^": operator.xor},
    {"&": operator.and_},
    {"==": _comparison(operator.eq), "!=": _comparison(operator.ne)},
    {
        mark: _comparison(compare)
        for mark, compare in (
            ("<", operator.lt),
            (">", operator.gt),
            ("<=", operator.le),
            (">=", operator.ge),
        )
    },
    {"<<": lambda a, b: np.left_shift(a, b), ">>": _right_shift},
    {"+": operator.add, "-": operator.sub},
    {
        "*": operator.mul,
        "/": lambda a, b: np.where(b == 0, 0, a // np.where(b == 0, 1, b)),
        "%": lambda a, b: np.where(b == 0, 0, a % np.where(b == 0, 1, b)),
    },
)
"""Operators, the weakest first."""


def constant(number: int) -> Integers:
    """A number of C, in 64 bits."""
    return np.asarray(np.uint64(number & _WRAP)).astype(np.int64)


@functools.lru_cache(maxsize=256)
def parse(text: str) -> Expression:
    """An expression.  ValueError, with the text, for what is not read here."""
    if len(text) > _LONGEST:
        raise ValueError(f"an expression of {len(text)} characters")
    parser = _Parser(_tokens(_CAST.sub("", text)))
    try:
        found = parser.ternary()
    except (IndexError, RecursionError):
        raise ValueError(f"cannot read {text[:60]!r}") from None
    if parser.at != len(parser.tokens):
        raise ValueError(f"cannot read {parser.tokens[parser.at][1]!r} in {text[:60]!r}")
    return found


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, at, text = [], 0, text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match or match.lastgroup is None:
            raise ValueError(f"cannot read {text[at : at + 20]!r}")
        tokens.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return tokens


class _Parser:
    """Recursive descent; each rule returns a function of the fields."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens, self.at = tokens, 0

    def take(self, mark: str) -> bool:
        """Go beyond a mark if it is next."""
        if self.at < len(self.tokens) and self.tokens[self.at] == ("mark", mark):
            self.at += 1
            return True
        return False

    def need(self, mark: str) -> None:
        if not self.take(mark):
            raise ValueError(f"expected {mark!r} before {self.tokens[self.at][1]!r}")

    def word(self, kind: str) -> str:
        """The next token, which must be of this kind."""
        found, text = self.tokens[self.at]
        if found != kind:
            raise ValueError(f"expected a {kind}, found {text!r}")
        self.at += 1
        return text

    def ternary(self) -> Expression:
        test = self.binary(0)
        if not self.take("?"):
            return test
        yes = self.ternary()
        self.need(":")
        no = self.ternary()
        return lambda fields: choose(numeric(test(fields)), yes(fields), no(fields))

    def binary(self, level: int) -> Expression:
        if level == len(_BINARY):
            return self.unary()
        left = self.binary(level + 1)
        while (
            self.at < len(self.tokens)
            and self.tokens[self.at][1] in _BINARY[level]
            and self.tokens[self.at][0] == "mark"
        ):
            apply = _BINARY[level][self.word("mark")]
            left = _applied(apply, left, self.binary(level + 1))
        return left

    def unary(self) -> Expression:
        for mark, apply in _UNARY.items():
            if self.take(mark):
                operand = self.unary()
                return lambda fields: apply(numeric(operand(fields)))
        return self.primary()

    def primary(self) -> Expression:
        kind, text = self.tokens[self.at]
        if self.take("("):
            inner = self.ternary()
            self.need(")")
            return inner
        self.at += 1
        if kind == "number":
            return _always(constant(int(text, 8 if re.fullmatch("0[0-7]+", text) else 0)))
        if kind == "string":
            return _always(Words(np.asarray(0), [unescaped(text)]))
        if kind == "name" and text == "REC":
            self.need("->")
            name = self.word("name")
            return lambda fields: fields.field(name)
        if kind == "name" and text in _CALLS and self.take("("):
            return _CALLS[text](self)
        raise ValueError(f"cannot read {text!r}")

    def string_call(self) -> Expression:
        name = self.word("name")
        self.need(")")
        return lambda fields: fields.string(name)

    def table(self) -> list[tuple[Expression, str]]:
        """``, {number, "name"}, ...)``."""
        entries = []
        while self.take(","):
            self.need("{")
            number = self.ternary()
            self.need(",")
            entries.append((number, unescaped(self.word("string"))))
            self.need("}")
        self.need(")")
        return entries

    def symbolic_call(self) -> Expression:
        value, table = self.ternary(), self.table()
        return lambda fields: _named(numeric(value(fields)), _symbol, "", _numbers(table, fields))

    def flags_call(self) -> Expression:
        value = self.ternary()
        self.need(",")
        between, table = unescaped(self.word("string")), self.table()
        return lambda fields: _named(numeric(value(fields)), _flags, between, _numbers(table, fields))


_UNARY: dict[str, Callable[[Integers], Integers]] = {
    "-": operator.neg,
    "~": operator.invert,
    "!": lambda value: (value == 0).astype(np.int64),
    "+": lambda value: value,
}
_CALLS: dict[str, Callable[[_Parser], Expression]] = {
    "__get_str": _Parser.string_call,
    "__get_rel_str": _Parser.string_call,
    "__print_symbolic": _Parser.symbolic_call,
    "__print_flags": _Parser.flags_call,
}


def _always(value: Value) -> Expression:
    return lambda _: value


def _applied(
    apply: Callable[[Integers, Integers], Integers], left: Expression, right: Expression
) -> Expression:
    return lambda fields: apply(numeric(left(fields)), numeric(right(fields)))


def unescaped(string: str) -> str:
    """What a string literal of C holds."""
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "t": "\t"}.get(match[1], match[1]), string[1:-1])


def numeric(value: Value) -> Integers:
    """A value that must be a number."""
    if isinstance(value, Words):
        raise ValueError("a string where a number is expected")
    return value


def choose(test: Integers, yes: Value, no: Value) -> Value:
    """``test ? yes : no``."""
    if isinstance(yes, Words) and isinstance(no, Words):
        return Words(np.where(test != 0, yes.codes, no.codes + len(yes.words)), yes.words + no.words)
    return np.where(test != 0, numeric(yes), numeric(no))


def _numbers(table: list[tuple[Expression, str]], fields: Fields) -> list[tuple[int, str]]:
    return [(int(numeric(number(fields))) & _WRAP, name) for number, name in table]


Table = list[tuple[int, str]]


def _named(values: Integers, name: Callable[[int, str, Table], str], between: str, table: Table) -> Words:
    found, codes = distinct_numbers(values)
    return Words(codes, [name(int(value) & _WRAP, between, table) for value in found])


def _symbol(value: int, _: str, table: Table) -> str:
    """The name of a number (trace_print_symbols_seq)."""
    return next((name for number, name in table if number == value), f"0x{value:x}")


def _flags(value: int, between: str, table: Table) -> str:
    """The names of bits, in the table's order (trace_print_flags_seq); what is left in hexadecimal."""
    names = []
    for mask, name in table:
        if mask and value & mask == mask:
            names.append(name)
            value &= ~mask
    if value:
        names.append(f"0x{value:x}")
    return between.join(names)
