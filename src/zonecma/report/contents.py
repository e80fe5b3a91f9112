"""How show's outcome looks."""

from __future__ import annotations

import dataclasses
from typing import Any

from zonecma.lab.contents import Contents
from zonecma.report.table import aligned, duration, notes, thousands


def contents_table(outcome: Contents) -> str:
    """What the recording holds, a paragraph each."""
    parts = [outcome.name + (f": kernel {outcome.kernel}" if outcome.kernel else "")]
    if outcome.zones:
        parts.append(_zones(outcome))
    if outcome.areas:
        parts.append(
            "\n".join(f"CMA area {name}: {thousands(pages)} pages" for name, pages in outcome.areas.items())
        )
    if outcome.events:
        parts.append(_events(outcome))
    if outcome.collected:
        parts.append(
            aligned([["collected", ""], *([f"  {key}", value] for key, value in outcome.collected.items())])
        )
    if outcome.files:
        parts.append(notes([f"{thousands(len(outcome.files))} files: {', '.join(outcome.files)}"]))
    if outcome.damage:
        parts.append(notes([f"read in part: {outcome.damage}"]))
    return "\n\n".join(parts)


def _zones(outcome: Contents) -> str:
    rows = [["zone, in pages", "present", "managed", "free", "CMA", "min", "low", "high"]]
    for zone in outcome.zones:
        numbers = [zone.present, zone.managed, zone.free, zone.cma, *zone.watermark]
        rows.append([zone.name, *map(thousands, numbers)])
    return aligned(rows)


def _events(outcome: Contents) -> str:
    rows = [["events", thousands(sum(outcome.events.values()))]]
    rows += [[f"  {name}", thousands(count)] for name, count in outcome.events.items()]
    lost = f"{thousands(outcome.lost)} events lost" if outcome.lost else "no event lost"
    times = f"{duration(outcome.seconds)} in all, {duration(outcome.load_seconds)} of load, {lost}"
    return f"{aligned(rows)}\n\n{times}"


def contents_json(outcome: Contents) -> dict[str, Any]:
    """The outcome as JSON's types."""
    return dataclasses.asdict(outcome)
