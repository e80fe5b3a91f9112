"""zonecma compare: a load under several placements."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from zonecma.cli import words
from zonecma.cli.options import PLACEMENT, AsJson, Load, Partial, refuse
from zonecma.cli.output import print_outcome


def compare(
    load: Load = "",
    placement: Annotated[
        list[str] | None,
        typer.Option(
            help="A placement by name, or a Python file that defines one; repeat it to compare several,"
            " the first is the baseline. If left out: half-free, last-resort, zone-cma and carveout.",
            metavar=PLACEMENT,
            autocompletion=words.placements,
        ),
    ] = None,
    rules: Annotated[
        str,
        typer.Option(
            help="Of a scenario: 4.7, 6.1 or 6.12; its board's if left out."
            " A recording has its own kernel's; whatif takes others.",
            metavar="SERIES",
            autocompletion=words.series,
        ),
    ] = "",
    seeds: Annotated[
        int | None,
        typer.Option(
            help="Of a scenario: runs under each placement, each another drawing; 5 if left out."
            " A recording is run once; whatif runs it more often.",
            metavar="N",
            min=1,
        ),
    ] = None,
    open_loop: Annotated[
        bool,
        typer.Option(
            "--open-loop", help="Of a recording: reclaim nothing, ask what was asked, when it was asked."
        ),
    ] = False,
    as_json: AsJson = False,
    partial: Partial = False,
) -> None:
    """Run a load under several placements of its CMA area, and compare them.

    The model reclaims, swaps and drops page cache as the kernel does; --open-loop replays what was asked.
    A scenario runs on its own board.  Without LOAD the recording that ships with zonecma is used.
    """
    from zonecma.lab.scenarios import is_scenario
    from zonecma.placement import COMPARED
    from zonecma.report.comparison import comparison_json, comparison_table

    texts = placement or [policy.name for policy in COMPARED]
    if is_scenario(load):
        refuse({"--open-loop": open_loop, "--partial": partial}, f"{load} is a scenario", "a recording")
        outcome = _compared_scenario(load, texts, rules, seeds)
    else:
        told = {"--rules": bool(rules), "--seeds": seeds is not None}
        outcome = _compared_recording(load, texts, told, open_loop, partial)
    print_outcome(outcome, as_json, comparison_table, comparison_json)


def _compared_recording(
    where: str, placements: list[str], told: dict[str, bool], open_loop: bool, partial: bool
) -> Any:
    """``told``: options that are for scenarios alone."""
    from zonecma.capture.recording import DEMO
    from zonecma.lab.compare import compare
    from zonecma.lab.loads import open_load
    from zonecma.lab.placements import parse_placement
    from zonecma.lab.terms import OPEN
    from zonecma.report.progress import terminal_progress

    chosen = [parse_placement(text) for text in placements]
    with terminal_progress() as progress:
        opened = open_load(where or DEMO, partial=partial)
        refuse(told, f"{opened.name} is a recording", "a scenario, or the verb whatif")
        return compare(opened, chosen, progress, OPEN if open_loop else None)


def _compared_scenario(scenario: str, placements: list[str], rules: str, seeds: int | None) -> Any:
    from zonecma.lab.scenario_compare import compare_scenario
    from zonecma.lab.scenario_setup import SEEDS, Terms
    from zonecma.report.progress import terminal_progress

    with terminal_progress() as progress:
        return compare_scenario(scenario, placements, Terms(rules=rules), seeds or SEEDS, progress)
