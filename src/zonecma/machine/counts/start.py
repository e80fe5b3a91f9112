"""A snapshot of the start of a trace, from the trace itself and from what /proc counted.

The trace is trusted first, then the counts; what neither decides is drawn.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from zonecma.capture.snapshot import AreaSnapshot, Snapshot
from zonecma.capture.trace import Trace
from zonecma.machine.counts.evidence import Evidence, evidence_of
from zonecma.machine.counts.frames import Frames, bits_of, frames_of
from zonecma.machine.counts.tables import Counts
from zonecma.machine.counts.zone import Drawn, draw_zone, extent_of


@dataclass(frozen=True)
class Known:
    """What is known of a trace's start: enough to draw one."""

    counts: Counts
    evidence: Evidence
    frames: Frames
    areas: tuple[AreaSnapshot, ...]
    nr_cpus: int
    page_kib: int


def what_is_known(counts: Counts, trace: Trace, areas: tuple[AreaSnapshot, ...], page_kib: int = 4) -> Known:
    """What a trace and the counts tell of the trace's start; ``areas`` with what their bitmaps tell."""
    nr_frames = max(extent_of(zone).stop for zone in counts.zones)
    printed = [pageset["cpu"] for zone in counts.zones for pageset in zone.pagesets]
    cpus = 1 + max(int(trace.events["cpu"].max(initial=0)), max(printed, default=0))
    evidence = evidence_of(trace, nr_frames, counts.pageblock_order)
    frames = frames_of(evidence, counts.resources, areas, page_kib << 10)
    return Known(counts, evidence, frames, areas, cpus, page_kib)


def draw_start(known: Known, seed: int) -> tuple[Snapshot, Drawn]:
    """One snapshot of the start that agrees with all that is known; the same for the same seed.

    No line of the trace precedes it.
    """
    random = np.random.default_rng(seed)
    drawn = [
        draw_zone(zone, known.counts, known.evidence, known.frames, known.nr_cpus, random)
        for zone in known.counts.zones
    ]
    buffers = known.frames.buffers
    snapshot = Snapshot(
        zones=tuple(zone for zone, _ in drawn),
        areas=tuple(dataclasses.replace(area, bitmap=bits_of(area, buffers)) for area in known.areas),
        trace_lines=(0,) * known.nr_cpus,
        page_kib=known.page_kib,
        max_order=known.counts.max_order,
    )
    facts = zip(*(dataclasses.astuple(one) for _, one in drawn), strict=True)
    return snapshot, Drawn(*map(sum, facts))
