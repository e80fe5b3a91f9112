"""/proc/pagetypeinfo: free chunks and pageblocks, by zone and migratetype."""

from __future__ import annotations

import re
from dataclasses import dataclass

from zonecma.capture.proc.lines import expected, numbers

_HEADS = ("Page block order:", "Pages per block:", "Free pages count")
"""The lines above each node's tables."""
_BLOCK_ORDER = re.compile(r"Page block order: (\d{1,9})$")
_FREE = re.compile(r"Node +(\d{1,9}), zone +(\w+), type +(\w+) +(.*)$")
_BLOCK_TYPES = re.compile(r"Number of (?:blocks type|(mixed) blocks) +(.*)$")
_BLOCKS = re.compile(r"Node (\d{1,9}), zone +(\w+) +(.*)$")


@dataclass(frozen=True)
class PageTypeInfo:
    """One reading of the file."""

    pageblock_order: int
    free: dict[tuple[int, str, str], tuple[int, ...]]
    """chunks of order 0, 1, ... by node, zone and type"""
    blocks: dict[tuple[int, str], dict[str, int]]
    """pageblocks of each type, by node and zone"""


def parse_pagetypeinfo(text: str, source: str = "pagetypeinfo") -> PageTypeInfo:
    """Parse the file; raises InputError with the line of what is none.

    The table of mixed blocks, which page_owner adds, is passed over.
    """
    rows = text.splitlines()
    first = _BLOCK_ORDER.match(rows[0]) if rows else None
    if not first:
        expected(source, 1, "'Page block order: N'", rows[0] if rows else "")
    free: dict[tuple[int, str, str], tuple[int, ...]] = {}
    blocks: dict[tuple[int, str], dict[str, int]] = {}
    types: list[str] | None = None
    mixed = False
    for line, row in enumerate(rows[1:], 2):
        if match := _FREE.match(row):
            free[int(match[1]), match[2], match[3]] = numbers(source, line, match[4].split())
        elif match := _BLOCK_TYPES.match(row):
            mixed, types = bool(match[1]), match[2].split()
        elif (match := _BLOCKS.match(row)) and types is not None:
            counts = numbers(source, line, match[3].split())
            if len(counts) != len(types):
                expected(source, line, f"{len(types)} counts of pageblocks", row)
            if not mixed:
                blocks[int(match[1]), match[2]] = dict(zip(types, counts, strict=True))
        elif row.strip() and not row.startswith(_HEADS):
            expected(source, line, "a row of free chunks or of pageblocks", row)
    if len({len(counts) for counts in free.values()}) > 1:
        expected(source, 4, "as many orders in each row", "rows of different lengths")
    if not free or not blocks:
        expected(source, len(rows), "both tables of the file", rows[-1])
    return PageTypeInfo(int(first[1]), free, blocks)
