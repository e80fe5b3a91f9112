"""Plain aligned text: tables that a mail can quote."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence

WIDEST = 100


def width() -> int:
    """Columns to use: the terminal's, at most WIDEST."""
    return min(shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST)


def aligned(rows: Sequence[Sequence[str]], gap: int = 2) -> str:
    """Rows of cells, the first column to the left, the others to the right."""
    columns = max(map(len, rows))
    widths = [max((len(row[i]) for row in rows if i < len(row)), default=0) for i in range(columns)]
    lines = []
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=False)]
        lines.append((" " * gap).join([row[0].ljust(widths[0]), *cells]).rstrip())
    return "\n".join(lines)


def fitted(rows: Sequence[Sequence[str]], columns: int) -> str:
    """Rows of cells, aligned; where they were too wide, first cells are broken between their words."""
    too_wide = max(map(len, aligned(rows).split("\n"))) - columns
    if too_wide <= 0:
        return aligned(rows)
    room = max(len(row[0]) for row in rows) - too_wide
    return aligned([line for row in rows for line in _broken(row, max(room, 3))])


def _broken(row: Sequence[str], room: int) -> list[list[str]]:
    """A row as several: its further cells stand in the first."""
    lines = textwrap.wrap(
        row[0], room, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    ) or [""]
    return [[lines[0], *row[1:]], *([line] for line in lines[1:])]


def notes(lines: Sequence[str], columns: int | None = None) -> str:
    """Sentences, wrapped to the terminal, each behind a star."""
    return "\n".join(
        textwrap.fill(line, columns or width(), initial_indent="* ", subsequent_indent="  ") for line in lines
    )


def thousands(number: int) -> str:
    """A number with commas."""
    return f"{number:,}"


def counted(number: float) -> str:
    """A count; of a mean that is small and not whole some places, too: one in fifty is not none."""
    if number == round(number) or number >= 100:
        return thousands(round(number))
    return f"{number:.2f}".rstrip("0").rstrip(".")


def duration(seconds: float) -> str:
    """Seconds, or milliseconds where that reads better."""
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"
