"""zonecma explain: why contiguous calls failed or were slow."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from zonecma.cli import words
from zonecma.cli.options import PLACEMENT, AsJson, Partial, Recorded, refuse
from zonecma.cli.output import print_outcome


def explain(
    recording: Recorded = "",
    call: Annotated[
        int | None, typer.Option("--call", help="Only this call, range by range.", metavar="N")
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only the calls that failed.")] = False,
    slowest: Annotated[
        int | None, typer.Option("--slowest", help="Only so many, the slowest first.", metavar="K", min=1)
    ] = None,
    placement: Annotated[
        str,
        typer.Option(
            help="Of a scenario: a placement by name, or a Python file.",
            metavar=PLACEMENT,
            autocompletion=words.placements,
        ),
    ] = "",
    cma: Annotated[str, typer.Option("--cma", help="Of a scenario: the area's size.", metavar="SIZE")] = "",
    rules: Annotated[
        str,
        typer.Option(help="Of a scenario: 4.7, 6.1 or 6.12.", metavar="SERIES", autocompletion=words.series),
    ] = "",
    seeds: Annotated[
        int | None, typer.Option(help="Of a scenario: how many drawings, 5 if left out.", metavar="N", min=1)
    ] = None,
    durations: Annotated[
        str, typer.Option(help="Of a scenario: a TOML file of how long pages are bound.", metavar="FILE")
    ] = "",
    as_json: AsJson = False,
    partial: Partial = False,
) -> None:
    """Say of each contiguous call (cma_alloc) which ranges it tried, what blocked them, and for how long.

    Without RECORDING the one that ships with zonecma is used.  All comes from the trace: what it does
    not show is unknown.  Of a scenario every page is known: how long each class of pages stays in the
    way, and what would have helped, which is tried.
    """
    from zonecma.lab.scenarios import is_scenario

    if is_scenario(recording):
        from zonecma.report import scenario_explanation as report

        told = {"--call": call is not None, "--failed": failed, "--slowest": slowest is not None}
        refuse({**told, "--partial": partial}, f"{recording} is a scenario", "a recording")
        outcome = _explained_scenario(recording, (placement, rules, cma), seeds, durations)
        print_outcome(outcome, as_json, report.scenario_explanation_text, report.scenario_explanation_json)
    else:
        from zonecma.report.explanation import explanation_text
        from zonecma.report.explanation_json import explanation_json

        told = {"--placement": bool(placement), "--cma": bool(cma), "--rules": bool(rules)}
        told |= {"--seeds": seeds is not None, "--durations": bool(durations)}
        outcome = _explained_recording(recording, (call, failed, slowest), told, partial)
        print_outcome(outcome, as_json, explanation_text, explanation_json)


def _explained_recording(
    where: str, chosen: tuple[int | None, bool, int | None], told: dict[str, bool], partial: bool
) -> Any:
    """``told``: options that are for scenarios alone."""
    from zonecma.capture.recording import DEMO
    from zonecma.lab.explain import Selection
    from zonecma.lab.explain import explain as run
    from zonecma.lab.loads import open_load
    from zonecma.report.progress import terminal_progress

    with terminal_progress() as progress:
        opened = open_load(where or DEMO, partial=partial)
        refuse(told, f"{opened.name} is a recording", "a scenario, or the verb whatif")
        return run(opened, Selection(*chosen), progress)


def _explained_scenario(scenario: str, terms: tuple[str, str, str], seeds: int | None, durations: str) -> Any:
    """``terms``: placement, rules and the area's size, as a user names them."""
    from zonecma.lab.scenario_explain import explain_scenario
    from zonecma.lab.scenario_setup import SEEDS, terms_called
    from zonecma.report.progress import terminal_progress

    with terminal_progress() as progress:
        return explain_scenario(scenario, terms_called(*terms, durations=durations), seeds or SEEDS, progress)
