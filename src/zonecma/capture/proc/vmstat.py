"""/proc/vmstat: a counter a line."""

from __future__ import annotations

import re

from zonecma.capture.proc.lines import expected

_COUNTER = re.compile(r"(\w+) (-?\d{1,20})$")


def parse_vmstat(text: str, source: str = "vmstat") -> dict[str, int]:
    """Every counter by its name; raises InputError with the line of what is none."""
    counters = {}
    for line, row in enumerate(text.splitlines(), 1):
        match = _COUNTER.match(row)
        if not match:
            expected(source, line, "a counter's name and a number", row)
        counters[match[1]] = int(match[2])
    return counters
