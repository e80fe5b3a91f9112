"""The command: its verbs in the order of its help, and its exit status.

Exit status: 0 done; 1 output that can't be written, or zonecma does not work here; 2 input that can't be
used; 130 interrupted.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from zonecma import __version__
from zonecma.cli.boot import boot
from zonecma.cli.calibrate import calibrate
from zonecma.cli.collector import collector
from zonecma.cli.compare import compare
from zonecma.cli.completion import completion, prepare_to_complete
from zonecma.cli.diagnose import diagnose
from zonecma.cli.explain import explain
from zonecma.cli.inspect import inspect
from zonecma.cli.output import interrupts
from zonecma.cli.placements import placements
from zonecma.cli.report import report
from zonecma.cli.reproduce import reproduce
from zonecma.cli.scenarios import scenarios
from zonecma.cli.show import show
from zonecma.cli.size import size
from zonecma.cli.verify import verify
from zonecma.cli.whatif import whatif
from zonecma.errors import InputError

app = typer.Typer(
    rich_markup_mode=None,  # importing rich for --help would take longer than all the rest
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    help="""Predict what a placement of contiguous memory (CMA) does to a Linux machine,
    on a model that chooses the page frames a recorded kernel chose.

    Exit status: 0 done; 1 the output could not be written, or diagnose found that zonecma
    does not work here; 2 the input can't be used, and one line says why; 130 interrupted.""",
)

_VERBS: dict[Callable[..., None], str] = {
    verify: "Hold the model's page frames against a recorded kernel's.",
    compare: "Run a recorded or generated load under several placements of CMA.",
    whatif: "Predict a load under another placement, size or kernel.",
    size: "Find the smallest area that serves given buffers, and what to paste for it.",
    explain: "Say what was in the way of contiguous calls, and for how long.",
    inspect: "Show what is in the areas of a machine now, and what would fail.",
    report: "Write a page that shows memory, calls and placements.",
    calibrate: "Measure what steps cost, by a recording's time stamps.",
    collector: "Print the script that records a live machine.",
    boot: "Boot a machine in the model, and print its zones.",
    reproduce: "Run a published experiment in the model, beside what was published.",
    placements: "List the placements that there are.",
    scenarios: "List the scenarios that there are, or the parameters of one.",
    show: "Show what a recording, or a file of it, holds; or a scenario's parameters.",
    diagnose: "Say what works here, and what would mend what does not.",
    completion: "Print what makes a shell complete zonecma's words.",
}
for _verb, _short_help in _VERBS.items():
    app.command(short_help=_short_help)(_verb)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"zonecma {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of the command itself."""


def main() -> None:
    """Run the command line; one line on standard error for what went wrong."""
    if sys.stdout is None:
        _fail("cannot write the output: standard output is closed", 1)
    signal.signal(signal.SIGINT, _interrupt)
    prepare_to_complete()
    try:
        app(prog_name="zonecma")
        sys.stdout.flush()
    except InputError as error:
        _fail(f"{error}", 2)
    except KeyboardInterrupt:
        _fail("interrupted", 130)
    except BrokenPipeError:
        sys.stderr.close()  # the reader has seen enough
        sys.exit(1)
    except OSError as error:
        _fail(f"cannot write the output: {error.strerror}", 1)


def _fail(message: str, status: int) -> None:
    line = "".join(letter if letter.isprintable() else "?" for letter in message)
    print(f"zonecma: {line}", file=sys.stderr)
    sys.exit(status)


def _interrupt(number: int, _frame: object) -> None:
    interrupts.append(number)
    raise KeyboardInterrupt
