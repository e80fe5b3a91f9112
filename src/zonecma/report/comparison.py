"""How compare's outcome looks: a table in the manner of mmtests, JSON for programs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any

from zonecma.lab.compare import Call, Comparison, PlacementResult
from zonecma.report.overview import one_a_line
from zonecma.report.sparkline import sparkline
from zonecma.report.table import aligned, counted, duration, notes, width
from zonecma.report.words import count, wrapped

_CELL = 18
_LABEL = 21
_PAGE_MIB = 4 / 1024
_MOST_COLUMNS = 6
"""More placements than these are shown one a line."""
_KINDS = (("anonymous", "anonymous"), ("file", "file"), ("block device", "blockdev"), ("other", "other"))


def comparison_table(outcome: Comparison, columns: int | None = None) -> str:
    """The baseline first, then the others with their difference from it in brackets.

    Placements that do not fit beside each other follow below, again beside the baseline; many
    have a line each.
    """
    columns = columns or width()
    area = f"{outcome.area_pages * _PAGE_MIB:g} MiB of CMA" if outcome.area_pages else "no CMA area"
    runs = f", {count(outcome.runs, 'run')} each" if outcome.runs > 1 else ""
    heading = (
        f"{outcome.recording}: kernel {outcome.kernel}, {area}, {duration(outcome.seconds)} of load{runs}"
    )
    many = len(outcome.placements) > _MOST_COLUMNS
    tables = [one_a_line(outcome, columns)] if many else _tables(outcome, columns)
    remarks = [*_legend(outcome), *outcome.assumptions]
    remarks += [f"{p.name} leaves out: {p.leaves_out}" for p in outcome.placements if p.leaves_out]
    remarks += [f"read in part: {outcome.damage}"] if outcome.damage else []
    return "\n\n".join([wrapped(heading, columns), *tables, notes(remarks, columns)])


def _legend(outcome: Comparison) -> list[str]:
    lines = []
    if outcome.runs > 1:
        lines.append("figures are means of the runs: free outside, min MiB, is that of each run's least")
    if 1 < len(outcome.placements) <= _MOST_COLUMNS:
        lines.append(f"in brackets: the difference from {outcome.placements[0].name}")
    if _highest(outcome):
        lines.append(f"a full bar is {100 * _highest(outcome):.1f} % of the area")
    if not outcome.area_pages:
        lines.append("this machine has no CMA area: its placements can't differ")
    return lines


def _tables(outcome: Comparison, columns: int) -> list[str]:
    baseline, *others = outcome.placements
    beside = max(1, (columns - _LABEL) // (_CELL + 1) - 1)
    groups = [others[i : i + beside] for i in range(0, len(others), beside)] or [[]]
    return [_table(outcome, baseline, group) for group in groups]


def _highest(outcome: Comparison) -> float:
    return max((max(p.area_use_over_time) for p in outcome.placements), default=0.0)


def _two_places(value: float) -> str:
    return f"{value:.2f}"


def _table(outcome: Comparison, baseline: PlacementResult, others: Sequence[PlacementResult]) -> str:
    results = [baseline, *others]
    highest = _highest(outcome)
    open_loop = outcome.open_loop
    bars = [sparkline(p.area_use_over_time, highest, _CELL) for p in results]
    rows = [
        *(["", *names] for names in _stacked([p.name for p in results])),
        _row("area in use, mean %", [100 * p.area_use_mean for p in results], _one_place),
        *(
            _row(f"  {label}, MiB", [p.use_by[kind] * _PAGE_MIB for p in results], _one_place)
            for label, kind in _KINDS
        ),
        *([["  over time", *bars]] if highest else []),
        _row("free outside, min MiB", [p.min_free_outside * _PAGE_MIB for p in results], _one_place),
        _row("found nothing", [p.failed_requests for p in results], counted),
        ["contiguous calls", *(f"{counted(p.calls_ok)} of {counted(p.nr_calls)}" for p in results)],
        _row("frames moved", [p.frames_migrated for p in results], counted),
        *([] if open_loop else _reclaim_rows(results)),
    ]
    return aligned(rows, gap=1)


def _reclaim_rows(results: Sequence[PlacementResult]) -> list[list[str]]:
    """What the machine did to find memory, and how long all took."""
    done = [p.reclaim for p in results]
    return [
        _row("  clean ones dropped", [r.pages_dropped for r in done], counted),
        _row("kswapd wakes", [r.kswapd_wakes for r in done], counted),
        _row("direct reclaims", [r.direct_reclaim for r in done], counted),
        _row("pages reclaimed", [r.pages_reclaimed for r in done], counted),
        _row("swapped out", [r.swapped_out for r in done], counted),
        _row("swapped in", [r.swapped_in for r in done], counted),
        _row("refaults", [r.refaults for r in done], counted),
        _row("OOM kills", [r.oom_kills for r in done], counted),
        _row("stalled, s", [r.stall_seconds for r in done], _two_places),
        _row("waited for disks, s", [r.waited_seconds for r in done], _two_places),
        _row("elapsed, s", [r.elapsed_seconds for r in done], _two_places),
        _row("in reclaim, %", [100 * r.share_in_reclaim for r in done], _one_place),
    ]


def _stacked(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Names as lines of a heading: one too long for its column has a line for each parameter."""
    parts = [name.split(",") if len(name) > _CELL else [name] for name in names]
    return list(zip_longest(*parts, fillvalue=""))


def _row(label: str, values: Sequence[float], show: Callable[[float], str]) -> list[str]:
    """A figure of each placement, with the others' difference from the first."""
    first, *others = values
    return [label, show(first), *(f"{show(value)} ({_signed(show, value - first)})" for value in others)]


def _one_place(value: float) -> str:
    return f"{value:.1f}"


def _signed(show: Callable[[float], str], difference: float) -> str:
    text = show(abs(difference))
    if text == show(0):
        return "="
    return f"{'+' if difference > 0 else '-'}{text}"


def comparison_json(outcome: Comparison) -> dict[str, Any]:
    """The outcome as JSON's types."""
    return {
        "recording": outcome.recording,
        "kernel": outcome.kernel,
        "open_loop": outcome.open_loop,
        "runs": outcome.runs,
        "area_pages": outcome.area_pages,
        "seconds": outcome.seconds,
        "assumptions": list(outcome.assumptions),
        "damage": outcome.damage,
        "placements": [_placement_json(p) for p in outcome.placements],
    }


def _call_json(call: Call) -> dict[str, Any]:
    return {
        "seconds": call.seconds,
        "pages": call.pages,
        "ok": call.ok,
        "moved": call.moved,
        "ms": 1000 * call.seconds_taken,
    }


def _placement_json(result: PlacementResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "area_use_mean": result.area_use_mean,
        "area_use_over_time": list(result.area_use_over_time),
        "calls": result.nr_calls,
        "calls_ok": result.calls_ok,
        "each_call": [_call_json(call) for call in result.calls],
        "frames_migrated": result.frames_migrated,
        "min_free_outside": result.min_free_outside,
        "failed_requests": result.failed_requests,
        "use_by": result.use_by,
        "leaves_out": result.leaves_out,
        "reclaim": {
            **dataclasses.asdict(result.reclaim),
            "share_in_reclaim": result.reclaim.share_in_reclaim,
        },
    }
