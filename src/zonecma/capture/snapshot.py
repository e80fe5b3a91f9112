"""Exact allocator snapshots: every free list and per-cpu list, in list order.

``snap.{E,A,B}.json.gz`` hold the zones of one node as drgn read them out of a stopped kernel.
"""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from zonecma.errors import InputError
from zonecma.kernel.state import MAX_PAGE_ORDER
from zonecma.kernel.units import Cpu, Migratetype, Order, Pfn, Pindex, ZoneIndex
from zonecma.kernel.zone import NAMES as ZONE_NAMES
from zonecma.kernel.zone import ZONE_DMA, ZONE_DMA32, ZONE_MOVABLE, ZONE_NORMAL

_MIGRATETYPE_BITS = 7
_MAX_TEXT = 1 << 30
"""Characters: a snapshot of a terabyte would be shorter."""
_RESERVE_COLUMNS = (ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, ZONE_MOVABLE)
"""The zones of a 64-bit kernel without ZONE_DEVICE: lowmem_reserve's columns."""


@dataclass(frozen=True)
class PcpSnapshot:
    """One CPU's page lists of a zone."""

    cpu: Cpu
    fields: dict[str, int]
    """count, high, high_min, high_max, batch, flags, ...: what this kernel's struct has"""
    lists: dict[Pindex, NDArray[np.int64]]
    """frames of each list that is not empty, head first"""


@dataclass(frozen=True)
class ZoneSnapshot:
    """One zone; sizes in frames."""

    index: ZoneIndex
    start_pfn: Pfn
    spanned: int
    present: int
    managed: int
    cma: int
    watermark: tuple[int, ...]
    """MIN, LOW, HIGH, and PROMO where the kernel has it"""
    watermark_boost: int
    counted_free: int
    """NR_FREE_PAGES as the zone counts it, without what CPUs keep to themselves"""
    counted_cma: int
    """the same of NR_FREE_CMA_PAGES"""
    lowmem_reserve: dict[ZoneIndex, int]
    """kept back from requests whose highest zone is the key"""
    free: dict[tuple[Order, Migratetype], NDArray[np.int64]]
    """first frames of the chunks on each list that is not empty, head first"""
    pcp: tuple[PcpSnapshot, ...]
    pageblocks: NDArray[np.uint8]
    """migratetype of each pageblock from the one that holds start_pfn on"""
    pageblock_order: int
    address: int | None = None
    """of its struct zone, signed in 64 bits, where the snapshot tells"""

    @property
    def end_pfn(self) -> int:
        """The frame after the zone's span."""
        return self.start_pfn + self.spanned


@dataclass(frozen=True)
class AreaSnapshot:
    """One CMA area."""

    name: str
    base_pfn: Pfn
    count: int
    """frames"""
    order_per_bit: int
    bitmap: NDArray[np.uint8]
    """one a bit: 1 where a CMA user has allocated"""


@dataclass(frozen=True)
class Snapshot:
    """The allocator of one node at one moment."""

    zones: tuple[ZoneSnapshot, ...]
    areas: tuple[AreaSnapshot, ...]
    trace_lines: tuple[int, ...]
    """lines that each CPU had written to the trace before this moment"""
    jiffies: int = 0
    """of this moment; 0: not told"""
    page_kib: int = 4
    max_order: int = MAX_PAGE_ORDER
    """of the largest chunk"""


