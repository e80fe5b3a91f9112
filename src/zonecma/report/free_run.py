"""How a run on its own looks: a table for people, JSON for programs."""

from __future__ import annotations

import dataclasses
from typing import Any

from zonecma.lab.free_run import FreeRun
from zonecma.lab.verification import Score
from zonecma.report.table import aligned, notes, thousands
from zonecma.report.verification import cells, miss_text, share


def free_run_table(outcome: FreeRun, columns: int | None = None) -> str:
    """How far the model came alone, and where it ended."""
    scores = {
        "allocations": outcome.allocations,
        "contiguous calls": outcome.calls,
        "final lists": outcome.final_lists,
    }
    rows = [["", "checked", "exact", "share"], *([name, *cells(score)] for name, score in scores.items())]
    areas = [["free chunks", "kernel", "model", "off by, frames"]]
    areas += [
        [f"  order {area.order}", *map(thousands, (area.kernel, area.model, area.off))]
        for area in outcome.free_area
    ]
    heading = f"{outcome.recording}: kernel {outcome.kernel}, {thousands(outcome.events)} trace events"
    heading += ", run freely"
    return "\n\n".join([heading, aligned(rows), aligned(areas), notes(_remarks(outcome), columns)])


def first_divergence(outcome: FreeRun) -> str:
    """After how many allocations a frame differed."""
    if outcome.first_miss is None:
        return "none"
    return f"after {thousands(outcome.before_first)}"


def _remarks(outcome: FreeRun) -> list[str]:
    lines = ["every allocation got the kernel's frame"]
    if outcome.first_miss:
        what = f"the first frame differs {first_divergence(outcome)} allocations"
        lines = [f"{what}: {miss_text(outcome.first_miss)}"]
    off = Score(outcome.frames_free, outcome.frames_off)
    lines.append(
        f"the final free lists are off by {thousands(off.exact)} frames, zone by zone, order by order and"
        f" type by type; the kernel's hold {thousands(off.checked)} ({share(off)})"
    )
    lines += [
        f"could not do as the kernel: {thousands(n)} ({reason})" for reason, n in outcome.undone.items()
    ]
    if outcome.lost:
        lines.append(f"the recording lost {thousands(outcome.lost)} events")
    if outcome.damage:
        lines.append(f"read in part: {outcome.damage}")
    return lines


def free_run_json(outcome: FreeRun) -> dict[str, Any]:
    """The outcome as JSON's types."""
    off = {"frames_off": outcome.frames_off, "frames_free": outcome.frames_free}
    return {**dataclasses.asdict(outcome), **off}
