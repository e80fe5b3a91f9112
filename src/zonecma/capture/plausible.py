"""Whether a snapshot can be one of a machine: the model trusts what this lets through."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.snapshot import AreaSnapshot, PcpSnapshot, Snapshot, ZoneSnapshot
from zonecma.kernel.migratetype import MIGRATE_TYPES
from zonecma.kernel.pcp import NR_PCP_LISTS
from zonecma.kernel.state import MAX_PAGE_ORDER
from zonecma.kernel.zone import NAMES, ZONE_NORMAL

MAX_FRAMES = 1 << 28
"""1 TiB of 4 KiB pages: what the model has room for."""
MAX_CPUS = 255
_WATERMARKS = (3, 4)


def implausible(snapshot: Snapshot) -> str:
    """The first thing that no machine has; empty when there is none."""
    return next(_faults(snapshot), "")


def _faults(snapshot: Snapshot) -> Iterator[str]:
    yield from _machine_faults(snapshot)
    for zone in snapshot.zones:
        yield from (f"zone {NAMES[zone.index]}: {fault}" for fault in _zone_faults(zone, snapshot.max_order))
    for area in snapshot.areas:
        if area.count:
            yield from (f"CMA area {area.name}: {fault}" for fault in _area_faults(area, snapshot))


def _machine_faults(snapshot: Snapshot) -> Iterator[str]:
    zones = snapshot.zones
    if not any(zone.index <= ZONE_NORMAL for zone in zones):
        yield "expected a zone DMA, DMA32 or Normal"
    if len({zone.index for zone in zones}) < len(zones):
        yield "a zone is listed twice"
    if _overlap((zone.start_pfn, zone.end_pfn) for zone in zones if zone.spanned):
        yield "two zones span the same frames"
    if len({zone.pageblock_order for zone in zones}) > 1:
        yield "zones have pageblocks of different sizes"
    cpus = {tuple(pcp.cpu for pcp in zone.pcp) for zone in zones}
    if len(cpus) > 1 or not all(0 < len(one) <= MAX_CPUS and one == (*range(len(one)),) for one in cpus):
        yield f"expected the per-cpu lists of CPUs 0 to n in each zone, {MAX_CPUS} at most"
    areas = [area for area in snapshot.areas if area.count]
    if len({area.name for area in areas}) < len(areas):
        yield "a CMA area is listed twice"
    if _overlap((area.base_pfn, area.base_pfn + area.count) for area in areas):
        yield "two CMA areas share frames"
    if any(lines < 0 for lines in snapshot.trace_lines) or not snapshot.trace_lines:
        yield "expected the number of trace lines of each CPU"


def _overlap(ranges: Iterator[tuple[int, int]]) -> bool:
    ordered = sorted(ranges)
    return any(start < end for (_, end), (start, _) in itertools.pairwise(ordered))


def _zone_faults(zone: ZoneSnapshot, max_order: int) -> Iterator[str]:
    if not 0 <= zone.start_pfn <= zone.end_pfn <= MAX_FRAMES:
        yield f"spans frames {zone.start_pfn} to {zone.end_pfn}; expected frames up to {MAX_FRAMES}"
    if not all(0 <= pages <= zone.spanned for pages in (zone.present, zone.managed, zone.cma)):
        yield "has more pages than it spans, or fewer than none"
    if len(zone.watermark) not in _WATERMARKS or not _are_page_counts(zone.watermark):
        yield f"watermarks are {list(zone.watermark)}; expected MIN, LOW and HIGH"
    if not _are_page_counts([zone.watermark_boost, *zone.lowmem_reserve.values()]):
        yield "watermark boost or lowmem_reserve is no number of pages"
    if zone.pageblocks.size and zone.pageblocks.max() >= MIGRATE_TYPES:
        yield f"a pageblock has migratetype {zone.pageblocks.max()}"
    for (order, _), frames in zone.free.items():
        yield from _list_faults(zone, order, frames, max_order)
    for pcp in zone.pcp:
        yield from _pcp_faults(zone, pcp)


def _are_page_counts(values: object) -> bool:
    return all(type(value) is int and 0 <= value <= MAX_FRAMES for value in values)  # type: ignore[attr-defined]


def _list_faults(zone: ZoneSnapshot, order: int, frames: NDArray[np.int64], max_order: int) -> Iterator[str]:
    if not 0 <= order <= max_order:
        yield f"has a free list of order {order}; expected 0 to {max_order}"
        return
    size = 1 << order
    wrong = (frames < zone.start_pfn) | (frames + size > zone.end_pfn) | (frames & (size - 1) != 0)
    if wrong.any():
        yield f"a list has a chunk of order {order} at frame {frames[wrong][0]}, which the zone does not have"


def _pcp_faults(zone: ZoneSnapshot, pcp: PcpSnapshot) -> Iterator[str]:
    if not all(0 <= value <= MAX_FRAMES for value in pcp.fields.values()):
        yield f"the per-cpu fields of CPU {pcp.cpu} are out of range"
    for pindex, frames in pcp.lists.items():
        if pindex >= NR_PCP_LISTS:
            yield f"CPU {pcp.cpu} has more than {NR_PCP_LISTS} lists"
            return
        yield from _list_faults(zone, 0, frames, 0)


def _area_faults(area: AreaSnapshot, snapshot: Snapshot) -> Iterator[str]:
    block = (1 << snapshot.zones[0].pageblock_order) - 1
    if (area.base_pfn | area.count) & block or area.count < 0:
        yield f"base {area.base_pfn:#x} and size {area.count} are not whole pageblocks"
    homes = [z for z in snapshot.zones if z.start_pfn <= area.base_pfn < z.end_pfn]
    if not homes or area.base_pfn + area.count > homes[0].end_pfn:
        yield "does not lie in one zone"
    if not 0 <= area.order_per_bit <= MAX_PAGE_ORDER or len(area.bitmap) != area.count >> area.order_per_bit:
        yield "its bitmap does not fit its size"
