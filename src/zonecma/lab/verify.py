"""verify: a recorded kernel's choices against the model's, frame by frame."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.recording import Recording
from zonecma.capture.snapshot import Snapshot
from zonecma.errors import InputError
from zonecma.kernel.contents import free_lists, pcp_lists
from zonecma.kernel.jit import is_compiled, mark_compiled
from zonecma.kernel.rules import rules_for, why_not_modelled
from zonecma.kernel.state import State
from zonecma.kernel.validate import validate
from zonecma.lab import score
from zonecma.lab.calls import no_calls
from zonecma.lab.referee import referee
from zonecma.lab.repair import no_doubts
from zonecma.lab.replay import Replay, replay_of
from zonecma.machine.state import bare_state, load_snapshot
from zonecma.placement import HalfFree
from zonecma.placement.tables import fill_tables
from zonecma.progress import Progress, no_progress

CHUNK = 1 << 19
"""Requests replayed between two signs of progress."""


@dataclass(frozen=True)
class Score:
    """How many choices were checked, and how many were the kernel's."""

    checked: int
    exact: int

    def __add__(self, other: Score) -> Score:
        """Both together."""
        return Score(self.checked + other.checked, self.exact + other.exact)


@dataclass(frozen=True)
class Miss:
    """The first choice of a kind that was not the kernel's."""

    line: int
    """of the trace"""
    predicted: int
    """a frame (-1: none), or a number of chunks"""
    recorded: int


@dataclass(frozen=True)
class Verification:
    """The outcome of verify."""

    recording: str
    kernel: str
    events: int
    """trace lines between snapshots A and B"""
    allocations: Score
    """the chunk of each allocation"""
    refills: Score
    """each chunk that a per-cpu list was filled with"""
    refill_sizes: Score
    """how many chunks each refill fetched"""
    drain_decisions: Score
    """for each free through a per-cpu list: how many chunks it drained"""
    drains_after_free: Score
    """each chunk that a free drained"""
    drains_in_calls: Score
    """each chunk that a contiguous call drained"""
    drains_by_timer: Score
    """each chunk that the periodic timer drained"""
    drains_by_others: Score
    """each chunk that some other path drained"""
    calls: Score
    """the outcome and the first frame of each contiguous call"""
    final_lists: Score
    """lists, empty in both left out, that equal snapshot B in content and order"""
    skipped: dict[str, int] = field(default_factory=dict)
    """what is not modelled yet, by reason"""
    repairs: int = 0
    """requests after which the state was put right from the trace"""
    lost: int = 0
    """events that the recording's ring buffer dropped"""
    seconds: float = 0.0
    """of the replay itself"""
    first_misses: dict[str, Miss] = field(default_factory=dict)
    """by the name of the score"""

    @property
    def drains_external(self) -> Score:
        """Each chunk that was drained by what no request causes."""
        return self.drains_by_timer + self.drains_by_others

    @property
    def drains(self) -> Score:
        """Each drained chunk."""
        return self.drains_after_free + self.drains_in_calls + self.drains_external


_SCORES = {
    "allocations": score.ALLOCATIONS,
    "refills": score.REFILLS,
    "refill_sizes": score.REFILL_SIZES,
    "drain_decisions": score.DRAIN_DECISIONS,
    "drains_after_free": score.DRAINS_AFTER_FREE,
    "drains_in_calls": score.DRAINS_IN_CALLS,
    "drains_by_timer": score.DRAINS_TIMER,
    "drains_by_others": score.DRAINS_OTHER,
    "calls": score.CALLS,
}


def verify(recording: Recording, progress: Progress = no_progress) -> Verification:
    """Replay a recording's requests from snapshot A and compare every choice.

    Raises InputError for a recording that is damaged or incomplete.
    """
    if rules_for(recording.release) is None:
        raise InputError(why_not_modelled(recording.release))
    replay = replay_of(recording, progress)
    state = bare_state(replay.machine, nr_gfp_classes=len(replay.load.gfp_masks))
    load_snapshot(state, replay.start)
    fill_tables(state, HalfFree(), replay.load.gfp_masks)
    tally, seconds = run_referee(state, replay, progress)
    validate(state)
    return _verification(replay, state, tally, seconds)


def run_referee(state: State, replay: Replay, progress: Progress = no_progress) -> tuple[score.Tally, float]:
    """Put all requests to the model; the scores, and the seconds without compilation."""
    requests = replay.load.requests.view(np.recarray)
    arguments = (
        state,
        no_calls(len(replay.machine.areas)),
        requests,
        replay.recorded,
        score.empty_tally(),
        no_doubts(replay.machine.nr_cpus),
    )
    if not is_compiled():
        progress("compiling the model, once", 0, 0)
    referee(*arguments, 0, 0)
    mark_compiled()
    begun = time.perf_counter()
    for first in range(0, len(requests), CHUNK):
        referee(*arguments, first, min(first + CHUNK, len(requests)))
        progress("replaying", min(first + CHUNK, len(requests)), len(requests))
    return arguments[4], time.perf_counter() - begun


def _verification(replay: Replay, state: State, tally: score.Tally, seconds: float) -> Verification:
    scores = {name: Score(int(tally.checked[i]), int(tally.exact[i])) for name, i in _SCORES.items()}
    misses = {
        name: Miss(*map(int, tally.first_miss[i])) for name, i in _SCORES.items() if tally.first_miss[i, 0]
    }
    return Verification(
        recording=replay.recording.name,
        kernel=replay.recording.release,
        events=replay.events,
        **scores,
        final_lists=_compare_lists(state, replay.end),
        skipped=_skipped(tally, state),
        repairs=int(tally.counts[score.REPAIRS]),
        lost=replay.trace.lost(),
        seconds=seconds,
        first_misses=misses,
    )


def _skipped(tally: score.Tally, state: State) -> dict[str, int]:
    reasons = {
        "free chunks that compaction took": int(tally.counts[score.TAKEN_BY_COMPACTION]),
        "choices that the model's log had no room for": int(state.conf.log_lost),
    }
    return {reason: count for reason, count in reasons.items() if count}


def _compare_lists(state: State, end: Snapshot) -> Score:
    """Each list that is not empty in both: equal when it holds the same frames in the same order."""
    model: dict[tuple[object, ...], NDArray[np.int64]] = {}
    model.update({("free", *key): frames for key, frames in free_lists(state)})
    model.update({("pcp", *key): frames for key, frames in pcp_lists(state)})
    kernel: dict[tuple[object, ...], NDArray[np.int64]] = {}
    for zone in end.zones:
        kernel.update({("free", zone.index, *key): frames for key, frames in zone.free.items()})
        for pcp in zone.pcp:
            kernel.update({("pcp", zone.index, pcp.cpu, key): frames for key, frames in pcp.lists.items()})
    empty = np.zeros(0, np.int64)
    keys = model.keys() | kernel.keys()
    equal = sum(np.array_equal(model.get(key, empty), kernel.get(key, empty)) for key in keys)
    return Score(len(keys), equal)
