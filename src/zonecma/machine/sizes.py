"""Sizes as the kernel reads them, and as people do."""

from __future__ import annotations

import re

from zonecma.errors import InputError

_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*")
_SUFFIXES = "KMGTPE"
_WORD = (1 << 64) - 1


def memparse(text: str) -> tuple[int, str]:
    """The number at the start of ``text`` in bytes, and what follows it.

    memparse() and simple_strtoull() of the kernel: decimal, octal or hexadecimal, then one of
    K M G T P E; 64 bits, the rest is lost; no number is 0.
    """
    match = _NUMBER.match(text)
    if not match:
        return 0, text
    digits, rest = match[0], text[match.end() :]
    base = 16 if digits[:2].lower() == "0x" else 8 if digits[0] == "0" else 10
    shift = 10 * (_SUFFIXES.find(rest[:1].upper()) + 1) if rest else 0
    # Ten to the 64th is a multiple of 2 to the 64th: digits before the last 64 are lost.
    return (int(digits[-64:] if base == 10 else digits, base) << shift) & _WORD, rest[1:] if shift else rest


def size_text(size: int) -> str:
    """``256 MiB``: in the largest unit that divides it."""
    for shift, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if size and size % (1 << shift) == 0:
            return f"{size >> shift} {unit}"
    return f"{size} bytes"


def pages_called(text: str, option: str, page_kib: int = 4) -> int:
    """Pages of a size on the command line; raises InputError, with the option, for what is none."""
    size, rest = memparse(text)
    if rest.strip().lower() not in ("", "b", "ib") or not size or size % (page_kib << 10):
        raise InputError(f"{option} {text}: expected a size such as 128M, in whole pages of {page_kib} KiB")
    return size // (page_kib << 10)
