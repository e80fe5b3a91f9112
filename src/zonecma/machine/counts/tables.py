"""What /proc says of memory at the start of a trace: zones, free chunks and pageblocks by type.

The files were read one after the other, and a little before the trace began: they need not agree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.proc.buddyinfo import parse_buddyinfo
from zonecma.capture.proc.pagetypeinfo import PageTypeInfo, parse_pagetypeinfo
from zonecma.capture.proc.zoneinfo import ZoneInfo, parse_zoneinfo
from zonecma.capture.recording import Recording
from zonecma.errors import InputError
from zonecma.kernel.migratetype import MIGRATE_CMA, MIGRATE_MOVABLE, MIGRATE_TYPES
from zonecma.kernel.migratetype import NAMES as TYPE_NAMES
from zonecma.kernel.zone import NAMES as ZONE_NAMES
from zonecma.machine.iomem import Resource, parse_iomem

_BEFORE = "before"
_PAGEBLOCK_ORDER = 9
"""Of most 64-bit kernels, where /proc/pagetypeinfo is missing."""


@dataclass(frozen=True)
class Counts:
    """One reading of the files."""

    zones: tuple[ZoneInfo, ...]
    """those with pages, lowest first"""
    zone_names: tuple[str, ...]
    """all that the kernel has: the columns of ``protection``"""
    pageblock_order: int
    chunks: Mapping[str, NDArray[np.int64]]
    """i8[orders, types]: free chunks of each zone, by its name"""
    blocks: Mapping[str, Sequence[int]]
    """pageblocks of each type, by zone; a zone is missing where the kernel did not tell"""
    resources: tuple[Resource, ...]
    """/proc/iomem; empty where it is missing"""
    by_type: bool = True
    """the kernel told which types' lists the chunks are on"""

    @property
    def max_order(self) -> int:
        """The largest order."""
        return max(len(table) for table in self.chunks.values()) - 1


def read_counts(recording: Recording) -> Counts:
    """Read a recording's files of before the load.

    /proc/pagetypeinfo is for root alone, and iomem hides its addresses from others: they may be
    missing.  Raises InputError without zoneinfo and buddyinfo, for damaged files, and for several nodes.
    """
    printed = parse_zoneinfo(_text(recording, "zoneinfo"), _place(recording, "zoneinfo"))
    zones = tuple(zone for zone in printed if zone["present"] and zone.name in ZONE_NAMES)
    if len({zone.node for zone in zones}) != 1:
        raise InputError(f"{_place(recording, 'zoneinfo')}: expected the zones of one node")
    resources: tuple[Resource, ...] = ()
    if recording.has_kernel_file(f"{_BEFORE}/iomem"):
        resources = tuple(parse_iomem(_text(recording, "iomem"), _place(recording, "iomem")))
    names = tuple(zone.name for zone in printed if zone.node == zones[0].node)
    if recording.has_kernel_file(f"{_BEFORE}/pagetypeinfo"):
        info = parse_pagetypeinfo(_text(recording, "pagetypeinfo"), _place(recording, "pagetypeinfo"))
        return _typed(zones, names, info, resources)
    told = parse_buddyinfo(_text(recording, "buddyinfo"), _place(recording, "buddyinfo"))
    chunks = {name: np.array(counts) for (_, name), counts in told.items()}
    untyped = {zone.name: _untyped(zone, chunks[zone.name]) for zone in zones if zone.name in chunks}
    return Counts(zones, names, _PAGEBLOCK_ORDER, untyped, {}, resources, by_type=False)


def _text(recording: Recording, name: str) -> str:
    return recording.kernel_file(f"{_BEFORE}/{name}")


def _place(recording: Recording, name: str) -> str:
    return f"{recording.path}: {_BEFORE}/{name}"


def _typed(
    zones: tuple[ZoneInfo, ...], names: tuple[str, ...], info: PageTypeInfo, resources: tuple[Resource, ...]
) -> Counts:
    orders = len(next(iter(info.free.values())))
    chunks = {zone.name: np.zeros((orders, MIGRATE_TYPES), np.int64) for zone in zones}
    for (_, zone, name), counts in info.free.items():
        if zone in chunks and name in TYPE_NAMES:
            chunks[zone][:, TYPE_NAMES.index(name)] = counts
    blocks = {zone: [counts.get(name, 0) for name in TYPE_NAMES] for (_, zone), counts in info.blocks.items()}
    return Counts(zones, names, info.pageblock_order, chunks, blocks, resources)


def _untyped(zone: ZoneInfo, counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Chunks by order alone: of CMA's as many as the zone counts pages, the largest first."""
    table = np.zeros((len(counts), MIGRATE_TYPES), np.int64)
    left = zone.stats.get("nr_free_cma", 0)
    for order in range(len(counts) - 1, -1, -1):
        table[order, MIGRATE_CMA] = min(counts[order], left >> order)
        left -= int(table[order, MIGRATE_CMA]) << order
    table[:, MIGRATE_MOVABLE] = counts - table[:, MIGRATE_CMA]
    return table
