"""The machine of a recording without snapshots, and what is known of its start."""

from __future__ import annotations

import dataclasses
import re

from zonecma.capture.recording import Recording
from zonecma.capture.snapshot import PcpSnapshot, Snapshot, ZoneSnapshot
from zonecma.capture.trace import Trace
from zonecma.kernel.rules import Rules
from zonecma.kernel.thresholds import zone_set_pageset_high_and_batch
from zonecma.kernel.zone import ZONE_DMA, ZONE_DMA32
from zonecma.machine.architecture import Architecture
from zonecma.machine.counts.areas import areas_of
from zonecma.machine.counts.start import Known, what_is_known
from zonecma.machine.counts.tables import Counts, read_counts
from zonecma.machine.from_snapshot import machine_of
from zonecma.machine.live import architecture_of
from zonecma.machine.machine import Machine
from zonecma.machine.memblock import union
from zonecma.machine.page_size import page_size_of
from zonecma.machine.state import bare_state

_TOTAL = re.compile(r"^MemTotal: +(\d{1,15}) kB$", re.MULTILINE)


def known_start(recording: Recording, trace: Trace) -> Known:
    """What a recording's trace and /proc files tell of the trace's start; raises InputError."""
    counts = read_counts(recording)
    page_kib = _page_kib(recording, counts)
    return what_is_known(counts, trace, areas_of(recording, trace, counts, page_kib), page_kib)


def _page_kib(recording: Recording, counts: Counts) -> int:
    """The page size with which the zones' managed pages come nearest to MemTotal; 4 without meminfo."""
    match = (
        _TOTAL.search(recording.kernel_file("before/meminfo"))
        if recording.has_kernel_file("before/meminfo")
        else None
    )
    total = int(match[1]) << 10 if match else 0
    return page_size_of(sum(zone["managed"] for zone in counts.zones), total) >> 10


def machine_of_counts(known: Known, start: Snapshot, rules: Rules) -> Machine:
    """The machine of a start that was drawn, with the ends of its zones."""
    machine, architecture = machine_of(start, rules), _architecture(known)
    ends = dict(architecture.zone_ends)
    dma_end = (ends.get(ZONE_DMA) or 0) // architecture.page_size
    dma32_end = (ends.get(ZONE_DMA32) or 0) // architecture.page_size
    return dataclasses.replace(machine, dma_end=dma_end, dma32_end=max(dma_end, dma32_end))


def _architecture(known: Known) -> Architecture:
    resources, zones, page = known.counts.resources, known.counts.zones, known.page_kib << 10
    ram = union((one.start, one.end) for one in resources if one.name.startswith("System RAM"))
    spans = union(
        (
            zone.sizes.get("start_pfn", 0) * page,
            zone.sizes.get("start_pfn", 0) * page + zone["present"] * page,
        )
        for zone in zones
    )
    return architecture_of(zones, resources, ram or spans)


def with_pcp_bounds(start: Snapshot, machine: Machine) -> Snapshot:
    """The start with what bounds the per-cpu lists: kernels before 6.13 do not print all of it.

    It follows from the zone's size and marks (zone_set_pageset_high_and_batch).
    """
    state = bare_state(machine)

    def bounded(zone: ZoneSnapshot) -> ZoneSnapshot:
        state.zone[zone.index].watermark[: len(zone.watermark)] = zone.watermark
        zone_set_pageset_high_and_batch(state, zone.index, machine.tunables)
        return dataclasses.replace(
            zone, pcp=tuple(_bounded(pcp, state.pcp[zone.index, pcp.cpu]) for pcp in zone.pcp)
        )

    return dataclasses.replace(start, zones=tuple(map(bounded, start.zones)))


def _bounded(pcp: PcpSnapshot, computed: object) -> PcpSnapshot:
    fields = {name: int(computed[name]) for name in ("high", "batch", "high_min", "high_max")}  # type: ignore[index]
    return dataclasses.replace(pcp, fields={**fields, **pcp.fields})
