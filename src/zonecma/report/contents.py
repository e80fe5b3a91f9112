"""How show's outcome looks."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Mapping
from typing import Any

from zonecma.lab.contents import Contents
from zonecma.report.table import aligned, duration, notes, thousands, width


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
        parts.append(_collected(outcome.collected))
    if outcome.files:
        parts.append(notes([f"{thousands(len(outcome.files))} files: {', '.join(outcome.files)}"]))
    if outcome.damage:
        parts.append(notes([f"read in part: {outcome.damage}"]))
    return "\n\n".join(parts)


def _collected(facts: Mapping[str, str]) -> str:
    """What the collector says of itself; lists of events are as long as they are."""
    label = max(map(len, facts)) + 4
    said = [
        textwrap.fill(
            f"  {key:<{label - 2}}{value.replace(',', ', ')}",
            width(),
            subsequent_indent=" " * label,
            break_on_hyphens=False,
        )
        for key, value in facts.items()
    ]
    return "\n".join(["collected", *said])


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
