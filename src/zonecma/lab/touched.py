"""What a recording's programs did, as a load that touches."""

from __future__ import annotations

from zonecma.lab.replay import Replay
from zonecma.workload.from_trace import lines_before
from zonecma.workload.touched import TouchedLoad, touched_load


def touched_load_of(replay: Replay) -> TouchedLoad:
    """The load that touches, between a recording's snapshots."""
    before_a, before_b = (
        lines_before(replay.trace, snapshot.trace_lines) for snapshot in (replay.start, replay.end)
    )
    return touched_load(
        replay.trace,
        before_a,
        before_b,
        areas={area.name: area.count for area in replay.machine.areas},
        nr_frames=replay.machine.nr_frames,
        pageblock_order=replay.machine.pageblock_order,
    )
