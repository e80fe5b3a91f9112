"""A recording made ready for the model: machine, load, recorded choices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zonecma.capture.recording import Recording
from zonecma.capture.snapshot import Snapshot
from zonecma.capture.trace import Trace
from zonecma.machine.from_snapshot import machine_of
from zonecma.machine.machine import Machine
from zonecma.progress import Progress, no_progress
from zonecma.workload.from_trace import lines_before, load_from_trace
from zonecma.workload.recorded import Recorded
from zonecma.workload.requests import Load


@dataclass(frozen=True)
class Replay:
    """What lies between a recording's snapshots A and B."""

    recording: Recording
    machine: Machine
    trace: Trace
    start: Snapshot
    """snapshot A"""
    end: Snapshot
    """snapshot B"""
    load: Load
    recorded: Recorded
    events: int
    """trace lines between A and B"""


def replay_of(recording: Recording, progress: Progress = no_progress) -> Replay:
    """Read a recording; raises InputError for one that is damaged, incomplete or of an unknown kernel."""
    start, end = recording.snapshot("A"), recording.snapshot("B")
    machine = machine_of(start, recording.release)
    trace = recording.trace(progress)
    before_a, before_b = (lines_before(trace, snapshot.trace_lines) for snapshot in (start, end))
    load, recorded = load_from_trace(
        trace,
        before_a,
        before_b,
        areas={area.name: area.count for area in machine.areas},
        nr_frames=machine.nr_frames,
        pageblock_order=machine.pageblock_order,
    )
    events = int(np.count_nonzero(before_b & ~before_a))
    return Replay(recording, machine, trace, start, end, load, recorded, events)
