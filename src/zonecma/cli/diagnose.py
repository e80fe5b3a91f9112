"""zonecma diagnose: whether it works here."""

from __future__ import annotations

import typer

from zonecma.cli.options import AsJson
from zonecma.cli.output import print_outcome


def diagnose(as_json: AsJson = False) -> None:
    """Say what works here and what does not, and what would mend it.  What can be tried is tried.

    The status is 1 when something fails that every verb needs.
    """
    from zonecma.lab.diagnosis import diagnose as run
    from zonecma.report.diagnosis import diagnosis_json, diagnosis_text
    from zonecma.report.progress import terminal_progress

    with terminal_progress() as progress:
        findings = run(progress)
    print_outcome(findings, as_json, diagnosis_text, diagnosis_json)
    if any(one.needed and not one.works for one in findings):
        raise typer.Exit(1)
