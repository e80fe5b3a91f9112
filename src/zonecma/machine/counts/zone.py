"""One zone at the start: pageblock types, free lists, per-cpu lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.proc.zoneinfo import ZoneInfo
from zonecma.capture.snapshot import PcpSnapshot, ZoneSnapshot
from zonecma.kernel.migratetype import MIGRATE_CMA, MIGRATE_TYPES
from zonecma.kernel.units import Migratetype, Order, Pfn, ZoneIndex
from zonecma.kernel.zone import NAMES as ZONE_NAMES
from zonecma.machine.counts.blocks import BlockTypes, draw_block_types
from zonecma.machine.counts.chunks import Ground, chunks_of, draw_free_frames
from zonecma.machine.counts.evidence import BUFFER, IN_BUDDY, ON_PCP, USED, Evidence
from zonecma.machine.counts.frames import Frames
from zonecma.machine.counts.pcp import draw_pcp_lists
from zonecma.machine.counts.tables import Counts

_MARKS = ("min", "low", "high", "promo")
_PCP_FIELDS = ("count", "high", "batch", "high_min", "high_max")

FreeLists = Mapping[tuple[Order, Migratetype], NDArray[np.int64]]


@dataclass(frozen=True)
class Drawn:
    """How much of a start was told, and how much was drawn; in frames unless said otherwise."""

    used: int
    """the trace says that they were in use"""
    free: int
    """the trace says that they were free"""
    drawn: int
    """free by the counts, and where is drawn"""
    managed: int
    """all frames of the allocator"""
    off: int
    """by how much the free frames of zones and per-cpu lists differ from what /proc counted"""
    blocks_off: int
    """pageblocks of another type than counted"""


def draw_zone(
    zone: ZoneInfo,
    counts: Counts,
    evidence: Evidence,
    frames: Frames,
    nr_cpus: int,
    random: np.random.Generator,
) -> tuple[ZoneSnapshot, Drawn]:
    """A zone that agrees with all that is known, and how much was told."""
    order, extent = counts.pageblock_order, extent_of(zone)
    blocks = range(extent.start >> order, -(-extent.stop >> order))
    types = draw_block_types(evidence, blocks, order, frames, counts.blocks.get(zone.name, ()), random)
    ground = _ground(counts, evidence, frames, extent, blocks, types)
    wanted = _wanted(counts, zone)
    free = draw_free_frames(ground, wanted, random)
    lists = {(size, kind): pfns for size, kind, pfns in chunks_of(ground, free, len(wanted))}
    inside = slice(extent.start - ground.base, extent.stop - ground.base)
    spare = frames.unknown[extent.start : extent.stop] & ~frames.in_area[extent.start : extent.stop]
    spare &= ~free[inside]
    pcp = draw_pcp_lists(
        evidence,
        slice(extent.start, extent.stop),
        order,
        _pcp_fields(zone, nr_cpus),
        np.flatnonzero(spare) + extent.start,
        random,
    )
    held = evidence.held[extent.start : extent.stop]
    facts = Drawn(
        used=int(np.isin(held, (USED, BUFFER)).sum()),
        free=int(np.isin(held, (IN_BUDDY, ON_PCP)).sum()),
        drawn=int(np.count_nonzero(free & ~ground.is_free)) + pcp.drawn,
        managed=zone["managed"],
        off=abs(int(np.count_nonzero(free)) - _pages(wanted)) + pcp.off,
        blocks_off=types.off,
    )
    first = blocks.start - (ground.base >> order)
    return _snapshot(zone, counts, lists, pcp.cpus, ground.types[first : first + len(blocks)]), facts


def extent_of(zone: ZoneInfo) -> range:
    """The frames that a zone spans."""
    start = zone.sizes.get("start_pfn", 0)
    return range(start, start + zone.sizes.get("spanned", zone["present"]))


def _wanted(counts: Counts, zone: ZoneInfo) -> NDArray[np.int64]:
    """i8[orders, types]: free chunks as counted; none where nobody did."""
    return counts.chunks.get(zone.name, np.zeros((counts.max_order + 1, MIGRATE_TYPES), np.int64))


def _pages(chunks: NDArray[np.int64]) -> int:
    return int((chunks.sum(axis=1) << np.arange(len(chunks))).sum())


def _ground(
    counts: Counts, evidence: Evidence, frames: Frames, extent: range, blocks: range, types: BlockTypes
) -> Ground:
    """The zone's frames, out to multiples of the largest chunk and pageblock."""
    order = counts.pageblock_order
    unit = max(counts.max_order, order)
    base, end = extent.start >> unit << unit, -(-extent.stop >> unit) << unit
    inside, first = slice(extent.start - base, extent.stop - base), blocks.start - (base >> order)
    may_be_free, is_free = np.zeros(end - base, np.bool_), np.zeros(end - base, np.bool_)
    may_be_free[inside] = frames.may_be_free[extent.start : extent.stop]
    is_free[inside] = evidence.held[extent.start : extent.stop] == IN_BUDDY
    all_types = np.zeros((end - base) >> order, np.uint8)
    all_types[first : first + len(blocks)] = types.types
    return Ground(base, may_be_free, is_free, all_types, order)


def _pcp_fields(zone: ZoneInfo, nr_cpus: int) -> Mapping[int, Mapping[str, int]]:
    """What /proc/zoneinfo says of each CPU's lists; those of CPUs that it does not list are empty."""
    told = {pageset["cpu"]: pageset for pageset in zone.pagesets}
    return {
        cpu: {name: told[cpu][name] for name in _PCP_FIELDS if name in told[cpu]}
        if cpu in told
        else {"count": 0}
        for cpu in range(nr_cpus)
    }


def _snapshot(
    zone: ZoneInfo, counts: Counts, lists: FreeLists, pcp: tuple[PcpSnapshot, ...], types: NDArray[np.uint8]
) -> ZoneSnapshot:
    """A zone's record.  The kernel prints marks with the boost, and reserves by zone, lowest first."""
    boost, extent = zone.sizes.get("boost", 0), extent_of(zone)
    columns = [ZoneIndex(ZONE_NAMES.index(name)) for name in counts.zone_names if name in ZONE_NAMES]
    return ZoneSnapshot(
        index=ZoneIndex(ZONE_NAMES.index(zone.name)),
        start_pfn=Pfn(extent.start),
        spanned=len(extent),
        present=zone["present"],
        managed=zone["managed"],
        cma=zone.sizes.get("cma", 0),
        watermark=tuple(zone[mark] - boost for mark in _MARKS if mark in zone.sizes),
        watermark_boost=boost,
        counted_free=_frames_on(lists),
        counted_cma=_frames_on({key: pfns for key, pfns in lists.items() if key[1] == MIGRATE_CMA}),
        lowmem_reserve=dict(zip(columns, zone.protection, strict=False)),
        free=lists,  # type: ignore[arg-type]
        pcp=pcp,
        pageblocks=types,
        pageblock_order=counts.pageblock_order,
    )


def _frames_on(lists: FreeLists) -> int:
    return int(sum(len(pfns) << order for (order, _), pfns in lists.items()))
