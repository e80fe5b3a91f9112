"""compare: one recorded load under several placements.

The load is open-loop: what was asked, when it was asked.  Nothing is reclaimed, and what a
placement makes slower is not asked later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.recording import Recording, load_markers
from zonecma.errors import InputError
from zonecma.kernel.gfp import GFP_HIGHUSER_MOVABLE, GFP_MIGRATION_TARGET
from zonecma.kernel.jit import compile_once
from zonecma.kernel.state import State
from zonecma.kernel.units import NO_PFN, User
from zonecma.kernel.validate import validate
from zonecma.lab.replay import Replay, initial_state, replay_of
from zonecma.lab.run import NR_CALLS, NR_FAILED, OUTCOME, Run, begin, finish, run_load
from zonecma.lab.settle import settle
from zonecma.lab.tiny import tiny_replay
from zonecma.lab.usage import NR_KINDS, Usage
from zonecma.machine.populate import populate
from zonecma.placement import Placement, ZoneCma
from zonecma.placement.tables import fill_tables
from zonecma.progress import Progress, no_progress
from zonecma.workload.requests import CMA_ALLOC
from zonecma.workload.users import UserKind, user_kind

BINS = 48
"""Slices of the load's time in which use is averaged."""
CHUNK = 1 << 18
"""Requests between two signs of progress."""

ASSUMPTIONS = (
    "the load is open-loop: nothing is reclaimed or swapped, and no request waits",
    "migration is simple: every movable page can move, at once; clean page cache is moved, not dropped",
)
"""What the figures rest on."""


@dataclass(frozen=True)
class Call:
    """One contiguous call of the load."""

    seconds: float
    """since the load's start"""
    pages: int
    """frames asked for"""
    ok: bool
    moved: int
    """frames moved out of the way, in all attempts"""


@dataclass(frozen=True)
class PlacementResult:
    """What one placement did with the load."""

    name: str
    area_use_mean: float
    """share of the areas in use, mean over the load's time, contiguous buffers left out"""
    area_use_over_time: tuple[float, ...]
    """the same, by slice of the load's time"""
    use_by: dict[str, float]
    """mean frames of the areas in use, by kind of user"""
    min_free_outside: int
    """fewest frames on free lists outside the areas"""
    failed_requests: int
    """requests that found nothing"""
    calls: tuple[Call, ...] = field(default=())
    leaves_out: str = ""
    """what the placement's original does and the model does not"""

    @property
    def calls_ok(self) -> int:
        """Contiguous calls that succeeded."""
        return sum(call.ok for call in self.calls)

    @property
    def frames_migrated(self) -> int:
        """Frames moved for contiguous calls."""
        return sum(call.moved for call in self.calls)


@dataclass(frozen=True)
class Comparison:
    """The outcome of compare; the first placement is the baseline."""

    recording: str
    kernel: str
    area_pages: int
    """frames of all areas"""
    seconds: float
    """how long the load ran"""
    placements: tuple[PlacementResult, ...]
    damage: str = ""
    """what is wrong with the part of the trace that was left out"""
    assumptions: tuple[str, ...] = ASSUMPTIONS


def compare(
    recording: Recording, placements: Sequence[Placement], progress: Progress = no_progress
) -> Comparison:
    """Run a recording's load under each placement.

    Raises InputError for a recording that is damaged or incomplete.
    """
    compile_once("compare", lambda: compare_replay(tiny_replay(), [ZoneCma()]), progress)
    return compare_replay(replay_of(recording, progress), placements, progress)


def compare_replay(
    replay: Replay, placements: Sequence[Placement], progress: Progress = no_progress
) -> Comparison:
    """Run the load under each placement."""
    window = load_window(replay)
    return Comparison(
        recording=replay.name,
        kernel=replay.release,
        area_pages=replay.machine.area_pages,
        seconds=(window[1] - window[0]) / 1e9,
        placements=tuple(run_placement(replay, window, placement, progress) for placement in placements),
        damage=replay.trace.damage,
    )


