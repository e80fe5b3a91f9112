"""How a calibration looks: a table, JSON, and the files of costs and durations."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

from zonecma.lab.calibrate import Calibration, Estimate, Figure
from zonecma.lab.calibrate_durations import FEWEST, BondEstimate
from zonecma.report.table import aligned, notes, thousands, width
from zonecma.report.words import count, printable, wrapped

_ADDRESS = re.compile(r"(, as quoted at|[:,])?\s+https?://.*")
_HEADS = ["step", "samples", "takes", "quartiles", "error", "held out", "but 10 %"]
_NOTES = (
    "takes: the median, in which tracing is; of faults what the fastest twentieth took, since programs"
    " compute between them",
    "error: of the time that the cost predicts for all samples; held out: a cost from every other sample,"
    " for those between; but 10 %: without the slowest tenth of them, where somebody computed, waited or"
    " was interrupted",
)
_BOND_HEADS = ["bond", "samples", "median", "99 %", "default", "99 %"]
_BOND_NOTES = {
    "write": "what is left of a page's write when a task begins to wait for it, up to the task's next"
    " event, or jbd2's, which fsync wakes: no bound, since the write began before",
    "commit": "from one commit of a journal to the next that can be told from it, whoever asked for"
    " it: an upper bound, since some leave no event",
}
"""What the samples of a bond are."""


def calibration_table(calibration: Calibration, columns: int | None = None) -> str:
    """What was measured, and what was not."""
    columns = columns or width()
    heading = wrapped(f"{printable(calibration.recording)}: what steps took", columns)
    table = aligned([_HEADS, *map(_row, calibration.estimates)])
    damage = [f"read in part: {calibration.damage}"] if calibration.damage else []
    parts = [heading, table, notes([*_NOTES, *damage], columns)]
    if calibration.known:
        parts.append(_list("not measured, but known:", calibration.known, columns))
    if calibration.kept:
        parts.append(_list("not told by this recording, and left as they were:", calibration.kept, columns))
    return "\n\n".join([*parts, *_durations(calibration.durations, columns)])


def _row(estimate: Estimate) -> list[str]:
    low, high = map(_time, estimate.quartiles)
    errors = (estimate.error, estimate.held_out, estimate.but_slowest)
    return [
        estimate.step,
        thousands(estimate.samples),
        _time(estimate.ns),
        f"{low}-{high}",
        *(f"{100 * error:+,.0f} %" for error in errors),
    ]


def _durations(durations: tuple[BondEstimate, ...], columns: int) -> list[str]:
    """How long pages were bound."""
    if not durations:
        return []
    heading = wrapped(f"how long pages were bound; of fewer than {FEWEST} samples nothing is told", columns)
    rows = [_BOND_HEADS, *map(_bond_row, durations)]
    said = [f"{one.bond}: {_BOND_NOTES[one.bond]}" for one in durations if one.told]
    return [heading, aligned(rows), *([notes(said, columns)] if said else [])]


def _bond_row(one: BondEstimate) -> list[str]:
    found = [_time(one.median_ns), _time(one.p99_ns)] if one.told else ["-", "-"]
    return [
        one.bond,
        thousands(one.samples),
        *found,
        _time(one.default_median_ns),
        _time(one.default_p99_ns),
    ]


def _time(ns: float) -> str:
    """Nanoseconds, in what reads best."""
    for unit in ("ns", "us", "ms"):
        if ns < 1000:
            return f"{ns:.0f} {unit}" if unit == "ns" or ns >= 100 else f"{ns:.1f} {unit}"
        ns /= 1000
    return f"{ns:,.1f} s"


def _list(heading: str, figures: tuple[Figure, ...], columns: int) -> str:
    return "\n".join([wrapped(heading, columns), *(wrapped(_line(one), columns, 2) for one in figures)])


def _line(figure: Figure) -> str:
    """A step, its cost and where that is from, without addresses."""
    few = f" ({count(figure.samples, 'sample')}: too few)" if figure.samples else ""
    return f"{figure.step} {_time(figure.ns)}{few}: {_ADDRESS.sub('', figure.source).rstrip('.')}"


def calibration_json(calibration: Calibration) -> dict[str, Any]:
    """The outcome as JSON's types."""
    return dataclasses.asdict(calibration)


def calibration_toml(calibration: Calibration) -> str:
    """A file of costs that names what was measured and what is known."""
    by = f"zonecma calibrate {printable(calibration.recording)}"
    measured = (
        _table(one.step, one.ns, f"measured: {by}, {count(one.samples, 'sample')}")
        for one in calibration.estimates
    )
    known = (_table(one.step, one.ns, f"{by}: {one.source}") for one in calibration.known)
    head = f"# What {by} found; other steps cost what they cost without this file.\n"
    return "\n".join([head, *measured, *known])


def durations_toml(calibration: Calibration) -> str:
    """A file of durations that names what was measured."""
    by = f"zonecma calibrate {printable(calibration.recording)}"
    told = (_duration(one, by) for one in calibration.durations if one.told)
    return "\n".join([f"# What {by} found; other bonds last what they last without this file.\n", *told])


def _duration(one: BondEstimate, by: str) -> str:
    source = f"measured: {by}, {count(one.samples, 'sample')}; {_BOND_NOTES[one.bond]}"
    figures = f"median_ms = {one.median_ns / 1e6}\np99_ms = {one.p99_ns / 1e6}"
    return f"[{one.bond}]\n{figures}\nsource = {json.dumps(source, ensure_ascii=False)}\n"


def _table(step: str, ns: float, source: str) -> str:
    """A table of TOML; its strings are JSON's where all letters can be printed."""
    return f"[{step}]\nns = {ns}\nsource = {json.dumps(source, ensure_ascii=False)}\n"
