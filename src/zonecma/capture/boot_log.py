"""What a kernel's log says of its boot: zones, memory, reservations, areas (dmesg).

All addresses and sizes are bytes; ranges end after their last byte.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from zonecma.kernel.units import ZoneIndex
from zonecma.kernel.zone import NAMES

Range = tuple[int, int]

_STAMP = re.compile(r"^\[ *\d+\.\d+\] ?")
_SPAN = r"\[(?:mem )?0x([0-9a-f]{1,16})-0x([0-9a-f]{1,16})\]"
_ZONE = re.compile(rf"  (\w+) +(?:{_SPAN}|empty)$")
_NODE = re.compile(rf" +node +(\d{{1,9}}): {_SPAN}")
_RESERVED = re.compile(rf" reserved\[0x[0-9a-f]+\]\s+{_SPAN}")
_CALL = re.compile(rf"memblock_(reserve|free|phys_free): {_SPAN}")
_AREA = re.compile(r"cma: Reserved (\d{1,12}) MiB at 0x([0-9a-f]{1,16})\b")
_FREED = re.compile(r"Freeing (.+?) memory: (\d{1,15})K")
_AVAILABLE = re.compile(r"Memory: (\d{1,15})K/(\d{1,15})K available")
_PRINTED = re.compile(
    rf"GTZ ({'|'.join(NAMES)}) populated=([01]) boot_pageset=([01]) contiguous=([01])"
    r" .*\bmanaged=(\d{1,15}) "
)
_BEFORE_INITCALLS = ("SMP alternatives",)
"""What is freed by check_bugs, before the initcalls; all else follows them."""


@dataclass(frozen=True)
class PrintedZone:
    """One zone's fields, as a patched kernel prints them while it boots."""

    zone: ZoneIndex
    managed: int
    """frames"""
    populated: bool
    boot_pageset: bool
    """its per-cpu lists are the static ones of early boot"""
    contiguous: bool


@dataclass
class BootLog:
    """What was found; what the log does not have is empty."""

    zones: dict[str, Range | None] = field(default_factory=dict)
    """each configured zone but Movable, lowest first; None: empty"""
    memory: list[tuple[int, int, int]] = field(default_factory=list)
    """start, end and node of each range of memory"""
    reserved: list[Range] = field(default_factory=list)
    """what memblock lists as reserved when it is first asked; empty without memblock=debug"""
    calls: list[tuple[bool, Range]] = field(default_factory=list)
    """what it reserved (True) and freed (False) since, in order"""
    areas: list[Range] = field(default_factory=list)
    """CMA areas, in the order of their declaration"""
    freed_early: int = 0
    """freed before the initcalls, besides what memblock hands over"""
    available: int | None = None
    """free when memory is handed over ("Memory: ...K/...K available")"""
    printed: list[PrintedZone] = field(default_factory=list)
    """each zone after the core initcalls and after all of them, from a kernel patched to say so"""


class _Reader:
    def __init__(self) -> None:
        self.log = BootLog()
        self.in_zones = False

    def line(self, text: str) -> None:
        if self.in_zones and (match := _ZONE.match(text)):
            self.log.zones[match[1]] = _range(match[2], match[3]) if match[2] else None
            return
        self.in_zones = text == "Zone ranges:"
        if match := _NODE.match(text):
            start, end = _range(match[2], match[3])
            self.log.memory.append((start, end, int(match[1])))
        elif match := _RESERVED.match(text):
            self.log.reserved.append(_range(match[1], match[2]))
        elif (match := _CALL.match(text)) and self.log.reserved:
            self.log.calls.append((match[1] == "reserve", _range(match[2], match[3])))
        else:
            self._fact(text)

    def _fact(self, text: str) -> None:
        if match := _AREA.match(text):
            base = int(match[2], 16)
            self.log.areas.append((base, base + (int(match[1]) << 20)))
        elif (match := _FREED.match(text)) and match[1] in _BEFORE_INITCALLS:
            self.log.freed_early += int(match[2]) << 10
        elif match := _AVAILABLE.match(text):
            self.log.available = int(match[1]) << 10
        elif match := _PRINTED.match(text):
            zone, flags = ZoneIndex(NAMES.index(match[1])), [flag == "1" for flag in match.group(2, 3, 4)]
            self.log.printed.append(PrintedZone(zone, int(match[5]), *flags))


def read_boot_log(text: str) -> BootLog:
    """What the log of a boot says; lines that say nothing of memory are passed over."""
    reader = _Reader()
    for line in text.splitlines():
        reader.line(_STAMP.sub("", line))
    return reader.log


def _range(first: str, last: str) -> Range:
    return int(first, 16), int(last, 16) + 1
