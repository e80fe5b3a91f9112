"""zonecma reproduce: published experiments."""

from __future__ import annotations

from typing import Annotated

import typer

from zonecma.cli import words
from zonecma.cli.options import AsJson
from zonecma.cli.output import print_outcome


def reproduce(
    experiment: Annotated[
        str,
        typer.Argument(
            metavar="EXPERIMENT",
            help="zone-cma-2015, cma-2014, zone-cma-6.12 or observed-4.7.",
            show_default=False,
            autocompletion=words.experiments,
        ),
    ],
    seeds: Annotated[int, typer.Option(help="How many drawings of each load are run.", min=1)] = 10,
    as_json: AsJson = False,
) -> None:
    """Run a published experiment in the model: its load drawn anew for each seed, its kernels, its machine.

    Loads are fitted to the machine without an area alone; the rest is predicted.
    """
    from zonecma.lab.experiments import experiment_called
    from zonecma.lab.reproduce import reproduce as run
    from zonecma.report.progress import terminal_progress
    from zonecma.report.reproduction import reproduction_json, reproduction_table

    chosen = experiment_called(experiment)
    with terminal_progress() as progress:
        outcome = run(chosen, seeds, progress)
    print_outcome(outcome, as_json, reproduction_table, reproduction_json)
