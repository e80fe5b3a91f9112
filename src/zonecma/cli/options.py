"""Options and arguments that several verbs have, and the refusal of those that a load does not have."""

from __future__ import annotations

from typing import Annotated

import typer

from zonecma.cli.words import loads, recordings, series
from zonecma.errors import InputError

RECORDING = "A recording's folder, a bundle, or the name of a recording that ships with zonecma."
LOAD = (
    f"{RECORDING[:-1]}; or a scenario: NAME[,param=value]..., or a Python file that defines one"
    " (zonecma scenarios lists them)."
)
PLACEMENT = "NAME[,param=value]"

Recorded = Annotated[
    str,
    typer.Argument(metavar="RECORDING", help=RECORDING, show_default=False, autocompletion=recordings),
]
Load = Annotated[str, typer.Argument(metavar="LOAD", help=LOAD, show_default=False, autocompletion=loads)]
Series = Annotated[
    str,
    typer.Option(
        help="4.7, 6.1 or 6.12; the machine's own if left out.", metavar="SERIES", autocompletion=series
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Partial = Annotated[
    bool, typer.Option("--partial", help="Read a damaged trace up to its damage, and say so.")
]


def refuse(given: dict[str, bool], load: str, expected: str) -> None:
    """Raise InputError for the first option that was given, and that a load of this kind does not have."""
    refused = [option for option, told in given.items() if told]
    if refused:
        raise InputError(f"{refused[0]}: {load}; expected {expected}")
