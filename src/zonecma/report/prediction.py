"""How a prediction looks: a table beside what a kernel did, JSON for programs."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

from zonecma.lab.outcome import Outcome, Prediction
from zonecma.report.table import aligned, notes, thousands, width
from zonecma.report.words import count, wrapped

_PAGE_MIB = 4 / 1024


class _Figure(NamedTuple):
    """A row of the table."""

    label: str
    name: str
    """Outcome's field"""
    factor: float = 1
    """from its unit to the table's"""
    places: int = 0

    def of(self, outcome: Outcome) -> float | None:
        value: float | None = getattr(outcome, self.name)
        return value

    def show(self, value: float | None) -> str:
        return "-" if value is None else f"{value * self.factor:,.{self.places}f}"

    def signed(self, difference: float) -> str:
        """A difference, ``=`` where none is to be seen."""
        text = self.show(abs(difference))
        if text == self.show(0):
            return "="
        return f"{'+' if difference > 0 else '-'}{text}"


_FIGURES = (
    _Figure("area in use, mean %", "area_use_mean", 100, 1),
    _Figure("contiguous calls", "calls"),
    _Figure("  got their frames", "calls_ok"),
    _Figure("frames moved", "frames_migrated"),
    _Figure("free outside, min MiB", "min_free_outside", _PAGE_MIB, 1),
    _Figure("pages reclaimed", "pages_reclaimed"),
    _Figure("rounds of kswapd", "kswapd_wakes"),
    _Figure("direct reclaims", "direct_reclaim"),
    _Figure("  stalled, s", "stall_seconds", 1, 2),
    _Figure("pages swapped in", "swapped_in"),
    _Figure("pages swapped out", "swapped_out"),
    _Figure("pages refaulted", "refaults"),
    _Figure("OOM kills", "oom_kills"),
)


def prediction_table(prediction: Prediction, columns: int | None = None) -> str:
    """What is expected, how sure that is, and what a kernel did where one was recorded."""
    columns = columns or width()
    rows = [_heads(prediction), *(_cells(prediction, figure) for figure in _shown(prediction))]
    remarks = notes([*_remarks(prediction), *prediction.notes], columns)
    return "\n\n".join(filter(None, [wrapped(_heading(prediction), columns), aligned(rows), remarks]))


def _heading(prediction: Prediction) -> str:
    area = f"{prediction.area_pages * _PAGE_MIB:g} MiB of CMA" if prediction.area_pages else "no CMA area"
    return (
        f"{prediction.recording} under {prediction.placement}: rules of {prediction.kernel}, {area},"
        f" {count(prediction.seeds, 'run')}"
    )


def _shown(prediction: Prediction) -> list[_Figure]:
    """The figures that somebody told."""
    outcomes = [outcome for outcome in (prediction.predicted, prediction.recorded) if outcome]
    return [figure for figure in _FIGURES if any(figure.of(outcome) is not None for outcome in outcomes)]


def _heads(prediction: Prediction) -> list[str]:
    heads = ["", "predicted"]
    heads += ["95 % of runs"] if prediction.spread else []
    return heads + (["recorded", "difference"] if prediction.recorded else [])


def _cells(prediction: Prediction, figure: _Figure) -> list[str]:
    expected = figure.of(prediction.predicted)
    cells = [figure.label, figure.show(expected)]
    if prediction.spread:
        cells.append(_span(figure, prediction.spread.get(figure.name)))
    if prediction.recorded:
        found = figure.of(prediction.recorded)
        cells += [figure.show(found), _difference(figure, expected, found)]
    return cells


def _span(figure: _Figure, ends: tuple[float, float] | None) -> str:
    """Where the runs lie; one figure where both ends look the same."""
    return " to ".join(dict.fromkeys(map(figure.show, ends))) if ends else "-"


def _difference(figure: _Figure, expected: float | None, found: float | None) -> str:
    return "-" if expected is None or found is None else figure.signed(expected - found)


def _remarks(prediction: Prediction) -> list[str]:
    lines = []
    if prediction.recorded:
        lines.append(f"recorded: {prediction.against}; the difference is the prediction's from it")
    if prediction.recorded and prediction.spread:
        lines.append(_hits(prediction, prediction.recorded))
    if scale := prediction.open_loop:
        lines.append(
            f"for scale, a replay without reclaim: {100 * scale.area_use_mean:.1f} % of the area in use,"
            f" {scale.calls_ok} of {scale.calls} calls got their frames,"
            f" {thousands(scale.frames_migrated)} frames moved"
        )
    return lines


def _hits(prediction: Prediction, recorded: Outcome) -> str:
    """How many figures are where the runs say."""
    found = {name: getattr(recorded, name) for name in prediction.spread}
    within = [
        low <= found[name] <= high
        for name, (low, high) in prediction.spread.items()
        if found[name] is not None
    ]
    return f"{sum(within)} of {count(len(within), 'recorded figure')} lie where 95 % of the runs do"


def prediction_json(prediction: Prediction) -> dict[str, Any]:
    """The prediction as JSON's types; ``recorded`` where there is one to hold it against."""
    recorded = prediction.recorded
    return {
        "recording": prediction.recording,
        "placement": prediction.placement,
        "seeds": prediction.seeds,
        "predicted": dataclasses.asdict(prediction.predicted),
        **({"recorded": dataclasses.asdict(recorded)} if recorded else {}),
        "interval": {name: [low, high] for name, (low, high) in prediction.spread.items()},
        "notes": list(prediction.notes),
    }
