"""whatif: a recorded load under another placement, in a closed loop, over seeds."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zonecma.capture.recording import Recording
from zonecma.kernel.rules import Rules, rules_for
from zonecma.lab.boot_options import rules_called
from zonecma.lab.compare import PlacementResult, compile_loop, load_window, run_placement
from zonecma.lab.from_counts import drawn_again
from zonecma.lab.outcome import Outcome, Prediction
from zonecma.lab.recorded_outcome import recorded_outcome
from zonecma.lab.replay import Replay, replay_of
from zonecma.lab.resize import resized
from zonecma.lab.script import script_of
from zonecma.lab.terms import OPEN, OWN_COSTS, terms_of
from zonecma.machine.costs import read_costs
from zonecma.machine.sizes import pages_called
from zonecma.placement import Placement
from zonecma.progress import Progress, no_progress
from zonecma.workload.shift import shifted

SEEDS = 20
"""Runs of one prediction, unless told otherwise."""

NOT_TOLD = (
    "touches that a trace does not show are not known: what programs only read or wrote in memory"
    " looks unused",
    "of what holds pages, a trace tells long pins, and references that contiguous calls met: any other page"
    " is taken to be movable",
)
"""What a recording leaves open."""


@dataclass(frozen=True)
class Question:
    """What else the load should meet."""

    placement: Placement
    cma_pages: int | None = None
    """frames of the area; the recorded one's where None"""
    rules: Rules | None = None
    """the recorded kernel's where None"""
    seeds: int = SEEDS
    costs: Mapping[str, float] | None = None
    """nanoseconds by step; where None, what the recording tells (calibrate.own_costs)"""


def question_called(placement: Placement, cma: str, rules: str, seeds: int, costs: str = "") -> Question:
    """A question as a user puts it: a size, a series and a TOML file; what is empty stays as it was.

    Raises InputError for what is no size, no series that the model has, or no such file.
    """
    return Question(
        placement,
        pages_called(cma, "--cma") if cma else None,
        rules_called(rules) if rules else None,
        seeds,
        read_costs(Path(costs)) if costs else None,
    )


def predict(
    recording: Recording,
    question: Question,
    against: Recording | None = None,
    progress: Progress = no_progress,
) -> Prediction:
    """What a recorded load would do under another placement, size or kernel.

    Raises InputError for a recording that is damaged or incomplete, or for a size that the machine
    cannot have.
    """
    compile_loop(progress)
    replay = replay_of(recording, progress, question.rules)
    if question.cma_pages is not None:
        replay = resized(replay, question.cma_pages)
    window, script = load_window(replay), script_of(replay, closed=True)
    terms, results = terms_of(recording, question.costs, progress), []
    for seed in range(question.seeds):
        progress(f"running {question.placement.label}", seed, question.seeds)
        boot = shifted(script, seed), dataclasses.replace(terms, seed=seed)
        results.append(run_placement(boot_again(replay, seed), window, question.placement, *boot))
    outcomes = [outcome_of(result) for result in results]
    return Prediction(
        recording=recording.name,
        placement=question.placement.label,
        kernel=replay.machine.rules.series,
        area_pages=replay.machine.area_pages,
        seeds=question.seeds,
        predicted=mean_outcome(outcomes),
        spread=spread_of(outcomes),
        against=against.name if against else "",
        recorded=recorded_outcome(against, progress) if against else None,
        open_loop=outcome_of(_open_loop(replay, window, question.placement)),
        notes=_notes(recording, replay, question),
    )


def boot_again(replay: Replay, seed: int) -> Replay:
    """The start of another boot: where it is drawn, another drawing."""
    if replay.known is None:
        return replay
    return dataclasses.replace(replay, start=drawn_again(replay.known, replay.machine, seed))


def _open_loop(replay: Replay, window: tuple[int, int], placement: Placement) -> PlacementResult:
    return run_placement(replay, window, placement, script_of(replay, closed=False), OPEN)


def outcome_of(result: PlacementResult) -> Outcome:
    """One run's figures."""
    reclaim = result.reclaim
    return Outcome(
        area_use_mean=result.area_use_mean,
        frames_migrated=int(result.frames_migrated),
        calls_ok=int(result.calls_ok),
        calls=len(result.calls),
        direct_reclaim=int(reclaim.direct_reclaim),
        kswapd_wakes=int(reclaim.kswapd_wakes),
        min_free_outside=int(result.min_free_outside),
        pages_reclaimed=int(reclaim.pages_reclaimed),
        stall_seconds=reclaim.stall_seconds,
        swapped_in=int(reclaim.swapped_in),
        swapped_out=int(reclaim.swapped_out),
        refaults=int(reclaim.refaults),
        oom_kills=int(reclaim.oom_kills),
    )


def _columns(outcomes: Sequence[Outcome]) -> dict[str, np.ndarray]:
    names = [one.name for one in dataclasses.fields(Outcome)]
    return {name: np.array([getattr(one, name) for one in outcomes], float) for name in names}


def mean_outcome(outcomes: Sequence[Outcome]) -> Outcome:
    """The runs' mean, counts rounded."""
    means = {name: float(values.mean()) for name, values in _columns(outcomes).items()}
    shares = ("area_use_mean", "stall_seconds")
    return Outcome(**{name: mean if name in shares else round(mean) for name, mean in means.items()})  # type: ignore[arg-type]


def spread_of(outcomes: Sequence[Outcome]) -> dict[str, tuple[float, float]]:
    """Where the middle 95 % of the runs lie."""
    if len(outcomes) < 2:
        return {}
    ends = {name: np.quantile(values, (0.025, 0.975)) for name, values in _columns(outcomes).items()}
    return {name: (float(low), float(high)) for name, (low, high) in ends.items()}


def _notes(recording: Recording, replay: Replay, question: Question) -> tuple[str, ...]:
    """What a prediction of this kind rests on."""
    notes = list(NOT_TOLD)
    if question.costs is None:
        notes.append(OWN_COSTS)
    if rules_for(recording.release) != replay.machine.rules:
        notes.append(
            f"the machine booted {recording.release}; its buddy lists and marks are taken over as they were"
        )
    if question.cma_pages is not None:
        notes.append(
            "the load is the recorded one, whatever the area's size: programs that look at free memory"
            " would ask for something else"
        )
    if not replay.trace.count("mm_lru_insertion"):
        notes.append("the recording tells page kinds by gfp mask alone, and dirty pages by __GFP_WRITE")
    return (*notes, *replay.notes)
