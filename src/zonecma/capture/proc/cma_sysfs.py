"""Counters of /sys/kernel/mm/cma: lines of a path and a value, as the collector writes them."""

from __future__ import annotations

import re

_COUNTER = re.compile(r"/sys/kernel/mm/cma/([^/\s]+)/(\w+) (\d{1,19})$")


def parse_cma_sysfs(text: str) -> dict[str, dict[str, int]]:
    """Counters by area, in the file's order; lines that are none are passed over."""
    areas: dict[str, dict[str, int]] = {}
    for line in text.splitlines():
        if match := _COUNTER.match(line):
            areas.setdefault(match[1], {})[match[2]] = int(match[3])
    return areas
