"""A recording made ready for the model: machine, load, recorded choices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.plausible import implausible
from zonecma.capture.recording import Recording
from zonecma.capture.snapshot import Snapshot
from zonecma.capture.trace import Trace
from zonecma.errors import InputError
from zonecma.kernel.rules import Rules, nearest_rules, rules_for, why_not_modelled
from zonecma.kernel.state import State
from zonecma.kernel.thresholds import refresh_zone_stat_thresholds
from zonecma.kernel.validate import InvariantError, validate
from zonecma.kernel.zone import MAX_NR_ZONES
from zonecma.lab.foreign import check_trace
from zonecma.lab.from_counts import counted_machine, end_of, has_exact_start, notes_on
from zonecma.machine.counts.start import Known
from zonecma.machine.from_snapshot import machine_of
from zonecma.machine.machine import Machine
from zonecma.machine.state import bare_state, load_snapshot
from zonecma.progress import Progress, no_progress
from zonecma.workload.from_trace import count_lines, lines_before, load_from_trace
from zonecma.workload.recorded import Recorded
from zonecma.workload.requests import Load
from zonecma.workload.ticks import Moment, Worker, beats_of, clock_of


@dataclass(frozen=True)
class Replay:
    """What lies between a recording's snapshots A and B."""

    name: str
    """the recording's"""
    release: str
    """the kernel's"""
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
    known: Known | None = None
    """what the start was drawn from; None: snapshot A is exact"""
    notes: tuple[str, ...] = ()
    """what the replay rests on, in sentences; nothing where snapshots are exact"""


class RecordedMachine(NamedTuple):
    """What a recording is of."""

    machine: Machine
    trace: Trace
    start: Snapshot
    """snapshot A"""
    end: Snapshot
    """snapshot B"""
    known: Known | None = None
    """what the start was drawn from; None: snapshot A is exact"""
    notes: tuple[str, ...] = ()
    """what a start that was drawn rests on"""


def replay_of(recording: Recording, progress: Progress = no_progress, rules: Rules | None = None) -> Replay:
    """Read a recording, for a model that follows its own kernel's rules, or ``rules``.

    Raises InputError for a recording that is damaged, incomplete or of a kernel not modelled.
    """
    exact = has_exact_start(recording)
    rules = rules or rules_for(recording.release) or (None if exact else nearest_rules(recording.release))
    if rules is None:
        raise InputError(f"{recording.path}: {why_not_modelled(recording.release)}")
    machine, trace, start, end, known, notes = recorded_machine(recording, progress, rules)
    progress("sorting out who asked for what", 0, 0)
    replay = make_replay(recording.name, recording.release, machine, trace, start, end)
    followed = () if exact else _followed(recording, rules)
    replay = replace(replay, known=known, notes=(*notes, *followed))
    if not replay.events:
        raise InputError(
            f"{recording.path}: the trace has no event between the snapshots; expected snapshot A before"
            " the load and snapshot B after it"
        )
    return replay


def _followed(recording: Recording, rules: Rules) -> tuple[str, ...]:
    """Whose rules are followed, where those of its own kernel are not known."""
    if rules_for(recording.release) is not None:
        return ()
    return (f"{why_not_modelled(recording.release)}; the model follows the rules of {rules.series}",)


def recorded_machine(recording: Recording, progress: Progress, rules: Rules) -> RecordedMachine:
    """A recording's machine, and its trace, which can be that machine's.

    Without snapshots its start is drawn.  Raises InputError for a recording that is damaged or incomplete.
    """
    if not has_exact_start(recording):
        machine, trace, start, known, drawn = counted_machine(recording, progress, rules)
        check_trace(recording.trace_file, trace, machine)
        return RecordedMachine(machine, trace, start, end_of(trace, start), known, notes_on(known, drawn))
    start, end = (_snapshot(recording, moment) for moment in ("A", "B"))
    machine = machine_of(start, rules)
    trace = recording.trace(progress)
    _check_lines(recording, trace, end)
    check_trace(recording.trace_file, trace, machine)
    return RecordedMachine(machine, trace, start, end)


def _snapshot(recording: Recording, moment: str) -> Snapshot:
    snapshot = recording.snapshot(moment)
    if fault := implausible(snapshot):
        raise InputError(f"{recording.snapshot_file(moment)}: {fault}; expected the snapshot of a machine")
    return snapshot


def _check_lines(recording: Recording, trace: Trace, end: Snapshot) -> None:
    """A trace that ends before its snapshot does not belong to it."""
    for cpu, lines in enumerate(end.trace_lines):
        held = count_lines(trace, cpu)
        if held < lines and not trace.damage:
            raise InputError(
                f"{recording.path}: the trace has {held} lines of CPU {cpu}, snapshot B was taken after"
                f" {lines}; expected the trace that belongs to the snapshots"
            )


def initial_state(replay: Replay, nr_gfp_classes: int, nr_objects: int = 0) -> State:
    """The model as the start shows the machine; raises InputError when no allocator can be so."""
    state = bare_state(replay.machine, nr_gfp_classes=nr_gfp_classes, nr_objects=nr_objects)
    refresh_zone_stat_thresholds([state], replay.machine.tunables)
    load_snapshot(state, replay.start)
    try:
        validate(state)
    except InvariantError as error:
        source = "the start by its counts" if replay.known else "snapshot A"
        raise InputError(f"{replay.name}: {source}: {error}; expected a sound allocator") from error
    return state


def _worker(trace: Trace, *snapshots: tuple[Snapshot, NDArray[np.bool_]]) -> Worker:
    """What the snapshots tell of the times at which the vmstat worker ran."""
    time, zones = trace.events["time"], snapshots[0][0].zones
    moments = [
        Moment(int(time[before].max()), int(time[~before].min()), snapshot.jiffies)
        for snapshot, before in snapshots
        if before.any() and not before.all()
    ]
    return Worker(
        clock_of(moments, beats_of(trace)) if len(moments) > 1 else None,
        {zone.address: zone.start_pfn for zone in zones if zone.address is not None},
    )


def _holds(snapshot: Snapshot, scale: int) -> NDArray[np.int64]:
    """Pages that a drain of per-cpu lists frees under one hold of each zone's lock (drain_pages_zone)."""
    holds = np.ones(MAX_NR_ZONES, np.int64)
    for zone in snapshot.zones:
        holds[zone.index] = max(zone.pcp[0].fields.get("batch", 1), 1) << scale
    return holds


def make_replay(
    name: str, release: str, machine: Machine, trace: Trace, start: Snapshot, end: Snapshot
) -> Replay:
    """A replay of what a trace holds between two snapshots."""
    before_a, before_b = (lines_before(trace, snapshot.trace_lines) for snapshot in (start, end))
    load, recorded = load_from_trace(
        trace,
        before_a,
        before_b,
        areas={area.name: area.count for area in machine.areas},
        zone_of=machine.zone_of_frames(),
        pageblock_order=machine.pageblock_order,
        claims_alone=machine.rules.claims_then_steals,
        worker=_worker(trace, (start, before_a), (end, before_b)),
        hold=_holds(start, machine.rules.pcp_batch_scale_max),
    )
    events = int(np.count_nonzero(before_b & ~before_a))
    return Replay(name, release, machine, trace, start, end, load, recorded, events)
