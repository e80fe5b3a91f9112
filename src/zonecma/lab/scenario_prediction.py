"""whatif: a generated load under one placement, size or kernel, over seeds."""

from __future__ import annotations

from zonecma.lab.outcome import Prediction
from zonecma.lab.placements import parse_placement
from zonecma.lab.prediction import mean_outcome, outcome_of, spread_of
from zonecma.lab.scenario_compare import assumptions_of, result_of
from zonecma.lab.scenario_setup import SEEDS, Task, Terms, checked_setup, runs_by_label
from zonecma.progress import Progress, no_progress


def predict_scenario(
    scenario: str,
    terms: Terms | None = None,
    seeds: int = SEEDS,
    progress: Progress = no_progress,
    workers: int = 0,
) -> Prediction:
    """What a scenario, as a user names it, does on its own board under these terms.

    Runs are several at once, each in a process that imports the caller's main module anew, unless
    ``workers`` is 1.  Raises InputError for a scenario or terms that do not exist.
    """
    terms = terms or Terms()
    setup = checked_setup(scenario, terms)
    placement = parse_placement(setup.placement)
    tasks = [Task(scenario, terms, seed) for seed in range(seeds)]
    runs = runs_by_label(tasks, progress, workers)[""]
    outcomes = [outcome_of(result_of(run, placement)) for run in runs]
    return Prediction(
        recording=scenario,
        placement=placement.label,
        kernel=setup.rules,
        area_pages=runs[-1].area_pages,
        seeds=seeds,
        predicted=mean_outcome(outcomes),
        spread=spread_of(outcomes),
        notes=_notes(scenario, terms),
    )


def _notes(scenario: str, terms: Terms) -> tuple[str, ...]:
    same = "the load is the same whatever the area's size: its programs do not look at free memory"
    return (*assumptions_of(scenario), *([same] if terms.cma else []))
