"""/proc/iomem: who has which physical addresses."""

from __future__ import annotations

import re
from typing import NamedTuple

from zonecma.capture.proc.lines import expected
from zonecma.errors import InputError

_LINE = re.compile(r" *([0-9a-f]{1,16})-([0-9a-f]{1,16}) : (.*)$")


class Resource(NamedTuple):
    """One line, from ``start`` up to ``end``."""

    start: int
    end: int
    name: str


def parse_iomem(text: str, source: str = "iomem") -> list[Resource]:
    """The lines in the file's order.

    Raises InputError with the line of what is none, and when the kernel hid the addresses.
    """
    resources = []
    for number, row in enumerate(text.splitlines(), 1):
        match = _LINE.match(row)
        if not match:
            expected(source, number, "'START-END : NAME'", row)
        start, end = int(match[1], 16), int(match[2], 16) + 1
        if end < start:
            expected(source, number, "a range that does not end before it starts", row)
        resources.append(Resource(start, end, match[3]))
    if not resources:
        expected(source, 1, "'START-END : NAME'", text)
    if all(one.end == 1 for one in resources):
        raise InputError(
            f"{source}: all addresses are 0: the kernel shows them to root alone; sudo cat /proc/iomem"
        )
    return resources
