"""Plain aligned text: tables that a mail can quote."""

from __future__ import annotations

import shutil
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


def thousands(number: int) -> str:
    """A number with commas."""
    return f"{number:,}"
