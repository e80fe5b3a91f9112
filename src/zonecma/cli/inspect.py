"""zonecma inspect: a machine's contiguous areas as they are."""

from __future__ import annotations

from typing import Annotated

import typer

from zonecma.cli.options import AsJson
from zonecma.cli.output import print_outcome


def inspect(
    where: Annotated[
        str,
        typer.Argument(
            metavar="BUNDLE",
            help="A bundle (.tar.gz), its folder, a recording; or live: this machine.",
            show_default=False,
        ),
    ] = "",
    moment: Annotated[
        str, typer.Option("--moment", help="Before or after what was recorded.", metavar="before|after")
    ] = "after",
    as_json: AsJson = False,
) -> None:
    """Show the areas as they are: use, largest free run, who holds frames, and what would fail.

    Without BUNDLE the recording that ships with zonecma is shown.  What can't be read is said, with
    the reason, and the rest is shown.
    """
    from zonecma.capture.recording import DEMO
    from zonecma.lab.inspect import inspect as run
    from zonecma.report.inspection import inspection_json, inspection_text
    from zonecma.report.progress import terminal_progress

    with terminal_progress() as progress:
        outcome = run(where or DEMO, moment, progress)
    print_outcome(outcome, as_json, inspection_text, inspection_json)
