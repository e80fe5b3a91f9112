"""compare: one generated load under several placements, each with the same drawings.

Memory is what the run's looks at it show (lab.work.SAMPLE); between two looks all stays as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.units import NO_PFN
from zonecma.lab.compare import BINS, Call, Comparison, PlacementResult, mean, mean_reclaim, reclaim_of
from zonecma.lab.contiguous_calls import series_of
from zonecma.lab.placements import parse_placement
from zonecma.lab.scenario_run import ScenarioRun
from zonecma.lab.scenario_setup import SEEDS, Task, Terms, checked_setup, runs_by_label
from zonecma.lab.scenarios import parse_scenario
from zonecma.placement import Placement
from zonecma.progress import Progress, no_progress
from zonecma.workload.generated import ASSUMED
from zonecma.workload.users import UserKind

_LOOKS = (
    "memory is looked at each 100 ms: the area's use and the fewest free frames, on free lists alone, are"
    " those of these moments",
    "a contiguous call that its caller makes again counts once, and succeeded if it did so in the end",
    "what steps cost and how long pages are bound is told by tables, not measured on this board",
)


def compare_scenario(
    scenario: str,
    placements: Sequence[str],
    terms: Terms | None = None,
    seeds: int = SEEDS,
    progress: Progress = no_progress,
    workers: int = 0,
) -> Comparison:
    """Run a scenario on its own board under each placement; all as a user names them.

    Runs are several at once, each in a process that imports the caller's main module anew, unless
    ``workers`` is 1.  Raises InputError for a scenario, placement or rules that do not exist.
    """
    terms = terms or Terms()
    policies = {text: parse_placement(text) for text in placements}
    each = {text: replace(terms, placement=text) for text in policies}
    setups = [checked_setup(scenario, one) for one in each.values()]
    tasks = [Task(scenario, one, seed, text) for text, one in each.items() for seed in range(seeds)]
    found = runs_by_label(tasks, progress, workers)
    results = [mean_result([result_of(run, policies[text]) for run in found[text]]) for text in placements]
    return Comparison(
        recording=scenario,
        kernel=setups[0].rules,
        area_pages=found[placements[0]][0].area_pages,
        seconds=results[0].reclaim.elapsed_seconds,
        placements=tuple(results),
        assumptions=assumptions_of(scenario),
    )


def assumptions_of(scenario: str) -> tuple[str, ...]:
    """What the figures of a generated load rest on."""
    load, name = parse_scenario(scenario), scenario.partition(",")[0]
    parameters = load.parameters()
    assumed = sum(one.source.startswith(ASSUMED) for one in parameters)
    generated = (
        f"the load is generated, no kernel recorded it: {load.summary}",
        f"values of {assumed} of its {len(parameters)} parameters are assumed: zonecma scenarios {name}",
    )
    return (*generated[: 2 if parameters else 1], *_LOOKS)


def result_of(run: ScenarioRun, placement: Placement) -> PlacementResult:
    """One run's figures."""
    samples, figures, pages = run.samples, run.figures, max(run.area_pages, 1)
    used = samples["used"]
    by_kind = [float(_held(samples["time"], used[:, kind], 1)[0]) for kind in UserKind]
    outside = samples["free"] - samples["free_area"]
    return PlacementResult(
        name=placement.label,
        area_use_mean=sum(by_kind) / pages,
        area_use_over_time=tuple((_held(samples["time"], used.sum(axis=1), BINS) / pages).tolist()),
        use_by={kind.name.lower(): round(by_kind[kind], 1) for kind in UserKind},
        min_free_outside=int(outside.min()),
        failed_requests=int(figures["failed"]),
        calls=calls_of(run),
        reclaim=reclaim_of(
            figures,
            stall_seconds=figures["stall_seconds"],
            waited_seconds=figures["io_seconds"],
            elapsed_seconds=figures["elapsed"],
        ),
        leaves_out=placement.leaves_out,
    )


def _held(times: NDArray[Any], values: NDArray[Any], slices: int) -> NDArray[np.float64]:
    """The mean in each slice of the time from the first look to the last; values stay until the next."""
    since = (times - times[0]).astype(np.float64)
    if since[-1] == 0:
        return np.full(slices, float(values[-1]))
    sums = np.concatenate([[0.0], np.cumsum(values[:-1] * np.diff(since))])
    edges = np.linspace(0, since[-1], slices + 1)
    means: NDArray[np.float64] = np.diff(np.interp(edges, since, sums)) / np.diff(edges)
    return means


def calls_of(run: ScenarioRun) -> tuple[Call, ...]:
    """What a run's callers asked for: each with all the calls that were made for it.

    It took from the first of them to the end of the last, and moved what all of them moved.
    """
    return tuple(_one_call(tries, run.begun_at) for tries in series_of(run))


def _one_call(tries: NDArray[Any], begun_at: int) -> Call:
    first, last = tries[0], tries[-1]
    return Call(
        seconds=(int(first["time"]) - begun_at) / 1e9,
        pages=int(first["pages"]),
        ok=bool(last["start"] != NO_PFN),
        moved=int(tries["moved"].sum()),
        seconds_taken=(int(last["time"]) + int(last["took"]) - int(first["time"])) / 1e9,
    )


def mean_result(results: Sequence[PlacementResult]) -> PlacementResult:
    """The mean of a placement's runs, slice by slice of each run's own time."""
    courses = zip(*(one.area_use_over_time for one in results), strict=True)
    return replace(
        results[0],
        area_use_mean=mean([one.area_use_mean for one in results]),
        area_use_over_time=tuple(map(mean, courses)),
        use_by={kind: round(mean([one.use_by[kind] for one in results]), 1) for kind in results[0].use_by},
        min_free_outside=mean([one.min_free_outside for one in results]),
        failed_requests=mean([one.failed_requests for one in results]),
        calls=tuple(call for one in results for call in one.calls),
        reclaim=mean_reclaim([one.reclaim for one in results]),
        runs=len(results),
    )