def load_window(replay: Replay) -> tuple[int, int]:
    """When the load began and ended (ns): its markers, or its first and last request.

    Raises InputError when no time passes between them.
    """
    times = replay.load.requests["time"]
    started, ended = load_markers(replay.trace)
    start = int(times[0]) if started is None else started
    end = int(times[-1]) if ended is None else ended
    if end <= start:
        raise InputError(
            f"{replay.name}: the load ends at {end} ns and begins at {start} ns; expected a load"
        )
    return start, end


def run_placement(
    replay: Replay, window: tuple[int, int], placement: Placement, progress: Progress = no_progress
) -> PlacementResult:
    """Run the load under one placement, accounted from ``window``'s start to its end (ns)."""
    load = replay.load
    masks = [*load.gfp_masks, np.uint32(GFP_MIGRATION_TARGET), np.uint32(GFP_HIGHUSER_MOVABLE)]
    target_user, movable_user = User(len(masks) - 2), User(len(masks) - 1)
    state = initial_state(replay, len(masks), load.nr_objects + replay.machine.area_pages)
    used_before = populate(state, replay.machine, placement)
    fill_tables(state, placement, masks)
    settle(state, load, used_before, movable_user)
    run = _empty_run(replay, window, state, masks)
    requests = load.requests.view(np.recarray)
    begin(state, run)
    for first in range(0, max(len(requests), 1), CHUNK):
        last = min(first + CHUNK, len(requests))
        run_load(state, requests, run, target_user, first, last)
        progress(f"running {placement.label}", last, len(requests))
    finish(run)
    validate(state)
    return _result(placement, run, replay.machine.area_pages)


def _empty_run(replay: Replay, window: tuple[int, int], state: State, masks: Sequence[np.uint32]) -> Run:
    in_area = np.zeros(len(state.block), np.uint8)
    order = replay.machine.pageblock_order
    for area in replay.machine.areas:
        in_area[area.base_pfn >> order : area.end_pfn >> order] = 1
    kinds = [user_kind(int(mask)) for mask in masks]
    kinds[-1] = UserKind.OTHER  # the class of those whom nobody saw coming
    usage = Usage(
        in_area=in_area,
        kind=np.array(kinds, np.uint8),
        used=np.zeros(NR_KINDS, np.int64),
        frame_ns=np.zeros((NR_KINDS, BINS)),
        window=np.array([*window, window[0]], np.int64),
        min_free_outside=np.array([np.iinfo(np.int64).max], np.int64),
    )
    calls = int(np.count_nonzero(replay.load.requests["op"] == CMA_ALLOC))
    return Run(
        usage,
        np.zeros(calls, OUTCOME).view(np.recarray),
        np.full(replay.load.nr_objects, NO_PFN, np.int64),
        np.zeros(replay.load.nr_objects, np.int64),
        np.zeros(2, np.int64),
    )


def _result(placement: Placement, run: Run, area_pages: int) -> PlacementResult:
    start, end = (int(time) for time in run.usage.window[:2])
    frame_ns: NDArray[Any] = run.usage.frame_ns
    over_time = frame_ns.sum(axis=0) / ((end - start) / BINS) / max(area_pages, 1)
    by_kind = frame_ns.sum(axis=1) / (end - start)
    return PlacementResult(
        name=placement.label,
        area_use_mean=float(over_time.mean()),
        area_use_over_time=tuple(float(share) for share in over_time),
        use_by={kind.name.lower(): round(float(by_kind[kind]), 1) for kind in UserKind},
        min_free_outside=int(run.usage.min_free_outside[0]),
        failed_requests=int(run.counts[NR_FAILED]),
        calls=tuple(
            Call((int(c.time) - start) / 1e9, int(c.pages), bool(c.start != NO_PFN), int(c.moved))
            for c in run.calls[: run.counts[NR_CALLS]]
        ),
        leaves_out=placement.leaves_out,
    )
