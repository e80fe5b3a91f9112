"""zonecma calibrate: what steps cost, by a recording."""

from __future__ import annotations

from typing import Annotated

import typer

from zonecma.cli.options import AsJson, Partial, Recorded
from zonecma.cli.output import print_outcome


def calibrate(
    recording: Recorded = "",
    output: Annotated[
        str, typer.Option("--output", "-o", help="Write the costs to this TOML file, too.", metavar="FILE")
    ] = "",
    durations: Annotated[
        str, typer.Option(help="Write how long pages were bound to this TOML file, too.", metavar="FILE")
    ] = "",
    as_json: AsJson = False,
    partial: Partial = False,
) -> None:
    """Set the costs of steps that a recording tells, and say how much of its time they leave unexplained.

    The file is what other verbs take as --costs: it is a table of the recorded machine, tracing included.
    How long pages were bound to their frames is told beside it, where the trace has enough samples.
    Without RECORDING the one that ships with zonecma is used.
    """
    from pathlib import Path

    from zonecma.capture.recording import DEMO
    from zonecma.files import write_whole
    from zonecma.lab.calibrate import calibrate as run
    from zonecma.lab.loads import open_recorded
    from zonecma.report.calibration import (
        calibration_json,
        calibration_table,
        calibration_toml,
        durations_toml,
    )
    from zonecma.report.progress import terminal_progress

    with terminal_progress() as progress:
        outcome = run(open_recorded(recording or DEMO, "calibrate", partial=partial), progress)
    if output:
        write_whole(Path(output), calibration_toml(outcome))
    if durations:
        write_whole(Path(durations), durations_toml(outcome))
    print_outcome(outcome, as_json, calibration_table, calibration_json)
