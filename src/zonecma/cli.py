"""The verbs.

Exit status: 0 done, 1 output that can't be written, 2 input that can't be used, 130 interrupted.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterable
from typing import Annotated, Any

import typer

from zonecma import __version__
from zonecma.errors import InputError

app = typer.Typer(
    rich_markup_mode=None,  # importing rich for --help would take longer than all the rest
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    help="""Predict what a placement of contiguous memory (CMA) does to a Linux machine,
    on a model that chooses the page frames a recorded kernel chose.

    Exit status: 0 done; 1 the output could not be written; 2 the input can't be used,
    and one line says why; 130 interrupted.""",
)

_RECORDING = "A recording's folder, or the name of one that ships with zonecma."
_LOAD = (
    f"{_RECORDING[:-1]}; or a scenario: NAME[,param=value]..., or a Python file that defines one"
    " (zonecma scenarios lists them)."
)
_JSON = "Print JSON instead of a table."
_PARTIAL = "Read a damaged trace up to its damage, and say so."
_PLACEMENT = "NAME[,param=value]"

Recorded = Annotated[str, typer.Argument(metavar="RECORDING", help=_RECORDING, show_default=False)]
Load = Annotated[str, typer.Argument(metavar="LOAD", help=_LOAD, show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help=_JSON)]
Partial = Annotated[bool, typer.Option("--partial", help=_PARTIAL)]

_Shown = tuple[Any, Callable[[Any], str], Callable[[Any], Any]]
"""An outcome, and how it looks as a table and as JSON."""


_Terms = tuple[str, str, str]
"""Placement, rules and the area's size, as a user names them."""


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


@app.command(short_help="Hold the model's page frames against a recorded kernel's.")
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
    _print(outcome, as_json, table, to_json)


def _verified(recording: Any, progress: Any) -> _Shown:
    from zonecma.lab.verify import verify
    from zonecma.report.verification import verification_json, verification_table

    return verify(recording, progress), verification_table, verification_json


def _explained(recording: Any, progress: Any) -> _Shown:
    from zonecma.lab.misses import explain_misses
    from zonecma.report.misses import misses_json, misses_table

    return explain_misses(recording, progress), misses_table, misses_json


def _free_run(recording: Any, progress: Any) -> _Shown:
    from zonecma.lab.free_run import free_run
    from zonecma.report.free_run import free_run_json, free_run_table

    return free_run(recording, progress), free_run_table, free_run_json


@app.command(short_help="Run a recorded or generated load under several placements of CMA.")
def compare(
    load: Load = "",
    placement: Annotated[
        list[str] | None,
        typer.Option(
            help="A placement by name, or a Python file that defines one; repeat it to compare several,"
            " the first is the baseline. If left out: half-free, last-resort, zone-cma and carveout.",
            metavar=_PLACEMENT,
        ),
    ] = None,
    rules: Annotated[
        str,
        typer.Option(
            help="Of a scenario: 4.7, 6.1 or 6.12; its board's if left out."
            " A recording has its own kernel's; whatif takes others.",
            metavar="SERIES",
        ),
    ] = "",
    seeds: Annotated[
        int | None,
        typer.Option(
            help="Of a scenario: runs under each placement, each another drawing; 5 if left out."
            " A recording is run once; whatif runs it more often.",
            metavar="N",
            min=1,
        ),
    ] = None,
    open_loop: Annotated[
        bool,
        typer.Option(
            "--open-loop", help="Of a recording: reclaim nothing, ask what was asked, when it was asked."
        ),
    ] = False,
    as_json: AsJson = False,
    partial: Partial = False,
) -> None:
    """Run a load under several placements of its CMA area, and compare them.

    The model reclaims, swaps and drops page cache as the kernel does; --open-loop replays what was asked.
    A scenario runs on its own board.  Without LOAD the recording that ships with zonecma is used.
    """
    from zonecma.lab.scenarios import is_scenario
    from zonecma.placement import COMPARED
    from zonecma.report.comparison import comparison_json, comparison_table

    texts = placement or [policy.name for policy in COMPARED]
    if is_scenario(load):
        _refuse({"--open-loop": open_loop, "--partial": partial}, f"{load} is a scenario", "a recording")
        outcome = _compared_scenario(load, texts, rules, seeds)
    else:
        told = {"--rules": bool(rules), "--seeds": seeds is not None}
        outcome = _compared_recording(load, texts, told, open_loop, partial)
    _print(outcome, as_json, comparison_table, comparison_json)


