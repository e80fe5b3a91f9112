"""A run's contiguous calls as their callers see them: asked for once, repeated until got or given up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from zonecma.kernel.units import NO_PFN
from zonecma.lab.scenario_run import ScenarioRun


@dataclass(frozen=True)
class Wish:
    """A caller's wish for a buffer; times are ns."""

    pages: int
    got: bool
    tries: int
    first_took: int
    """what the first try took"""
    first_failed: bool
    fails_for: int
    """from the end of the first failure to the end of the try that succeeded, or of the last one"""


def series_of(run: ScenarioRun) -> list[NDArray[Any]]:
    """CALL[tries] of each buffer that was asked for, in the order in which they were."""
    rows: dict[int, list[int]] = {}
    for row, first in enumerate(run.calls["first"].tolist()):
        rows.setdefault(first, []).append(row)
    return [run.calls[tries] for tries in rows.values()]


def wishes_of(run: ScenarioRun) -> list[Wish]:
    """Each wish, in the order in which they were made."""
    return [_wish(tries) for tries in series_of(run)]


def _wish(tries: NDArray[Any]) -> Wish:
    first, last = tries[0], tries[-1]
    ends = [int(call["time"] + call["took"]) for call in (first, last)]
    return Wish(
        pages=int(first["pages"]),
        got=bool(last["start"] != NO_PFN),
        tries=len(tries),
        first_took=int(first["took"]),
        first_failed=bool(first["start"] == NO_PFN),
        fails_for=ends[1] - ends[0],
    )