def read_snapshot(path: Path) -> Snapshot:
    """Read ``snap.*.json.gz``; raises InputError for what is none."""
    try:
        with gzip.open(path, "rt") as file:
            return _snapshot(json.loads(_text(file)))
    except FileNotFoundError:
        raise InputError(f"{path}: not found; expected an exact snapshot beside the trace") from None
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise InputError(f"{path}: damaged ({error}); expected JSON compressed by gzip") from error
    except (KeyError, IndexError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise InputError(
            f"{path}: expected an allocator snapshot, but {error!r} is missing or not of its kind"
        ) from error


def _text(file: TextIO) -> str:
    text = file.read(_MAX_TEXT + 1)
    if len(text) > _MAX_TEXT:
        raise ValueError(f"more than {_MAX_TEXT} characters")
    return text


def _frames(raw: list[int]) -> NDArray[np.int64]:
    """First frames of a list; numpy would round what is no whole number."""
    if not all(type(pfn) is int for pfn in raw):
        raise TypeError("a list's frame that is no whole number")
    return np.array(raw, np.int64)


_NO_SECTION = ("-", "0")
"""A pageblock in a hole so large that its section has no memory map; it counts as type 0, no page has it."""


def _snapshot(raw: dict[str, Any]) -> Snapshot:
    types = {name: Migratetype(int(number)) for number, name in raw["migratetypes"].items()}
    buffers = raw["trace"]
    buffer = buffers["cap"] if "cap" in buffers else buffers["global"]
    return Snapshot(
        zones=tuple(_zone(zone, types) for zone in raw["zones"]),
        areas=tuple(_area(area) for area in raw["cma"]),
        trace_lines=tuple(int(cpu["entries"]) for cpu in buffer),
        jiffies=int(raw.get("jiffies", 0)),
    )


def _zone(raw: dict[str, Any], types: dict[str, Migratetype]) -> ZoneSnapshot:
    blocks = np.array([int(digit, 16) for digit in raw["pageblocks"].replace(*_NO_SECTION)], np.uint8)
    start, spanned = Pfn(raw["start_pfn"]), int(raw["spanned"])
    return ZoneSnapshot(
        index=ZoneIndex(ZONE_NAMES.index(raw["name"])),
        start_pfn=start,
        spanned=spanned,
        present=int(raw["present"]),
        managed=int(raw["managed"]),
        cma=int(raw["cma"]),
        watermark=tuple(int(mark) for mark in raw["watermark"]),
        watermark_boost=int(raw["watermark_boost"]),
        counted_free=int(raw["vm_stat"]["NR_FREE_PAGES"]),
        counted_cma=_counted_cma(raw["vm_stat"]),
        lowmem_reserve=dict(zip(_RESERVE_COLUMNS, raw["lowmem_reserve"], strict=False)),
        free={
            (Order(int(order)), types[name]): _frames(frames)
            for order, lists in raw["free"].items()
            for name, frames in lists.items()
        },
        pcp=tuple(_pcp(pcp) for pcp in raw["pcp"]),
        pageblocks=blocks & np.uint8(_MIGRATETYPE_BITS),
        pageblock_order=_pageblock_order(start, spanned, len(blocks)),
        address=_signed(int(raw["address"], 16)) if "address" in raw else None,
    )


def _signed(address: int) -> int:
    """An address as a column of 64 bits holds it."""
    return (address + (1 << 63)) % (1 << 64) - (1 << 63)


def _counted_cma(counters: dict[str, Any]) -> int:
    """NR_FREE_CMA_PAGES; where a snapshot's names are off by one place, it is the last counter still."""
    return int(counters.get("NR_FREE_CMA_PAGES", [*counters.values()][-1]))


def _pageblock_order(start: int, spanned: int, blocks: int) -> int:
    """The order that cuts the span into so many blocks."""
    for order in range(20):
        if -(-(start + spanned) >> order) - (start >> order) == blocks:
            return order
    raise ValueError(f"{blocks} pageblocks do not cut {spanned} frames from {start:#x} on")


def _pcp(raw: dict[str, Any]) -> PcpSnapshot:
    fields = {name: int(value) for name, value in raw.items() if name not in ("cpu", "lists")}
    lists = {Pindex(i): _frames(frames) for i, frames in enumerate(raw["lists"]) if frames}
    return PcpSnapshot(Cpu(raw["cpu"]), fields, lists)


def _area(raw: dict[str, Any]) -> AreaSnapshot:
    count, order_per_bit = int(raw["count"]), int(raw["order_per_bit"])
    bits = count >> order_per_bit
    words = np.array([int(word, 16) for word in raw["bitmap_words"] or []], "<u8")
    bitmap = np.unpackbits(words.view(np.uint8), bitorder="little")[:bits]
    return AreaSnapshot(str(raw["name"]), Pfn(raw["base_pfn"]), count, order_per_bit, bitmap)
