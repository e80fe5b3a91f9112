"""zonecma whatif: a load under another placement, size or kernel."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from zonecma.cli import words
from zonecma.cli.options import PLACEMENT, AsJson, Load, Partial, Series, refuse
from zonecma.cli.output import print_outcome

_Terms = tuple[str, str, str]
"""Placement, rules and the area's size, as a user names them."""


def whatif(
    load: Load = "",
    placement: Annotated[
        str,
        typer.Option(
            help="A placement by name, or a Python file that defines one.",
            metavar=PLACEMENT,
            autocompletion=words.placements,
        ),
    ] = "zone-cma",
    cma: Annotated[
        str, typer.Option("--cma", help="The area's size; the machine's own if left out.", metavar="SIZE")
    ] = "",
    rules: Series = "",
    against: Annotated[
        str,
        typer.Option(
            help="Of a recording: another one, of the same load under that placement.", metavar="RECORDING2"
        ),
    ] = "",
    seeds: Annotated[
        int | None,
        typer.Option(
            help="Runs, each as another boot, of a scenario another drawing; 20 of a recording and"
            " 5 of a scenario if left out.",
            metavar="N",
            min=1,
        ),
    ] = None,
    costs: Annotated[
        str,
        typer.Option(
            help="A TOML file of what steps cost; if left out, what the recording tells, and zonecma's own.",
            metavar="FILE",
        ),
    ] = "",
    durations: Annotated[
        str,
        typer.Option(
            help="Of a scenario: a TOML file of how long pages are bound; zonecma's own if left out.",
            metavar="FILE",
        ),
    ] = "",
    as_json: AsJson = False,
    partial: Partial = False,
) -> None:
    """Predict what a load would do under another placement, size or kernel.

    The model reclaims, swaps and drops page cache, and what was evicted comes back when it is touched.
    A scenario runs on its own board.  Without LOAD the recording that ships with zonecma is used.
    """
    from zonecma.lab.scenarios import is_scenario
    from zonecma.report.prediction import prediction_json, prediction_table

    if is_scenario(load):
        told = {"--against": bool(against), "--partial": partial}
        refuse(told, f"{load} is a scenario", "a recording")
        outcome = _predicted_scenario(load, (placement, rules, cma), seeds, costs, durations)
    else:
        told = {"--durations": bool(durations)}
        outcome = _predicted_recording(load, (placement, rules, cma), seeds, costs, against, told, partial)
    print_outcome(outcome, as_json, prediction_table, prediction_json)


def _predicted_recording(
    where: str,
    terms: _Terms,
    seeds: int | None,
    costs: str,
    against: str,
    told: dict[str, bool],
    partial: bool,
) -> Any:
    """``told``: options that are for scenarios alone."""
    from zonecma.capture.recording import DEMO, open_recording
    from zonecma.lab.loads import open_load
    from zonecma.lab.placements import parse_placement
    from zonecma.lab.prediction import SEEDS, predict, question_called
    from zonecma.report.progress import terminal_progress

    placement, rules, cma = terms
    question = question_called(parse_placement(placement), cma, rules, seeds or SEEDS, costs)
    other = open_recording(against, partial=partial) if against else None
    with terminal_progress() as progress:
        opened = open_load(where or DEMO, partial=partial)
        refuse(told, f"{opened.name} is a recording", "a scenario")
        return predict(opened, question, other, progress)


def _predicted_scenario(scenario: str, terms: _Terms, seeds: int | None, costs: str, durations: str) -> Any:
    from zonecma.lab.scenario_prediction import predict_scenario
    from zonecma.lab.scenario_setup import SEEDS, terms_called
    from zonecma.report.progress import terminal_progress

    given = terms_called(*terms, costs=costs, durations=durations)
    with terminal_progress() as progress:
        return predict_scenario(scenario, given, seeds or SEEDS, progress)
