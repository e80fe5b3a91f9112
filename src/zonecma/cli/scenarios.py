"""zonecma scenarios: the scenarios that there are."""

from __future__ import annotations

from typing import Annotated

import typer

from zonecma.cli.options import AsJson
from zonecma.cli.output import print_outcome


def scenarios(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A scenario, or a Python file that defines one.", show_default=False
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """List the scenarios that there are: loads for those who have no recording, each with its board.

    With NAME, its parameters: usual values, units, and where they come from.
    """
    from zonecma.lab.scenarios import parse_scenario
    from zonecma.report import scenarios as report
    from zonecma.workload.scenarios import SCENARIOS

    if name:
        print_outcome(parse_scenario(name), as_json, report.scenario_table, report.scenario_json)
    else:
        print_outcome(SCENARIOS, as_json, report.scenarios_table, report.scenarios_json)
