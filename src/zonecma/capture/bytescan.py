"""Reading text a word at a time: finding bytes, hashing words, parsing numbers.

``text`` is the bytes; ``words`` is the same memory as overlapping 64-bit words, word i
starting at byte i.  Both end in PADDING newlines: a line is looked at up to 24 bytes beyond
its end at most, and every search ends at a newline, so none leaves the memory.  Positions
are cast to unsigned where they index: numba then has no negative index to look for, which
halves the time of a byte loop.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.jit import entry, primitive

PADDING = 32
"""Newlines that must follow the text."""

NEWLINE, SPACE, HASH, PAREN, COMMA, MINUS, DOT = 10, 32, 35, 40, 44, 45, 46
DIGIT_0, DIGIT_9, COLON, EQUALS, GREATER, BRACKET, BRACKET_END = 48, 57, 58, 61, 62, 91, 93
LOWER_A, LOWER_F, LOWER_N, LOWER_X, TILDE = 97, 102, 110, 120, 126

MAX_DIGITS, MAX_HEX_DIGITS = 18, 16
"""Digits of a number that 64 bits hold for sure."""

_ONES = np.uint64(0x0101010101010101)
_HIGHS = np.uint64(0x8080808080808080)
_MIX = np.uint64(0x9E3779B97F4A7C15)
_U1, _U8, _U29, _U56 = np.uint64(1), np.uint64(8), np.uint64(29), np.uint64(56)
_NEWLINES = _ONES * np.uint64(NEWLINE)
_SPACES_AND_BELOW = _ONES * np.uint64(SPACE + 1)


def as_words(text: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The text's bytes as overlapping little-endian words."""
    return np.ndarray((len(text) - 7,), "<u8", buffer=text.data, strides=(1,))


@primitive
def byte(text: NDArray[np.uint8], at: int) -> int:
    """One byte."""
    return text[np.uint64(at)]  # type: ignore[no-any-return, return-value]


@primitive
def word(words: NDArray[np.uint64], at: int) -> Any:
    """The eight bytes from ``at`` on."""
    return words[np.uint64(at)]


@primitive
def _first_marked(marks: Any) -> int:
    """Index of the lowest byte whose high bit is set."""
    below = (marks & (~marks + _U1)) - _U1
    return np.int64(((below & _ONES) * _ONES) >> _U56) - 1  # type: ignore[return-value]


@primitive
def _marks(eight: Any, wanted: Any) -> Any:
    """High bits where a byte of ``eight`` equals ``wanted``, a word of eight such bytes.

    Only the lowest mark is exact; no mark means none.
    """
    differs = eight ^ wanted
    return (differs - _ONES) & ~differs & _HIGHS


@primitive
def holds_newline(words: NDArray[np.uint64], at: int) -> bool:
    """Whether one of the eight bytes from ``at`` on is a newline."""
    return _marks(word(words, at), _NEWLINES) != np.uint64(0)  # type: ignore[no-any-return]


@primitive
def find_newline(words: NDArray[np.uint64], at: int) -> int:
    """The first position from ``at`` on that holds a newline."""
    while True:
        marks = _marks(word(words, at), _NEWLINES)
        if marks:
            return at + _first_marked(marks)
        at += 8


@primitive
def find_word_end(words: NDArray[np.uint64], at: int) -> int:
    """The first position from ``at`` on that holds a space, a newline or another control byte."""
    while True:
        eight = word(words, at)
        marks = (eight - _SPACES_AND_BELOW) & ~eight & _HIGHS
        if marks:
            return at + _first_marked(marks)
        at += 8


@primitive
def mask_of(count: int) -> Any:
    """A word whose first ``count`` bytes, 1 to 8, are all ones."""
    return ~np.uint64(0) >> (np.uint64(8 - count) * _U8)


@primitive
def hash_bytes(words: NDArray[np.uint64], start: int, end: int) -> Any:
    """A 64-bit hash of the bytes [start, end); never 0."""
    hashed = np.uint64(end - start + 1)
    while start < end:
        eight = word(words, start)
        if end - start < 8:
            eight &= mask_of(end - start)
        hashed = (hashed ^ eight) * _MIX
        hashed ^= hashed >> _U29
        start += 8
    return hashed | _U1


def hash_of(text: str) -> np.uint64:
    """``hash_bytes`` of a string."""
    padded = np.frombuffer(text.encode() + b"\n" * PADDING, np.uint8)
    return np.uint64(_hash_whole(as_words(padded), len(text.encode())))


@entry
def _hash_whole(words: NDArray[np.uint64], length: int) -> Any:
    return hash_bytes(words, 0, length)


@primitive
def is_digit(value: Any) -> bool:
    """Whether a byte is one of 0 to 9."""
    return DIGIT_0 <= value <= DIGIT_9  # type: ignore[no-any-return]


@primitive
def skip_spaces(text: NDArray[np.uint8], at: int) -> int:
    """The first position from ``at`` on that holds no blank (a newline is none)."""
    while byte(text, at) <= SPACE and byte(text, at) != NEWLINE:
        at += 1
    return at


@primitive
def decimal(text: NDArray[np.uint8], at: int) -> tuple[int, int]:
    """A run of digits: its value and the position after it; beyond MAX_DIGITS the value wraps."""
    value = np.int64(0)
    while is_digit(byte(text, at)):
        value = value * 10 + (np.int64(byte(text, at)) - DIGIT_0)
        at += 1
    return value, at  # type: ignore[return-value]


@primitive
def hexadecimal(text: NDArray[np.uint8], at: int) -> tuple[int, int]:
    """A run of lower-case hexadecimal digits: its value, signed in 64 bits, and the position after it."""
    value = np.int64(0)
    while True:
        digit = np.int64(byte(text, at))
        if is_digit(digit):
            value = (value << 4) | (digit - DIGIT_0)
        elif LOWER_A <= digit <= LOWER_F:
            value = (value << 4) | (digit - LOWER_A + 10)
        else:
            return value, at  # type: ignore[return-value]
        at += 1


@primitive
def number(text: NDArray[np.uint8], at: int, is_hexadecimal: bool) -> tuple[int, int]:
    """A number, decimal with sign unless it starts with 0x, and the position after it.

    The position is ``at`` when there is no number, or one that 64 bits do not hold.
    """
    if byte(text, at) == DIGIT_0 and byte(text, at + 1) == LOWER_X:
        value, end = hexadecimal(text, at + 2)
        return (value, end) if at + 2 < end <= at + 2 + MAX_HEX_DIGITS else (0, at)
    if is_hexadecimal:
        value, end = hexadecimal(text, at)
        return (value, end) if end <= at + MAX_HEX_DIGITS else (0, at)
    if byte(text, at) == MINUS:
        value, end = decimal(text, at + 1)
        return (-value, end) if at + 1 < end <= at + 1 + MAX_DIGITS else (0, at)
    value, end = decimal(text, at)
    return (value, end) if end <= at + MAX_DIGITS else (0, at)
