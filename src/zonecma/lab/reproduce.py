"""reproduce: a published experiment run in the model, seed after seed, several at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from zonecma.kernel.jit import compile_once
from zonecma.lab.experiments import Experiment, Load, Table, Variant
from zonecma.lab.pool import run_all
from zonecma.lab.scenario_run import Figures, Setup, run_scenario
from zonecma.machine.costs import read_costs
from zonecma.progress import Progress, no_progress
from zonecma.workload.grow_and_touch import GrowAndTouch, grow_and_touch
from zonecma.workload.kernel_build import kernel_build
from zonecma.workload.scenario import Scenario

BOARD = "vm-1g-cma512"
SEEDS = 10
"""Drawings of each load, unless told."""

Key = tuple[int, int, int]
"""Table, variant, MB of CMA."""


@dataclass(frozen=True)
class Spread:
    """A figure over the seeds."""

    mean: float
    deviation: float
    """standard deviation"""


@dataclass(frozen=True)
class Reproduction:
    """What came out: of each table, variant and reserve each figure."""

    experiment: Experiment
    seeds: int
    modelled: Mapping[Key, Mapping[str, Spread]]


@dataclass(frozen=True)
class Run:
    """One run, as another process is given it."""

    key: Key
    load: Load
    setup: Setup
    seed: int


def reproduce(
    experiment: Experiment, seeds: int = SEEDS, progress: Progress = no_progress, workers: int = 0
) -> Reproduction:
    """Run all of an experiment; ``workers``: processes, as many as there are CPUs unless told."""
    runs = [run for key in keys_of(experiment) for run in runs_of(experiment, key, seeds)]
    compile_once("reproduce", lambda: run_one(_tiny(runs[0])), progress)
    found: dict[Key, list[Figures]] = {}
    for done, (key, figures) in enumerate(run_all(run_one, runs, workers), 1):
        found.setdefault(key, []).append(figures)
        progress(f"running {experiment.name}", done, len(runs))
    return Reproduction(experiment, seeds, {key: spread_of(found[key]) for key in keys_of(experiment)})


def keys_of(experiment: Experiment) -> list[Key]:
    """All that is run, in order."""
    return [
        (t, v, reserve)
        for t, table in enumerate(experiment.tables)
        for v, variant in enumerate(table.variants)
        for reserve in variant.reserves
    ]


def runs_of(experiment: Experiment, key: Key, seeds: int) -> list[Run]:
    """A variant's runs with one reserve; every variant gets the same drawings."""
    table = experiment.tables[key[0]]
    setup = setup_of(table, table.variants[key[1]], key[2])
    return [Run(key, table.load, setup, seed) for seed in range(seeds)]


def setup_of(table: Table, variant: Variant, reserve: int) -> Setup:
    """The machine of one column."""
    options = f"nr_cpus={table.cpus} cma={reserve}M transparent_hugepage=never"
    costs = costs_of(table)
    return Setup(BOARD, variant.placement, options, table.rules, rewritten=variant.rewritten, costs=costs)


def costs_of(table: Table) -> dict[str, float]:
    """What each step takes (ns): the usual costs on a CPU as slow as the load's, its disks if known."""
    usual, slowdown = read_costs(), table.load.slowdown
    costs = {step: ns if _is_device(step) else ns * slowdown for step, ns in usual.items()}
    return costs | dict(table.costs)


def _is_device(step: str) -> bool:
    return step.startswith(("disk_", "swap_"))


def scenario_for(load: Load, seed: int) -> Scenario:
    """A drawing of a load."""
    return grow_and_touch(load, seed) if isinstance(load, GrowAndTouch) else kernel_build(load, seed)


def run_one(run: Run) -> tuple[Key, Figures]:
    """One run, from drawing to figures."""
    return run.key, run_scenario(scenario_for(run.load, run.seed), run.setup, run.seed).figures


def spread_of(runs: Sequence[Figures]) -> dict[str, Spread]:
    """Each figure's mean and deviation."""
    return {
        name: Spread(float(np.mean(values)), float(np.std(values, ddof=len(values) > 1)))
        for name in runs[0]
        for values in ([run[name] for run in runs],)
    }


def _tiny(run: Run) -> Run:
    """The same run of a single job: it compiles all that a real one needs."""
    return replace(run, load=replace(run.load, jobs=1))
