"""/proc/buddyinfo: free chunks of each order, by zone."""

from __future__ import annotations

import re

from zonecma.capture.proc.lines import expected, numbers

_ZONE = re.compile(r"Node (\d{1,9}), zone +(\w+) +(.*)$")


def parse_buddyinfo(text: str, source: str = "buddyinfo") -> dict[tuple[int, str], tuple[int, ...]]:
    """Chunks of order 0, 1, ... by node and zone name.

    All free lists count, isolated ones too.  Raises InputError with the line of what is none.
    """
    zones = {}
    for line, row in enumerate(text.splitlines(), 1):
        match = _ZONE.match(row)
        if not match:
            expected(source, line, "'Node N, zone NAME' and a count for each order", row)
        zones[int(match[1]), match[2]] = numbers(source, line, match[3].split())
    if not zones:
        expected(source, 1, "a line for each zone", "")
    return zones
