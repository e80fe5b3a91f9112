"""A recording without snapshots: its start is drawn, so that it agrees with its trace and its counts."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np

from zonecma.capture.plausible import implausible
from zonecma.capture.recording import Recording
from zonecma.capture.snapshot import Snapshot
from zonecma.capture.trace import Trace
from zonecma.errors import InputError
from zonecma.kernel.rules import Rules
from zonecma.machine.counts.start import Known, draw_start
from zonecma.machine.counts.zone import Drawn
from zonecma.machine.from_counts import known_start, machine_of_counts, with_pcp_bounds
from zonecma.machine.machine import Machine
from zonecma.progress import Progress
from zonecma.workload.from_trace import count_lines


def has_exact_start(recording: Recording) -> bool:
    """Whether there is a snapshot of the start."""
    return recording.snapshot_file("A").exists()


def needs_snapshots(recording: Recording, verb: str) -> None:
    """Raise InputError for a recording without snapshots: no frame can be held against the kernel's."""
    if not has_exact_start(recording):
        raise InputError(
            f"{verb}: {recording.path.name} has no exact snapshot, so there is nothing to hold frames"
            " against; expected a recording that has one, or the verb compare, whatif or explain"
        )


class CountedMachine(NamedTuple):
    """A machine whose start was drawn."""

    machine: Machine
    trace: Trace
    start: Snapshot
    """the first drawing"""
    known: Known
    """what it was drawn from"""
    drawn: Drawn
    """what the trace told of it, and what the counts"""


def counted_machine(recording: Recording, progress: Progress, rules: Rules) -> CountedMachine:
    """The machine of a recording without snapshots.

    Raises InputError for files that are missing, damaged, or of no machine.
    """
    trace = recording.trace(progress)
    progress("drawing the start from counts", 0, 0)
    known = known_start(recording, trace)
    start, drawn = draw_start(known, 0)
    if fault := implausible(start):
        raise InputError(f"{recording.path}: the files of before: {fault}; expected those of a machine")
    machine = machine_of_counts(known, start, rules)
    return CountedMachine(machine, trace, with_pcp_bounds(start, machine), known, drawn)


def drawn_again(known: Known, machine: Machine, seed: int) -> Snapshot:
    """Another drawing of the same start."""
    return with_pcp_bounds(draw_start(known, seed)[0], machine)


def end_of(trace: Trace, start: Snapshot) -> Snapshot:
    """What stands for a snapshot at the trace's end: all lines precede it, and its lists mean nothing."""
    lines = tuple(count_lines(trace, cpu) for cpu in range(len(start.trace_lines)))
    return dataclasses.replace(start, trace_lines=lines)


def notes_on(known: Known, drawn: Drawn) -> tuple[str, ...]:
    """What a start from counts rests on, in figures."""
    told, areas = drawn.used + drawn.free, _told_in_areas(known)
    notes = [
        "the start is no exact snapshot, but drawn to agree with the trace and with /proc: of"
        f" {drawn.managed:,} frames the trace tells {told:,} ({drawn.free:,} free), {drawn.drawn:,} more are"
        f" free by the counts, at places that are drawn{areas}"
    ]
    if drawn.off or drawn.blocks_off:
        notes.append(
            f"the files were read at other moments than the trace began: {drawn.off:,} free frames and"
            f" {drawn.blocks_off:,} pageblocks differ from what they counted"
        )
    return tuple(notes)


def _told_in_areas(known: Known) -> str:
    pages = sum(area.count for area in known.areas)
    if not pages:
        return ""
    told = sum(
        int(np.count_nonzero(known.evidence.held[area.base_pfn : area.base_pfn + area.count]))
        for area in known.areas
    )
    return f"; of the area's {pages:,} frames {told:,} are told"
