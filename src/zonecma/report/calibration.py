"""How a calibration looks: a table, JSON, and the file of costs that other verbs read."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

from zonecma.lab.calibrate import Calibration, Estimate, Figure
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
    return "\n\n".join(parts)


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


def _table(step: str, ns: float, source: str) -> str:
    """A table of TOML; its strings are JSON's where all letters can be printed."""
    return f"[{step}]\nns = {ns}\nsource = {json.dumps(source, ensure_ascii=False)}\n"
