"""zonecma size: the smallest area that serves given buffers under a load, for each placement."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from zonecma.cli import words
from zonecma.cli.options import LOAD, PLACEMENT, AsJson, Series
from zonecma.cli.output import print_outcome

_DEFAULT_PROBABILITY = 0.9


def size(
    load: Annotated[
        str, typer.Argument(metavar="LOAD", help=LOAD, show_default=False, autocompletion=words.loads)
    ],
    need: Annotated[
        list[str] | None,
        typer.Option(
            "--need",
            help="Buffers held at the same time: 20MiB:9, or 64MiB,within=50ms,probability=0.99; several are"
            " held together. If left out: whatever the load itself asks for.",
            metavar="SIZE[:COUNT][,...]",
        ),
    ] = None,
    within: Annotated[
        str, typer.Option(help="Of needs that do not say: the time it may take to get all.", metavar="TIME")
    ] = "",
    probability: Annotated[
        float, typer.Option(help="Of needs that do not say: the share of runs that meet it.", metavar="P")
    ] = _DEFAULT_PROBABILITY,
    own: Annotated[
        bool, typer.Option("--own", help="What the load itself asks for must be got, too.")
    ] = False,
    machine: Annotated[
        str,
        typer.Option(
            help="Of a scenario: another machine, a preset, a .dtb, .dts or .toml file, a /proc folder.",
            metavar="MACHINE",
        ),
    ] = "",
    placement: Annotated[
        list[str] | None,
        typer.Option(
            help="A placement by name, or a Python file; repeat it for several."
            " If left out: half-free, last-resort, zone-cma and carveout.",
            metavar=PLACEMENT,
        ),
    ] = None,
    rules: Series = "",
    dma_limit: Annotated[
        str,
        typer.Option(help="Of a scenario: the area must lie below 30bit, 1G or an address.", metavar="LIMIT"),
    ] = "",
    most: Annotated[
        str, typer.Option(help="The largest area; half of RAM if left out.", metavar="SIZE")
    ] = "",
    seeds: Annotated[int, typer.Option(help="Runs of a test at most.", metavar="N", min=1)] = 80,
    as_json: AsJson = False,
) -> None:
    """Find the smallest area for each placement, and say with which confidence it suffices.

    It prints what to paste, a device-tree node and an option, and checks what users trip over.  When
    nothing suffices it says what is in the way.
    """
    from zonecma.lab.scenario_setup import Terms
    from zonecma.lab.size import size as run
    from zonecma.lab.size_bench import Question
    from zonecma.lab.size_options import bytes_called, limit_called
    from zonecma.placement import COMPARED
    from zonecma.report.progress import terminal_progress
    from zonecma.report.sizing import sizing_json, sizing_text

    question = Question(
        needs=_needs(need or [], within, probability, own),
        placements=tuple(placement or [policy.name for policy in COMPARED]),
        machine=machine,
        terms=Terms(rules=rules),
        below=limit_called(dma_limit) if dma_limit else 0,
        most=bytes_called(most, "--most") if most else 0,
        most_runs=seeds,
    )
    with terminal_progress() as progress:
        outcome = run(load, question, progress)
    print_outcome(outcome, as_json, sizing_text, sizing_json)


def _needs(texts: list[str], within: str, probability: float, own: bool) -> Any:
    from zonecma.lab.need import parse_needs, the_loads_own

    needs = parse_needs(texts, within, probability)
    return (*needs, the_loads_own(within, probability)) if own or not needs else needs
