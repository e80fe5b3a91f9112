"""How verify's outcome looks: a table for people, JSON for programs."""

from __future__ import annotations

from typing import Any

from zonecma.lab.verification import Miss, Score, Verification
from zonecma.report.table import aligned, duration, notes, thousands

_ROWS = (
    ("allocations", "allocations"),
    ("refilled chunks", "refills"),
    ("refill sizes", "refill_sizes"),
    ("drain decisions", "drain_decisions"),
    ("drained chunks", "drains"),
    ("  after frees", "drains_after_free"),
    ("  in contiguous calls", "drains_in_calls"),
    ("  external: the timer", "drains_by_timer"),
    ("  external: other paths", "drains_by_others"),
    ("contiguous calls", "calls"),
    ("  told of no failure", "calls_untold"),
    ("  ranges tried", "ranges"),
    ("final lists", "final_lists"),
)
_COUNTED = ("refill_sizes", "drain_decisions")
"""Scores whose choices are numbers of chunks, not frames."""


def verification_table(outcome: Verification, columns: int | None = None) -> str:
    """The table, what was skipped, and the first miss of each kind."""
    rows = [["", "checked", "exact", "share"]]
    rows += [[label, *cells(getattr(outcome, name))] for label, name in _ROWS]
    heading = f"{outcome.recording}: kernel {outcome.kernel}, {thousands(outcome.events)} trace events"
    return "\n\n".join([heading, aligned(rows), notes(_remarks(outcome), columns)])


def share(score: Score) -> str:
    """The exact ones in percent, rounded down: 100.000 % means all."""
    return f"{score.exact * 100_000 // score.checked / 1000:.3f} %" if score.checked else "-"


def cells(score: Score) -> list[str]:
    """A score as three cells of a table: checked, exact, share."""
    return [thousands(score.checked), thousands(score.exact), share(score)]


def _remarks(outcome: Verification) -> list[str]:
    lines = []
    if outcome.seconds:
        rate = outcome.events / outcome.seconds / 1e6
        lines.append(f"replayed in {duration(outcome.seconds)}, {rate:.1f} million events a second")
    lines.append(f"misses after which the state was put right from the trace: {thousands(outcome.repairs)}")
    lines += [f"skipped {thousands(count)} ({reason})" for reason, count in outcome.skipped.items()]
    if outcome.lost:
        lines.append(
            f"the recording lost {thousands(outcome.lost)} events: choices after a gap can't all be right"
        )
    if outcome.damage:
        lines.append(f"read in part: {outcome.damage}")
    for label, name in _ROWS:
        if name in outcome.first_misses:
            miss = miss_text(outcome.first_misses[name], counted=name in _COUNTED)
            lines.append(f"first miss, {label.strip()}: {miss}")
    return lines


def miss_text(miss: Miss, *, counted: bool = False) -> str:
    """Both choices, ``counted`` if they are numbers of chunks, and where in the trace."""

    def say(choice: int) -> str:
        if counted:
            return f"{choice} chunks"
        return "nothing" if choice < 0 else f"frame {choice:#x}"

    return f"trace line {miss.line}, the kernel {say(miss.recorded)}, the model {say(miss.predicted)}"


def verification_json(outcome: Verification) -> dict[str, Any]:
    """The outcome as JSON's types."""

    def score(value: Score) -> dict[str, int]:
        return {"checked": value.checked, "exact": value.exact}

    names = [name for _, name in _ROWS if not name.startswith("drains_by") and name != "final_lists"]
    external = {"timer": score(outcome.drains_by_timer), "other paths": score(outcome.drains_by_others)}
    return {
        "recording": outcome.recording,
        "kernel": outcome.kernel,
        "events": outcome.events,
        **{name: score(getattr(outcome, name)) for name in names},
        "drains_external": {**score(outcome.drains_external), "by_cause": external},
        "skipped": outcome.skipped,
        "final_lists": {"checked": outcome.final_lists.checked, "equal": outcome.final_lists.exact},
        "repairs": outcome.repairs,
        "lost": outcome.lost,
        "damage": outcome.damage,
        "seconds": outcome.seconds,
    }
