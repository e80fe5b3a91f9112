"""``python -m tools.fit EXPERIMENT``: fits its loads to machines without an area, and notes the parameters.

Of each table one column is looked at, the first variant's without CMA; what the load is to predict
is never run.
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import replace
from typing import Any

import numpy as np

from zonecma.lab.experiments import EXPERIMENTS, FITTED, Load, Table
from zonecma.lab.pool import run_all
from zonecma.lab.reproduce import Run, run_one, setup_of

SEEDS = 6
ROUNDS = ((1.6, 7), (1.1, 3))
"""How far from its last value a parameter is looked for, so many times and the same part of it, and
how often the distance is halved."""
STEPS = 2
"""How often a parameter that a figure is in proportion to is corrected."""


def changed(load: Load, parameter: str, value: float) -> Load:
    """The load with another value of a parameter."""
    change: dict[str, Any] = {parameter: value}
    return replace(load, **change)


def measure(table: Table, load: Load, row: str) -> float:
    """A figure of the first variant without CMA, mean over the seeds."""
    setup = setup_of(replace(table, load=load), table.variants[0], 0)
    runs = [Run((0, 0, 0), load, setup, seed) for seed in range(SEEDS)]
    return float(np.mean([figures[row] for _, figures in run_all(run_one, runs)]))


def solve(table: Table, load: Load, parameter: str, row: str, far: float, halvings: int) -> Load:
    """The load whose figure is the published one, as near as a few runs come."""
    columns = table.published.columns if table.published else {}
    target = columns[f"{table.variants[0].columns}_0"][row]
    if row == "elapsed":
        value = in_proportion(table, load, parameter, row, target)
    else:
        value = by_halving(table, load, parameter, row, target, far, halvings)
    return changed(load, parameter, float(f"{value:.4g}"))


def in_proportion(table: Table, load: Load, parameter: str, row: str, target: float) -> float:
    """Time follows what takes the time."""
    value = getattr(load, parameter)
    for _ in range(STEPS):
        value *= target / found(table, changed(load, parameter, value), parameter, row, target)
    return float(value)


def by_halving(
    table: Table, load: Load, parameter: str, row: str, target: float, far: float, halvings: int
) -> float:
    """A figure that only rises, or falls, with its parameter; it may leap."""
    low, high = (getattr(load, parameter) * factor for factor in (1 / far, far))
    for _ in range(halvings):
        middle = float(np.sqrt(low * high))
        too_low = found(table, changed(load, parameter, middle), parameter, row, target) < target
        low, high = (middle, high) if too_low == (row != "mem_free_kb") else (low, middle)
    return float(np.sqrt(low * high))


def found(table: Table, load: Load, parameter: str, row: str, target: float) -> float:
    """A measured figure, told to who waits."""
    figure = measure(table, load, row)
    print(
        f"{table.title}: {parameter} {getattr(load, parameter):.4g}: {row} {figure:.1f} for {target:g}",
        flush=True,
    )
    return figure


def fit(table: Table) -> dict[str, float]:
    """The parameters of a table's load, one after the other, and once more."""
    load = table.load
    for far, halvings in ROUNDS:
        for parameter, row in table.fitted.items():
            load = solve(table, load, parameter, row, far, halvings)
    return {parameter: getattr(load, parameter) for parameter in table.fitted}


def main() -> None:
    """Fit an experiment's tables."""
    known = tomllib.loads(FITTED.read_text())
    for table in EXPERIMENTS[sys.argv[1]].tables:
        if table.fitted:
            known[table.title] = fit(table)
    lines = ["# Written by tools/fit.py."]
    for title, parameters in known.items():
        lines += ["", f'["{title}"]', *(f"{name} = {value!r}" for name, value in parameters.items())]
    FITTED.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