def _compared_recording(
    where: str, placements: list[str], told: dict[str, bool], open_loop: bool, partial: bool
) -> Any:
    """``told``: options that are for scenarios alone."""
    from zonecma.capture.recording import DEMO
    from zonecma.lab.compare import compare
    from zonecma.lab.loads import open_load
    from zonecma.lab.placements import parse_placement
    from zonecma.lab.terms import OPEN
    from zonecma.report.progress import terminal_progress

    chosen = [parse_placement(text) for text in placements]
    with terminal_progress() as progress:
        opened = open_load(where or DEMO, partial=partial)
        _refuse(told, f"{opened.name} is a recording", "a scenario, or the verb whatif")
        return compare(opened, chosen, progress, OPEN if open_loop else None)


def _compared_scenario(scenario: str, placements: list[str], rules: str, seeds: int | None) -> Any:
    from zonecma.lab.scenario_compare import compare_scenario
    from zonecma.lab.scenario_setup import SEEDS, Terms
    from zonecma.report.progress import terminal_progress

    with terminal_progress() as progress:
        return compare_scenario(scenario, placements, Terms(rules=rules), seeds or SEEDS, progress)


@app.command(short_help="Predict a load under another placement, size or kernel.")
def whatif(
    load: Load = "",
    placement: Annotated[
        str, typer.Option(help="A placement by name, or a Python file that defines one.", metavar=_PLACEMENT)
    ] = "zone-cma",
    cma: Annotated[
        str, typer.Option("--cma", help="The area's size; the machine's own if left out.", metavar="SIZE")
    ] = "",
    rules: Annotated[
        str, typer.Option(help="4.7, 6.1 or 6.12; the machine's own if left out.", metavar="SERIES")
    ] = "",
    against: Annotated[
        str,
        typer.Option(
            help="Of a recording: another one, of the same load under that placement.", metavar="RECORDING2"
        ),
    ] = "",
    seeds: Annotated[
        int | None,
        typer.Option(
            help="Runs, each as another boot, of a scenario another drawing; 20 of a recording and"
            " 5 of a scenario if left out.",
            metavar="N",
            min=1,
        ),
    ] = None,
    costs: Annotated[
        str, typer.Option(help="A TOML file of what steps cost; zonecma's own if left out.", metavar="FILE")
    ] = "",
    durations: Annotated[
        str,
        typer.Option(
            help="Of a scenario: a TOML file of how long pages are bound; zonecma's own if left out.",
            metavar="FILE",
        ),
    ] = "",
    as_json: AsJson = False,
    partial: Partial = False,
) -> None:
    """Predict what a load would do under another placement, size or kernel.

    The model reclaims, swaps and drops page cache, and what was evicted comes back when it is touched.
    A scenario runs on its own board.  Without LOAD the recording that ships with zonecma is used.
    """
    from zonecma.lab.scenarios import is_scenario
    from zonecma.report.prediction import prediction_json, prediction_table

    if is_scenario(load):
        told = {"--against": bool(against), "--partial": partial}
        _refuse(told, f"{load} is a scenario", "a recording")
        outcome = _predicted_scenario(load, (placement, rules, cma), seeds, costs, durations)
    else:
        told = {"--durations": bool(durations)}
        outcome = _predicted_recording(load, (placement, rules, cma), seeds, costs, against, told, partial)
    _print(outcome, as_json, prediction_table, prediction_json)


def _predicted_recording(
    where: str,
    terms: _Terms,
    seeds: int | None,
    costs: str,
    against: str,
    told: dict[str, bool],
    partial: bool,
) -> Any:
    """``told``: options that are for scenarios alone."""
    from pathlib import Path

    from zonecma.capture.recording import DEMO, open_recording
    from zonecma.lab.boot_options import rules_called
    from zonecma.lab.loads import open_load
    from zonecma.lab.placements import parse_placement
    from zonecma.lab.prediction import SEEDS, Question, predict
    from zonecma.machine.costs import DEFAULT, read_costs
    from zonecma.machine.sizes import pages_called
    from zonecma.report.progress import terminal_progress

    placement, rules, cma = terms
    question = Question(
        parse_placement(placement),
        pages_called(cma, "--cma") if cma else None,
        rules_called(rules) if rules else None,
        seeds or SEEDS,
        read_costs(Path(costs) if costs else DEFAULT),
    )
    other = open_recording(against, partial=partial) if against else None
    with terminal_progress() as progress:
        opened = open_load(where or DEMO, partial=partial)
        _refuse(told, f"{opened.name} is a recording", "a scenario")
        return predict(opened, question, other, progress)


def _predicted_scenario(scenario: str, terms: _Terms, seeds: int | None, costs: str, durations: str) -> Any:
    from pathlib import Path

    from zonecma.lab.scenario_prediction import predict_scenario
    from zonecma.lab.scenario_setup import SEEDS, Terms
    from zonecma.machine import costs as cost_table
    from zonecma.machine import durations as duration_table
    from zonecma.machine.sizes import pages_called
    from zonecma.report.progress import terminal_progress

    placement, rules, cma = terms
    if cma:
        pages_called(cma, "--cma")
    given = Terms(
        placement,
        rules,
        cma,
        costs=cost_table.read_costs(Path(costs) if costs else cost_table.DEFAULT),
        durations=duration_table.read_durations(Path(durations) if durations else duration_table.DEFAULT),
    )
    with terminal_progress() as progress:
        return predict_scenario(scenario, given, seeds or SEEDS, progress)


