"""A generated load on a machine: which machine, kernel and placement, and its runs, one a seed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from zonecma.kernel.jit import compile_once
from zonecma.kernel.rules import NEWEST, RULES, Rules
from zonecma.lab.boot import Booted, boot_machine, usual_placement
from zonecma.lab.boot_options import rules_called
from zonecma.lab.placements import parse_placement
from zonecma.lab.pool import run_all
from zonecma.lab.scenario_run import ScenarioRun, Setup, run_scenario
from zonecma.lab.scenarios import draw_scenario, parse_scenario
from zonecma.machine import costs as cost_table
from zonecma.machine import durations as duration_table
from zonecma.machine.board import MemoryModel
from zonecma.machine.durations import Duration
from zonecma.machine.read import read_board
from zonecma.machine.sizes import pages_called
from zonecma.placement import Placement
from zonecma.progress import Progress, no_progress
from zonecma.workload.generated import GeneratedLoad
from zonecma.workload.scenario import Layout, Scenario, scenario_of
from zonecma.workload.steps import CALL, Programs
from zonecma.workload.uses import PROGRAM

SEEDS = 5
"""Drawings of a load, unless told."""


@dataclass(frozen=True)
class Terms:
    """What a load is run under, where it is not as its own machine has it."""

    placement: str = ""
    rules: str = ""
    cma: str = ""
    """size of the area"""
    aligned: int = 0
    """order that contiguous calls are aligned to at least"""
    pins_move: bool | None = None
    """whether pages leave an area before they are pinned for long; as the kernel does if None"""
    costs: Mapping[str, float] = field(default_factory=cost_table.read_costs)
    durations: Mapping[str, Duration] = field(default_factory=duration_table.read_durations)


def terms_called(
    placement: str = "", rules: str = "", cma: str = "", *, costs: str = "", durations: str = ""
) -> Terms:
    """Terms as a user names them; ``costs`` and ``durations`` are TOML files, zonecma's own if empty.

    Raises InputError for a size that is none and for files that can't be used.
    """
    if cma:
        pages_called(cma, "--cma")
    return Terms(
        placement,
        rules,
        cma,
        costs=cost_table.read_costs(Path(costs) if costs else cost_table.DEFAULT),
        durations=duration_table.read_durations(Path(durations) if durations else duration_table.DEFAULT),
    )


@dataclass(frozen=True)
class Task:
    """One run, as another process is given it."""

    scenario: str
    """as a user names it"""
    terms: Terms
    seed: int
    label: str = ""
    """what its caller knows it by"""


def setup_for(load: GeneratedLoad, terms: Terms) -> Setup:
    """The machine of a load under these terms.

    Raises InputError for rules, a placement or a size that do not exist.
    """
    own = RULES.get(read_board(load.board).rules, NEWEST)
    rules = rules_called(terms.rules) if terms.rules else own
    return Setup(
        board=load.board,
        placement=terms.placement or usual_placement(rules).name,
        command_line=_joined(load.command_line, f"cma={terms.cma}" if terms.cma else ""),
        rules=rules.series,
        swap_mib=load.swap_mib,
        costs=terms.costs,
        durations=terms.durations,
        changes={} if terms.pins_move is None else {"moves_before_pinning": terms.pins_move},
    )


def _joined(*options: str) -> str:
    return " ".join(filter(None, options))


def checked_setup(scenario: str, terms: Terms) -> Setup:
    """The machine of a scenario as a user names it, once booted, and the load once drawn.

    Raises InputError for what is wrong with any of them, before time is spent on many runs.
    """
    load = parse_scenario(scenario)
    draw_scenario(load, 0)
    setup = setup_for(load, terms)
    placement, options = parse_placement(setup.placement), setup.command_line
    boot_machine(setup.board, placement, setup.kernel, command_line=options)
    return setup


def boot_scenario(
    scenario: str,
    placement: Placement | None = None,
    rules: Rules | None = None,
    memory_model: MemoryModel | None = None,
    command_line: str = "",
) -> Booted:
    """Boot a scenario's board as its runs do; ``command_line`` comes after the scenario's own.

    What is None is as the board says.  Raises InputError for what is no scenario.
    """
    load = parse_scenario(scenario)
    options = _joined(load.command_line, command_line)
    booted = boot_machine(load.board, placement, rules, memory_model, options)
    given = f"given: {load.board}, {load.command_line or 'no command line'} (scenario {load.name})"
    return replace(booted, inputs=(given, *booted.inputs))


def run_task(task: Task) -> tuple[Task, ScenarioRun]:
    """One run, from drawing to figures."""
    load = parse_scenario(task.scenario)
    scenario = aligned(draw_scenario(load, task.seed), task.terms.aligned)
    return task, run_scenario(scenario, setup_for(load, task.terms), task.seed)


def run_tasks(
    tasks: Sequence[Task], progress: Progress = no_progress, workers: int = 0
) -> Iterator[tuple[Task, ScenarioRun]]:
    """All runs, as they come."""
    compile_scenarios(progress)
    for done, outcome in enumerate(run_all(run_task, tasks, workers), 1):
        progress(f"running {outcome[0].scenario}", done, len(tasks))
        yield outcome


def compile_scenarios(progress: Progress = no_progress) -> None:
    """Compile what every run of a generated load needs, where no earlier one did."""
    compile_once("scenarios", lambda: run_scenario(_tiny(), _TINY, 0), progress)


def runs_by_label(
    tasks: Sequence[Task], progress: Progress = no_progress, workers: int = 0
) -> dict[str, list[ScenarioRun]]:
    """All runs, those of one label together, in the order of their seeds."""
    found: dict[str, dict[int, ScenarioRun]] = defaultdict(dict)
    for task, run in run_tasks(tasks, progress, workers):
        found[task.label][task.seed] = run
    return {label: [run for _, run in sorted(runs.items())] for label, runs in found.items()}


def aligned(scenario: Scenario, order: int) -> Scenario:
    """The same load, its contiguous calls aligned to an order at least."""
    steps = scenario.steps.copy()
    calls = steps["op"] == CALL
    steps["span"][calls] = np.maximum(steps["span"][calls], order)
    return replace(scenario, steps=steps)


_TINY = Setup("vm-1g-cma512", "half-free", "transparent_hugepage=never", "6.12")


def _tiny() -> Scenario:
    """A load of one access: it compiles all that a real one needs."""
    layout, programs = Layout(), Programs()
    slots = [layout.region(PROGRAM, 1, task=0)]
    programs.begin()
    programs.use(0, 1, own=True)
    return scenario_of(layout, slots, programs)
