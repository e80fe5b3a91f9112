"""How the causes of misses look: a table for people, JSON for programs."""

from __future__ import annotations

import dataclasses
from typing import Any

from zonecma.lab.misses import Misses
from zonecma.lab.verification import Score
from zonecma.report.table import aligned, notes, thousands
from zonecma.report.verification import miss_text, share


def misses_table(outcome: Misses, columns: int | None = None) -> str:
    """Causes, that of the most requests first, and the first miss of each."""
    exact = share(Score(outcome.checked, outcome.checked - outcome.missed))
    heading = (
        f"{outcome.recording}: kernel {outcome.kernel}, {thousands(outcome.missed)} of"
        f" {thousands(outcome.checked)} choices missed ({exact} exact)"
    )
    if not outcome.causes:
        return heading
    rows = [["cause", "requests", "choices missed"]]
    rows += [[c.cause, thousands(c.requests), thousands(c.misses)] for c in outcome.causes]
    firsts = [f"first: {c.cause}: {miss_text(c.first, counted=c.counted)}" for c in outcome.causes]
    return "\n\n".join([heading, aligned(rows), notes(firsts, columns)])


def misses_json(outcome: Misses) -> dict[str, Any]:
    """The outcome as JSON's types."""
    return dataclasses.asdict(outcome)