def _refuse(given: dict[str, bool], load: str, expected: str) -> None:
    """Raise InputError for the first option that was given, and that a load of this kind does not have."""
    refused = [option for option, told in given.items() if told]
    if refused:
        raise InputError(f"{refused[0]}: {load}; expected {expected}")


@app.command(short_help="Say what blocked each contiguous call of a recording.")
def explain(
    recording: Recorded = "",
    call: Annotated[
        int | None, typer.Option("--call", help="Only this call, range by range.", metavar="N")
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only the calls that failed.")] = False,
    slowest: Annotated[
        int | None, typer.Option("--slowest", help="Only so many, the slowest first.", metavar="K", min=1)
    ] = None,
    placement: Annotated[
        str, typer.Option(help="Of a scenario: a placement by name, or a Python file.", metavar=_PLACEMENT)
    ] = "",
    cma: Annotated[str, typer.Option("--cma", help="Of a scenario: the area's size.", metavar="SIZE")] = "",
    rules: Annotated[str, typer.Option(help="Of a scenario: 4.7, 6.1 or 6.12.", metavar="SERIES")] = "",
    seeds: Annotated[
        int | None, typer.Option(help="Of a scenario: how many drawings, 5 if left out.", metavar="N", min=1)
    ] = None,
    durations: Annotated[
        str, typer.Option(help="Of a scenario: a TOML file of how long pages are bound.", metavar="FILE")
    ] = "",
    as_json: AsJson = False,
    partial: Partial = False,
) -> None:
    """Say of each contiguous call (cma_alloc) which ranges it tried, what blocked them, and for how long.

    Without RECORDING the one that ships with zonecma is used.  All comes from the trace: what it does
    not show is unknown.  Of a scenario every page is known: how long each class of pages stays in the
    way, and what would have helped, which is tried.
    """
    from zonecma.capture.recording import DEMO
    from zonecma.lab.loads import open_load
    from zonecma.lab.scenarios import is_scenario

    if is_scenario(recording):
        if failed or slowest or call is not None:
            raise InputError("--call, --failed and --slowest are for recordings; expected none of them here")
        _explain_scenario(recording, placement, rules, cma, durations, seeds or 5, as_json)
        return
    if placement or rules or cma or durations or seeds:
        options = "--placement, --rules, --cma, --seeds and --durations"
        raise InputError(f"{options} are for scenarios; {recording or DEMO} is a recording")
    from zonecma.lab.explain import Selection
    from zonecma.lab.explain import explain as run
    from zonecma.report.explanation import explanation_text
    from zonecma.report.explanation_json import explanation_json
    from zonecma.report.progress import terminal_progress

    with terminal_progress() as progress:
        chosen = Selection(call, failed, slowest)
        outcome = run(open_load(recording or DEMO, partial=partial), chosen, progress)
    _print(outcome, as_json, explanation_text, explanation_json)


def _explain_scenario(
    scenario: str, placement: str, rules: str, cma: str, durations: str, seeds: int, as_json: bool
) -> None:
    from pathlib import Path

    from zonecma.lab.scenario_explain import explain_scenario
    from zonecma.lab.scenario_setup import Terms
    from zonecma.machine.durations import DEFAULT, read_durations
    from zonecma.report.progress import terminal_progress
    from zonecma.report.scenario_explanation import scenario_explanation_json, scenario_explanation_text

    bound = read_durations(Path(durations) if durations else DEFAULT)
    with terminal_progress() as progress:
        terms = Terms(placement, rules, cma, durations=bound)
        outcome = explain_scenario(scenario, terms, seeds, progress)
    _print(outcome, as_json, scenario_explanation_text, scenario_explanation_json)


@app.command(short_help="Measure what steps cost, by a recording's time stamps.")
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
    _print(outcome, as_json, calibration_table, calibration_json)


@app.command(short_help="Boot a machine in the model, and print its zones.")
def boot(
    machine: Annotated[
        str,
        typer.Argument(
            metavar="MACHINE",
            help="A preset, a device tree (.dtb, .dts), a .toml file, a folder of /proc files,"
            " a RECORDING, or a scenario, whose board and command line it is then.",
            show_default=False,
        ),
    ],
    placement: Annotated[
        str,
        typer.Option(
            help="Where contiguous memory lives; what its kernel does if left out.", metavar=_PLACEMENT
        ),
    ] = "",
    memory_model: Annotated[
        str, typer.Option(help="flatmem or sparsemem; the machine's if left out.", metavar="MODEL")
    ] = "",
    rules: Annotated[
        str, typer.Option(help="4.7, 6.1 or 6.12; the machine's own if left out.", metavar="SERIES")
    ] = "",
    cmdline: Annotated[
        str, typer.Option(help="Kernel command line, after the machine's own.", metavar="TEXT")
    ] = "",
    trace: Annotated[bool, typer.Option("--trace", help="Print the steps of boot.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Print the faults that this boot leaves.")] = False,
    buddyinfo: Annotated[bool, typer.Option("--buddyinfo", help="Print /proc/buddyinfo.")] = False,
    pagetypeinfo: Annotated[bool, typer.Option("--pagetypeinfo", help="Print /proc/pagetypeinfo.")] = False,
    against: Annotated[
        str, typer.Option(help="Hold the boot against this recorded one.", metavar="RECORDING")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Boot a machine in the model, from its early memory map to a filled allocator.

    Prints its /proc/zoneinfo, in its kernel's own format, unless something else is asked for.
    """
    from zonecma.capture.boot_record import open_boot_record
    from zonecma.lab.boot import boot_machine, check_boot
    from zonecma.lab.boot_options import memory_model_called, rules_called
    from zonecma.lab.placements import parse_placement
    from zonecma.lab.scenario_setup import boot_scenario
    from zonecma.lab.scenarios import is_scenario
    from zonecma.report import boot as report

    start = boot_scenario if is_scenario(machine) else boot_machine
    booted = start(
        machine,
        parse_placement(placement) if placement else None,
        rules_called(rules) if rules else None,
        memory_model_called(memory_model) if memory_model else None,
        cmdline,
    )
    if against:
        _print(check_boot(booted, open_boot_record(against)), as_json, report.check_text, report.check_json)
    elif check:
        from zonecma.lab.findings import find_faults
        from zonecma.report.progress import terminal_progress

        with terminal_progress() as progress:
            faults = find_faults(booted, progress)
        _print(faults, as_json, report.findings_text, report.findings_json)
    else:
        texts = {"trace": trace, "buddyinfo": buddyinfo, "pagetypeinfo": pagetypeinfo}
        wanted = [name for name, asked in texts.items() if asked]
        _print(booted, as_json, lambda one: report.boot_text(one, wanted), report.boot_json)
        _note(booted.inputs, as_json)


@app.command(short_help="Run a published experiment in the model, beside what was published.")
def reproduce(
    experiment: Annotated[
        str,
        typer.Argument(
            metavar="EXPERIMENT",
            help="zone-cma-2015, cma-2014, zone-cma-6.12 or observed-4.7.",
            show_default=False,
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
    _print(outcome, as_json, reproduction_table, reproduction_json)


@app.command(short_help="List the placements that there are.")
def placements(as_json: AsJson = False) -> None:
    """List the placements that there are: what they do, which kernels do so, what the model leaves out."""
    from zonecma.placement import PLACEMENTS
    from zonecma.report.placements import placements_json, placements_table

    _print(PLACEMENTS, as_json, placements_table, placements_json)


@app.command(short_help="List the scenarios that there are, or the parameters of one.")
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
        _print(parse_scenario(name), as_json, report.scenario_table, report.scenario_json)
    else:
        _print(SCENARIOS, as_json, report.scenarios_table, report.scenarios_json)


@app.command(short_help="Show what a recording, or a file of it, holds; or a scenario's parameters.")
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
        _refuse({"--partial": partial}, f"{path} is a scenario", "a recording")
        scenarios(path, as_json)
        return
    from zonecma.capture.recording import DEMO
    from zonecma.lab.contents import contents_of
    from zonecma.report.contents import contents_json, contents_table
    from zonecma.report.progress import terminal_progress

    with terminal_progress() as progress:
        outcome = contents_of(path or DEMO, partial=partial, progress=progress)
    _print(outcome, as_json, contents_table, contents_json)


def _print(outcome: Any, as_json: bool, table: Callable[[Any], str], to_json: Callable[[Any], Any]) -> None:
    if _interrupts:
        raise KeyboardInterrupt
    print(json.dumps(to_json(outcome)) if as_json else table(outcome))


def _note(notes: Iterable[str], as_json: bool) -> None:
    """Say on standard error what an output rests on; JSON holds it itself."""
    for note in () if as_json else notes:
        print(f"zonecma: {note}", file=sys.stderr)


def main() -> None:
    """Run the command line; one line on standard error for what went wrong."""
    if sys.stdout is None:
        _fail("cannot write the output: standard output is closed", 1)
    signal.signal(signal.SIGINT, _interrupt)
    try:
        app()
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


_interrupts: list[int] = []
"""Signals that came: an exception raised within a compiler's callback would be lost."""


def _interrupt(number: int, _frame: object) -> None:
    _interrupts.append(number)
    raise KeyboardInterrupt
