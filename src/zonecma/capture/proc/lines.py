"""Reading /proc text line by line, with an error that names the line."""

from __future__ import annotations

from typing import NoReturn

from zonecma.errors import InputError


def expected(source: str, line: int, what: str, found: str) -> NoReturn:
    """Raise InputError: ``what`` was expected in this line (from 1) of ``source``."""
    raise InputError(f"{source}: line {line}: expected {what}, found {found.strip()[:60]!r}")


def numbers(source: str, line: int, words: list[str]) -> tuple[int, ...]:
    """Turn words into integers; a count that the kernel cut short (``>100000``) is taken as printed."""
    try:
        return tuple(int(word.lstrip(">")) for word in words)
    except ValueError:
        expected(source, line, "numbers", " ".join(words))
