"""zonecma verify: a recorded kernel against the model."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from zonecma.cli.options import AsJson, Partial, Recorded
from zonecma.cli.output import Shown, print_outcome
from zonecma.errors import InputError


def verify(
    recording: Recorded = "",
    free_run: Annotated[
        bool, typer.Option("--free-run", help="Let the model run alone: no miss is put right.")
    ] = False,
    explain_misses: Annotated[
        bool, typer.Option("--explain-misses", help="List the misses by cause, with an example of each.")
    ] = False,
    as_json: AsJson = False,
    partial: Partial = False,
) -> None:
    """Replay a recorded kernel's requests, and compare every page frame that the model chooses.

    Without RECORDING the one that ships with zonecma is used.  The status is 0 whatever the score.
    """
    from zonecma.capture.recording import DEMO
    from zonecma.lab.loads import open_recorded
    from zonecma.report.progress import terminal_progress

    if free_run and explain_misses:
        raise InputError("--free-run and --explain-misses are reports of their own; expected one of them")
    report = _free_run if free_run else _explained if explain_misses else _verified
    opened = open_recorded(recording or DEMO, "verify", partial=partial)
    with terminal_progress() as progress:
        outcome, table, to_json = report(opened, progress)
    print_outcome(outcome, as_json, table, to_json)


def _verified(recording: Any, progress: Any) -> Shown:
    from zonecma.lab.verify import verify
    from zonecma.report.verification import verification_json, verification_table

    return verify(recording, progress), verification_table, verification_json


def _explained(recording: Any, progress: Any) -> Shown:
    from zonecma.lab.misses import explain_misses
    from zonecma.report.misses import misses_json, misses_table

    return explain_misses(recording, progress), misses_table, misses_json


def _free_run(recording: Any, progress: Any) -> Shown:
    from zonecma.lab.free_run import free_run
    from zonecma.report.free_run import free_run_json, free_run_table

    return free_run(recording, progress), free_run_table, free_run_json
