"""/proc/meminfo: sizes in KiB, and a few plain counts."""

from __future__ import annotations

import re

from zonecma.capture.proc.lines import expected

_ROW = re.compile(r"([\w()]+): +(\d{1,18})( kB)?$")


def parse_meminfo(text: str, source: str = "meminfo") -> dict[str, int]:
    """Every figure by its name: KiB, or a count where the kernel prints no unit (``HugePages_Free``).

    Raises InputError with the line of what is none.
    """
    figures = {}
    for line, row in enumerate(text.splitlines(), 1):
        match = _ROW.match(row.rstrip())
        if not match:
            expected(source, line, "'Name: NUMBER kB'", row)
        figures[match[1]] = int(match[2])
    if not figures:
        expected(source, 1, "'Name: NUMBER kB'", "")
    return figures
