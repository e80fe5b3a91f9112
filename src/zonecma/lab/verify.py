"""verify: a recorded kernel's choices against the model's, frame by frame."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from zonecma.capture.recording import Recording
from zonecma.kernel.jit import compile_once
from zonecma.kernel.rules import NEWEST, rules_for, why_not_modelled
from zonecma.kernel.state import State
from zonecma.kernel.validate import validate
from zonecma.lab import score
from zonecma.lab.final_lists import compare_lists, lists_of
from zonecma.lab.from_counts import needs_snapshots
from zonecma.lab.judging import Judging
from zonecma.lab.replay import Replay, replay_of
from zonecma.lab.tiny import tiny_replay
from zonecma.lab.verification import Miss, Score, Verification
from zonecma.progress import Progress, no_progress
from zonecma.workload.requests import (
    ALLOC,
    BULK,
    CMA_ALLOC,
    CMA_FINISH,
    CMA_RETRY,
    CMA_TEST,
    DRAIN_ALL,
    DRAIN_CPU,
    FREE,
    OF_THE_KERNEL,
    TIMER_DRAIN,
)

CHUNK = 1 << 19
"""Requests replayed between two signs of progress."""


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
    "ranges": score.RANGES,
    "calls_untold": score.CALLS_UNTOLD,
}


def verify(recording: Recording, progress: Progress = no_progress) -> Verification:
    """Replay a recording's requests from snapshot A and compare every choice.

    A kernel that is not modelled is skipped: none of its choices is exact.  Raises InputError
    for a recording that is damaged or incomplete.
    """
    needs_snapshots(recording, "verify")
    if rules_for(recording.release) is None:
        return _skip_all(replay_of(recording, progress, NEWEST))
    compile_once("verify", lambda: verify_replay(tiny_replay()), progress)
    return verify_replay(replay_of(recording, progress), progress)


def verify_replay(replay: Replay, progress: Progress = no_progress) -> Verification:
    """Put all requests to the model, judge its choices, and check its state at the end."""
    judging, requests, seconds = Judging(replay), len(replay.load.requests), 0.0
    for last in range(CHUNK, requests + CHUNK, CHUNK):
        begun = time.perf_counter()
        judging.go_to(min(last, requests))
        seconds += time.perf_counter() - begun
        progress("replaying", min(last, requests), requests)
    validate(judging.state)
    return _verification(replay, judging.state, judging.tally, seconds)


def _verification(replay: Replay, state: State, tally: score.Tally, seconds: float) -> Verification:
    scores: dict[str, Any] = {
        name: Score(int(tally.checked[i]), int(tally.exact[i])) for name, i in _SCORES.items()
    }
    misses = {
        name: Miss(*map(int, tally.first_miss[i])) for name, i in _SCORES.items() if tally.first_miss[i, 0]
    }
    return Verification(
        recording=replay.name,
        kernel=replay.release,
        events=replay.events,
        **scores,
        final_lists=compare_lists(state, replay.end),
        skipped=_skipped(tally, state),
        repairs=int(tally.counts[score.REPAIRS]),
        lost=replay.trace.lost(),
        damage=replay.trace.damage,
        seconds=seconds,
        first_misses=misses,
    )


def _skip_all(replay: Replay) -> Verification:
    """All that the recorded kernel chose, as misses."""
    recorded, op = replay.recorded, replay.load.requests["op"]
    drained, refilled = np.diff(recorded.first_drained), np.diff(recorded.first_refilled)
    of_kernel = replay.load.requests["origin"] & OF_THE_KERNEL != 0
    drains_all = np.isin(op, (DRAIN_ALL, DRAIN_CPU))
    in_call = np.isin(op, (CMA_ALLOC, CMA_RETRY)) | (drains_all & of_kernel)
    missed: dict[str, int] = {
        "allocations": int(np.diff(recorded.first_allocated)[np.isin(op, (ALLOC, BULK))].sum()),
        "refills": len(recorded.refilled),
        "refill_sizes": int(np.count_nonzero(refilled)),
        "drain_decisions": int(np.count_nonzero(op == FREE)),
        "drains_after_free": int(drained[op == FREE].sum()),
        "drains_in_calls": int(drained[in_call].sum()),
        "drains_by_timer": int(drained[(op == TIMER_DRAIN) & ~in_call].sum()),
        "drains_by_others": int(drained[drains_all & ~in_call].sum()),
        "calls": int(np.count_nonzero(op == CMA_FINISH)),
        "calls_untold": int(np.count_nonzero(op == CMA_FINISH)),
        "ranges": int(np.count_nonzero((op == CMA_TEST) | (op == CMA_RETRY))),
        "final_lists": len(lists_of(replay.end)),
    }
    scores: dict[str, Any] = {name: Score(count, 0) for name, count in missed.items()}
    return Verification(
        recording=replay.name,
        kernel=replay.release,
        events=replay.events,
        **scores,
        skipped={why_not_modelled(replay.release): replay.events},
        lost=replay.trace.lost(),
        damage=replay.trace.damage,
    )


def _skipped(tally: score.Tally, state: State) -> dict[str, int]:
    reasons = {
        "free chunks that compaction took": int(tally.counts[score.TAKEN_BY_COMPACTION]),
        "choices that the model's log had no room for": int(state.conf.log_lost),
    }
    return {reason: count for reason, count in reasons.items() if count}
