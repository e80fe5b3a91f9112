"""zonecma show: what a recording holds."""

from __future__ import annotations

from typing import Annotated

import typer

from zonecma.cli.options import AsJson, Partial, refuse
from zonecma.cli.output import print_outcome
from zonecma.cli.scenarios import scenarios


def show(
    path: Annotated[
        str,
        typer.Argument(
            metavar="PATH",
            help="A recording, or a single trace, snapshot or /proc file of one; or a scenario.",
            show_default=False,
        ),
    ] = "",
    as_json: AsJson = False,
    partial: Partial = False,
) -> None:
    """Show what a recording holds: machine, areas, events, what was lost.

    Of a scenario it shows the parameters, as ``zonecma scenarios NAME`` does.
    Without PATH the recording that ships with zonecma is shown.
    """
    from zonecma.lab.scenarios import is_scenario

    if is_scenario(path):
        refuse({"--partial": partial}, f"{path} is a scenario", "a recording")
        scenarios(path, as_json)
        return
    from zonecma.capture.recording import DEMO
    from zonecma.lab.contents import contents_of
    from zonecma.report.contents import contents_json, contents_table
    from zonecma.report.progress import terminal_progress

    with terminal_progress() as progress:
        outcome = contents_of(path or DEMO, partial=partial, progress=progress)
    print_outcome(outcome, as_json, contents_table, contents_json)
