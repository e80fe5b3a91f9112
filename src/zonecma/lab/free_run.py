"""verify --free-run: from snapshot A to the end on its own, with no repair and no look at the answers.

One wrong frame can make all later ones wrong: what comes out is how far the model gets alone.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.recording import Recording
from zonecma.kernel.jit import compile_once
from zonecma.kernel.state import State
from zonecma.kernel.validate import validate
from zonecma.lab.calls import no_calls
from zonecma.lab.final_lists import Lists, compare_lists, lists_of, lists_of_model
from zonecma.lab.from_counts import needs_snapshots
from zonecma.lab.names import name_frees
from zonecma.lab.replay import Replay, initial_state, replay_of
from zonecma.lab.serve_freely import (
    BEFORE_FIRST,
    CALLS,
    CALLS_EXACT,
    CHECKED,
    EXACT,
    HOMELESS,
    NOT_FREE,
    RANGE_BUSY,
    RANGE_FREE,
    REFUSED,
    Books,
    empty_books,
    serve_freely,
)
from zonecma.lab.settle import note_users
from zonecma.lab.tiny import tiny_replay
from zonecma.lab.verification import Miss, Score
from zonecma.placement import HalfFree
from zonecma.placement.tables import fill_tables
from zonecma.progress import Progress, no_progress
from zonecma.workload.requests import CMA_FINISH, CMA_TEST

_UNDONE = {
    "frees of what has no place in the model": HOMELESS,
    "allocations that the kernel refused and the model did not: given back": REFUSED,
    "ranges that were free for the kernel and busy for the model": RANGE_BUSY,
    "ranges that were busy for the kernel and free for the model": RANGE_FREE,
    "chunks that compaction took and that were not free in the model": NOT_FREE,
}


@dataclass(frozen=True)
class FreeArea:
    """Free chunks of one order at the end, all zones and types together."""

    order: int
    kernel: int
    model: int
    off: int
    """frames: the differences of each zone's and type's list, added without their sign"""


@dataclass(frozen=True)
class FreeRun:
    """The outcome of a run on its own."""

    recording: str
    kernel: str
    events: int
    """trace lines between snapshots A and B"""
    allocations: Score
    """the chunk of each allocation"""
    before_first: int
    """allocations before the first that differs; all of them when none does"""
    first_miss: Miss | None
    calls: Score
    """the outcome and the first frame of each contiguous call"""
    undone: dict[str, int]
    """what the kernel did and the model could not, by reason"""
    free_area: tuple[FreeArea, ...]
    """one an order, ascending"""
    final_lists: Score
    """lists, empty in both left out, that equal snapshot B in content and order"""
    lost: int
    """events that the recording's ring buffer dropped"""
    damage: str
    """what is wrong with the part of the trace that was left out"""
    seconds: float
    """of the run itself"""

    @property
    def frames_off(self) -> int:
        """Frames by which the free lists are off, added up over zones, orders and types."""
        return sum(area.off for area in self.free_area)

    @property
    def frames_free(self) -> int:
        """Frames on the kernel's free lists at the end."""
        return sum(area.kernel << area.order for area in self.free_area)


def free_run(recording: Recording, progress: Progress = no_progress) -> FreeRun:
    """Run a recording's requests from snapshot A to the end without any repair.

    Raises InputError for a recording that is damaged, incomplete or of a kernel not modelled.
    """
    needs_snapshots(recording, "verify --free-run")
    compile_once("free-run", lambda: free_run_replay(tiny_replay()), progress)
    return free_run_replay(replay_of(recording, progress), progress)


def free_run_replay(replay: Replay, progress: Progress = no_progress) -> FreeRun:
    """Serve all requests on the model's own frames, and compare."""
    load, recorded = replay.load, replay.recorded
    state = initial_state(replay, len(load.gfp_masks))
    note_users(state, load.living.view(np.recarray))
    fill_tables(state, HalfFree(), load.gfp_masks)
    nr_frames = int(state.conf.nr_frames)
    names, books = name_frees(load, recorded, nr_frames), empty_books(load.nr_objects, nr_frames)
    progress("running freely", 0, 0)
    begun = time.perf_counter()
    requests = load.requests.view(np.recarray)
    calls = no_calls(len(replay.machine.areas))
    serve_freely(state, calls, requests, names, recorded, _ranges_taken(replay), books)
    seconds = time.perf_counter() - begun
    validate(state)
    return _outcome(replay, state, books, seconds)


def _ranges_taken(replay: Replay) -> NDArray[np.uint8]:
    """u1[requests]: 1 for the last test of each call that the kernel could serve."""
    requests, first = replay.load.requests, replay.recorded.first_allocated
    took = np.zeros(len(requests), np.uint8)
    served = (requests["op"] == CMA_FINISH) & (np.diff(first) > 0)
    last_test = {int(requests["object"][i]): i for i in np.flatnonzero(requests["op"] == CMA_TEST)}
    tests = [last_test[call] for call in requests["object"][served].tolist() if call in last_test]
    took[tests] = 1
    return took


def _outcome(replay: Replay, state: State, books: Books, seconds: float) -> FreeRun:
    counts = books.counts.tolist()
    return FreeRun(
        recording=replay.name,
        kernel=replay.release,
        events=replay.events,
        allocations=Score(counts[CHECKED], counts[EXACT]),
        before_first=counts[BEFORE_FIRST],
        first_miss=Miss(*books.first_miss.tolist()) if books.first_miss[0] else None,
        calls=Score(counts[CALLS], counts[CALLS_EXACT]),
        undone={reason: counts[which] for reason, which in _UNDONE.items() if counts[which]},
        free_area=_free_area(lists_of(replay.end), lists_of_model(state), int(state.conf.max_order)),
        final_lists=compare_lists(state, replay.end),
        lost=replay.trace.lost(),
        damage=replay.trace.damage,
        seconds=seconds,
    )


def _free_area(of_kernel: Lists, of_model: Lists, max_order: int) -> tuple[FreeArea, ...]:
    """The chunks on the free lists, by order."""
    kernel, model = (
        Counter({key: len(frames) for key, frames in lists.items() if key[0] == "free"})
        for lists in (of_kernel, of_model)
    )
    areas = []
    for order in range(max_order + 1):
        keys = [key for key in kernel.keys() | model.keys() if key[2] == order]
        kernel_has, model_has = (sum(counts[key] for key in keys) for counts in (kernel, model))
        off = sum(abs(kernel[key] - model[key]) for key in keys)
        areas.append(FreeArea(order, kernel_has, model_has, off << order))
    return tuple(areas)
