"""Outcomes as data frames: a row for each thing, a column for each figure."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from zonecma.lab.compare import Comparison, PlacementResult
from zonecma.lab.explanation import Call, Explanation
from zonecma.lab.outcome import Outcome, Prediction

if TYPE_CHECKING:
    import polars

_MS = 1e6


def comparison_frame(outcome: Comparison) -> polars.DataFrame:
    """A row a placement; sizes in frames, shares 0 to 1, times in seconds."""
    return _frame([_placement_row(one) for one in outcome.placements])


def _placement_row(one: PlacementResult) -> dict[str, Any]:
    return {
        "placement": one.name,
        "area_use_mean": one.area_use_mean,
        **{f"used_by_{kind}": float(frames) for kind, frames in one.use_by.items()},
        "min_free_outside": float(one.min_free_outside),
        "failed_requests": float(one.failed_requests),
        "calls": float(one.nr_calls),
        "calls_ok": float(one.calls_ok),
        "frames_migrated": float(one.frames_migrated),
        **{name: float(value) for name, value in dataclasses.asdict(one.reclaim).items()},
    }


def contiguous_calls_frame(outcome: Comparison) -> polars.DataFrame:
    """A row a contiguous call under each placement."""
    rows = [
        {"placement": one.name, **dataclasses.asdict(call)}
        for one in outcome.placements
        for call in one.calls
    ]
    return _frame(rows)


def prediction_frame(outcome: Prediction) -> polars.DataFrame:
    """A row a figure: predicted, where 95 % of the runs lie, and recorded where there is a recording."""
    return _frame([_figure_row(outcome, field.name) for field in dataclasses.fields(Outcome)])


def _figure_row(outcome: Prediction, name: str) -> dict[str, Any]:
    low, high = outcome.spread.get(name, (None, None))
    recorded = getattr(outcome.recorded, name, None)
    return {
        "figure": name,
        "predicted": _float(getattr(outcome.predicted, name)),
        "low": low,
        "high": high,
        "recorded": _float(recorded),
    }


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)


def explanation_frame(outcome: Explanation) -> polars.DataFrame:
    """A row a contiguous call of a recording, with what blocked its ranges; times in milliseconds."""
    return _frame([_call_row(call) for call in outcome.calls])


def _call_row(call: Call) -> dict[str, Any]:
    failed = [attempt for attempt in call.attempts if attempt.failed]
    blockers = [attempt.blocker for attempt in failed if attempt.blocker]
    return {
        "call": call.number,
        "time_ms": call.time / _MS,
        "task": call.task,
        "area": call.area,
        "frames": call.size,
        "outcome": call.outcome,
        "latency_ms": None if call.latency is None else call.latency / _MS,
        "ranges": len(call.attempts),
        "ranges_in_vain": len(failed),
        "blockers": sorted({blocker.kind.value for blocker in blockers}),
    }


def _frame(rows: list[dict[str, Any]]) -> polars.DataFrame:
    import polars

    return polars.DataFrame(rows, infer_schema_length=None)
