"""zonecma report: a page to look at, a trace for Perfetto, a figure for a paper."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from zonecma.cli.options import Partial, refuse
from zonecma.errors import InputError

_COUNTS = 1000
"""Values of each of a Perfetto trace's counters."""


def report(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RECORDING|SCENARIO|RESULT...",
            help="A recording's folder or name, a scenario, or files that compare, whatif, explain or size"
            " printed with --json.  If left out: the recording that ships with zonecma.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        str,
        typer.Option("--output", "-o", help="Write the page, HTML that needs no network.", metavar="FILE"),
    ] = "",
    perfetto: Annotated[
        str, typer.Option("--perfetto", help="Write a trace for the Perfetto UI.", metavar="FILE")
    ] = "",
    png: Annotated[str, typer.Option("--png", help="Write a figure.", metavar="FILE")] = "",
    partial: Partial = False,
) -> None:
    """Write a page that shows memory over time, contiguous calls and placements.

    Of a recording explain and compare are run for it; of results it shows what they hold.
    """
    if not output and not perfetto and not png:
        raise InputError("report: nothing to write; expected -o FILE, --perfetto FILE or --png FILE")
    for target in filter(None, (output, perfetto, png)):
        _check(Path(target))
    names = what or [""]
    if all(name.endswith(".json") for name in names):
        refuse(
            {"--perfetto": bool(perfetto), "--png": bool(png), "--partial": partial},
            f"{names[0]} is a result",
            "a recording",
        )
        _write_page(output, _of_files(names, output))
    elif len(names) > 1:
        raise InputError(f"{names[1]}: expected one recording, one scenario, or results (.json) alone")
    else:
        _report_on(names[0], output, perfetto, png, partial)


def _check(target: Path) -> None:
    """Before work begins that takes a minute."""
    if not target.parent.is_dir():
        raise InputError(f"{target}: has no folder {target.parent}; expected a file in one that is there")
    if target.is_dir():
        raise InputError(f"{target}: is a folder; expected the name of a file")


def _report_on(name: str, output: str, perfetto: str, png: str, partial: bool) -> None:
    """Of a recording, or of a scenario."""
    from zonecma.lab.scenarios import is_scenario

    if is_scenario(name):
        refuse(
            {"--perfetto": bool(perfetto), "--png": bool(png), "--partial": partial},
            f"{name} is a scenario",
            "a recording",
        )
        _write_page(output, _of_scenario(name, output))
        return
    from zonecma.capture.recording import DEMO
    from zonecma.lab.loads import open_load

    recording = open_load(name or DEMO, partial=partial)
    explanation = _explained(recording)
    if output or png:
        results = _of_recording(recording, explanation, name, output)
        if output:
            _write_page(output, results)
        if png:
            _write_figure(png, results)
    if perfetto:
        _write_perfetto(perfetto, recording, explanation)


def _of_files(names: list[str], output: str) -> Any:
    from zonecma.report.page.results import read_results

    return read_results([Path(name) for name in names], _command(names, output))


def _explained(recording: Any) -> Any:
    from zonecma.lab.explain import explain
    from zonecma.report.progress import terminal_progress

    with terminal_progress() as progress:
        return explain(recording, None, progress)


def _of_recording(recording: Any, explanation: Any, name: str, output: str) -> Any:
    """What explain says, a comparison, and a map of memory."""
    from zonecma.lab.compare import compare
    from zonecma.lab.page_map import page_map
    from zonecma.placement import COMPARED
    from zonecma.report.comparison import comparison_json
    from zonecma.report.explanation_json import explanation_json
    from zonecma.report.page.facts import facts_of
    from zonecma.report.page.results import Results
    from zonecma.report.progress import terminal_progress

    with terminal_progress() as progress:
        found = page_map(recording, progress)
        comparison = compare(recording, [policy() for policy in COMPARED], progress)
    names = [name] if name else []
    return Results(
        source=recording.name,
        explanation=explanation_json(explanation),
        comparison=comparison_json(comparison),
        page_map=found,
        facts=facts_of(recording, found),
        commands=(_command(names, output), _line("explain", *names), _line("compare", *names)),
    )


def _of_scenario(name: str, output: str) -> Any:
    from zonecma.lab.scenario_compare import compare_scenario
    from zonecma.lab.scenario_explain import explain_scenario
    from zonecma.lab.scenario_setup import SEEDS, terms_called
    from zonecma.placement import COMPARED
    from zonecma.report.comparison import comparison_json
    from zonecma.report.page.results import Results
    from zonecma.report.progress import terminal_progress
    from zonecma.report.scenario_explanation import scenario_explanation_json

    with terminal_progress() as progress:
        comparison = compare_scenario(name, [policy.name for policy in COMPARED], None, SEEDS, progress)
        causes = explain_scenario(name, terms_called(), SEEDS, progress)
    return Results(
        source=name,
        comparison=comparison_json(comparison),
        causes=scenario_explanation_json(causes),
        facts=(
            ("board", causes.board),
            ("rules", causes.kernel),
            ("area", f"{causes.area_pages * 4 / 1024:g} MiB"),
            ("placement whose failures are explained", causes.placement),
        ),
        commands=(_command([name], output), _line("compare", name), _line("explain", name)),
    )


def _command(names: list[str], output: str) -> str:
    return _line("report", *names, *(["-o", output] if output else []))


def _line(verb: str, *words: str) -> str:
    import shlex

    return shlex.join(["zonecma", verb, *words])


def _write_page(output: str, results: Any) -> None:
    from zonecma.files import write_whole
    from zonecma.report.page.render import page

    write_whole(Path(output), page(results))


def _write_figure(png: str, results: Any) -> None:
    from zonecma.files import write_whole
    from zonecma.report.figure import figure_png

    write_whole(Path(png), figure_png(results))


def _write_perfetto(target: str, recording: Any, explanation: Any) -> None:
    from zonecma.files import write_whole
    from zonecma.lab.page_map import page_map
    from zonecma.lab.spans import PAIRS, spans_of
    from zonecma.report.perfetto import perfetto_trace
    from zonecma.report.progress import terminal_progress

    with terminal_progress() as progress:
        found = page_map(recording, progress, _COUNTS)
        trace = recording.trace(progress)
    spans = [span for what in PAIRS for span in spans_of(trace, what)]
    write_whole(Path(target), perfetto_trace(explanation, found, spans))
