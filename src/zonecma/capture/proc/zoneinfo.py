"""/proc/zoneinfo: sizes, watermarks, counters and per-cpu lists of each zone."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from zonecma.capture.proc.lines import expected, numbers

_SIZES = {"free", "min", "low", "high", "present", "managed"}
_ZONE = re.compile(r"Node (\d{1,9}), zone +(\w+)$")
_PROTECTION = re.compile(r"protection: \((.*)\)$")
_FIELD = re.compile(r"(\w[\w ]*?):? +(-?\d{1,20})$")


@dataclass
class ZoneInfo:
    """One zone as the file shows it; sizes in pages."""

    node: int
    name: str
    sizes: dict[str, int] = field(default_factory=dict)
    """free, min, low, high, spanned, present, managed, start_pfn and whatever else this kernel prints"""
    protection: tuple[int, ...] = ()
    """lowmem_reserve against requests of each highest zone"""
    stats: dict[str, int] = field(default_factory=dict)
    """the zone's counters, nr_free_pages and so on"""
    node_stats: dict[str, int] = field(default_factory=dict)
    """the node's counters, printed with its first populated zone (4.8 and later)"""
    pagesets: list[dict[str, int]] = field(default_factory=list)
    """cpu, count, high, batch of each CPU's page lists"""

    def __getitem__(self, name: str) -> int:
        """One of ``sizes``."""
        return self.sizes[name]


_PAGESET_FIELDS = frozenset({"count", "high", "batch", "high_min", "high_max"})


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.zones: list[ZoneInfo] = []
        self.in_node_stats = False

    def line(self, number: int, row: str) -> None:
        text = row.strip()
        if match := _ZONE.match(text):
            self.zones.append(ZoneInfo(int(match[1]), match[2]))
            self.in_node_stats = False
        elif not self.zones:
            expected(self.source, number, "'Node N, zone NAME'", row)
        elif text == "per-node stats":
            self.in_node_stats = True
        elif match := _PROTECTION.match(text):
            self.zones[-1].protection = numbers(self.source, number, match[1].split(", "))
        elif match := _FIELD.match(text):
            self.value(match[1], int(match[2]))
        elif text and text != "pagesets":
            expected(self.source, number, "a name and a number", row)

    def value(self, name: str, value: int) -> None:
        zone = self.zones[-1]
        if name == "pages free":
            self.in_node_stats = False
            zone.sizes["free"] = value
        elif self.in_node_stats:
            zone.node_stats[name] = value
        elif name == "cpu":
            zone.pagesets.append({"cpu": value})
        elif zone.pagesets and name in _PAGESET_FIELDS:
            zone.pagesets[-1][name] = value
        elif name.startswith(("nr_", "numa_", "workingset_", "pgdemote_")):
            zone.stats[name] = value
        else:
            zone.sizes[name] = value


def parse_zoneinfo(text: str, source: str = "zoneinfo") -> list[ZoneInfo]:
    """The zones in the file's order; raises InputError with the line of what is none."""
    parser = _Parser(source)
    for number, row in enumerate(text.splitlines(), 1):
        parser.line(number, row)
    if not parser.zones:
        expected(source, 1, "'Node N, zone NAME'", text)
    for zone in parser.zones:
        if not zone.sizes.keys() >= _SIZES or not zone.protection:
            expected(source, 1, f"all of zone {zone.name}", f"it ends after {list(zone.sizes)[-1:]}")
    return parser.zones
