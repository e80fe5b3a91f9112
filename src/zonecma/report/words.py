"""Words and figures of sentences."""

from __future__ import annotations

import textwrap

from zonecma.report.table import thousands

BLANK = "\u00a0"
"""Between a number and its unit: lines are not broken there.  A text has plain blanks in the end."""


def wrapped(text: str, columns: int, indent: int = 0) -> str:
    """A sentence, its further lines indented; a gfp mask is broken between its names, no other word is."""
    first = " " * indent
    filled = textwrap.fill(
        text.replace("|", "| "),
        columns,
        initial_indent=first,
        subsequent_indent=f"{first}    ",
        break_on_hyphens=False,
        break_long_words=False,
    )
    return filled.replace("| ", "|")


def count(number: int, thing: str) -> str:
    """So many things."""
    return f"{thousands(number)} {thing}{'s' * (number != 1)}"


def percent(part: int, whole: int) -> str:
    """A share; a dash where there is nothing to share."""
    return f"{100 * part / whole:.1f} %" if whole else "-"


def mib(kib: int) -> str:
    """A size in KiB, in MiB where that reads better."""
    return f"{kib >> 10}{BLANK}MiB" if kib >= 1024 else f"{kib}{BLANK}KiB"


def at(time: int) -> str:
    """A moment (ns), in seconds of the trace's clock."""
    return f"{time / 1e9:.3f}{BLANK}s"


def ms(time: int) -> str:
    """A time (ns), in milliseconds or, where that reads better, in seconds."""
    return f"{time / 1e9:,.1f}{BLANK}s" if time >= 10**10 else f"{time / 1e6:,.1f}{BLANK}ms"


def printable(text: str) -> str:
    """A task's name, which may hold any bytes, as a terminal can be given it."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
