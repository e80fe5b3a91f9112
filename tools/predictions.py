"""What whatif predicts for each recorded pair, both ways: ``make predictions`` writes docs/predictions.md."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from zonecma.capture.recording import Recording
from zonecma.lab.outcome import Outcome, Prediction
from zonecma.lab.prediction import Question, predict
from zonecma.placement import HalfFree, Placement, ZoneCma
from zonecma.report.table import thousands

REPOSITORY = Path(__file__).resolve().parent.parent
CAPTURES = REPOSITORY / "captures"
PAGE = REPOSITORY / "docs" / "predictions.md"

USE_BAR = 0.05
"""Points of mean use that a prediction may be off."""
MOVED_BAR = 0.2, 200
"""Share, and number, of frames moved that it may be off, whichever is more."""

_HEAD = """\
# Predicted and recorded, pair by pair

`make predictions` writes this page: `zonecma whatif RECORDING --placement NAME --against OTHER` for every
recorded pair of one load and seed, both ways, 20 seeds each.  [closed-loop.md](closed-loop.md) says what the
loop models and what it leaves out.  *Within* means: mean use within 5 points of the recorded one, frames
moved within 20 % or 200, whichever is more, and the recorded number of successful calls within the
interval of the seeds.

"""


class Pair(NamedTuple):
    """One load and seed, recorded under two placements."""

    cma: Path
    zone: Path


def pairs(folder: Path = CAPTURES) -> list[Pair]:
    """All pairs below a folder: ``cma*`` and ``zonecma*`` of the same size, load and kernel."""
    zones = sorted([*folder.glob("zonecma*-6.12"), *folder.glob("pairs/*-zonecma*-6.12")])
    found = [Pair(zone.with_name(_partner(zone.name)), zone) for zone in zones]
    return [pair for pair in found if pair.cma.is_dir()]


def _partner(name: str) -> str:
    """``zonecma-mix-6.12`` belongs to ``cma256-mix-6.12``; all others differ by ``zone`` alone."""
    return (
        name.replace("zonecma-", "cma256-") if name.startswith("zonecma-") else name.replace("zonecma", "cma")
    )


def measure(pair: Pair) -> list[Prediction]:
    """The pair's predictions: the zone from the area, and the area from the zone."""
    ways: list[tuple[Path, Placement, Path]] = [
        (pair.cma, ZoneCma(), pair.zone),
        (pair.zone, HalfFree(), pair.cma),
    ]
    return [predict(Recording(one), Question(placement), Recording(other)) for one, placement, other in ways]


def use_holds(one: Prediction) -> bool:
    """Whether the mean use is within the bar."""
    assert one.recorded
    return abs(one.predicted.area_use_mean - one.recorded.area_use_mean) <= USE_BAR


def moved_holds(one: Prediction) -> bool:
    """Whether the frames moved are within the bar."""
    assert one.recorded
    share, number = MOVED_BAR
    off = abs(one.predicted.frames_migrated - one.recorded.frames_migrated)
    return off <= max(share * one.recorded.frames_migrated, number)


def calls_hold(one: Prediction) -> bool:
    """Whether the recorded number of successes lies within the seeds' interval."""
    assert one.recorded
    low, high = one.spread["calls_ok"]
    return low <= one.recorded.calls_ok <= high


def page(predictions: Sequence[Prediction]) -> str:
    """The whole document."""
    heads = "from", "predicted for", "mean use %", "frames moved", "open loop", "calls", "within"
    rows = [" | ".join(heads), "|".join(["---"] * len(heads)), *map(_row, predictions)]
    counts = [sum(map(test, predictions)) for test in (use_holds, moved_holds, calls_hold)]
    total = len(predictions)
    said = (
        f"\nMean use is within its bar in {counts[0]} of {total}, frames moved in {counts[1]}, calls in"
        f" {counts[2]}.\nIn each cell the prediction stands first, after the slash what the kernel did.\n"
    )
    return _HEAD + "\n".join(f"| {row} |" for row in rows) + "\n" + said


def _row(one: Prediction) -> str:
    recorded, said, open_loop = one.recorded, one.predicted, one.open_loop
    assert recorded and open_loop
    held = [name for name, test in _BARS if test(one)]
    cells = [
        f"`{one.recording}`",
        f"`{one.against}`",
        f"{100 * said.area_use_mean:.1f} / {100 * recorded.area_use_mean:.1f}",
        f"{_moved(said)} / {_moved(recorded)}",
        f"{100 * open_loop.area_use_mean:.1f} %, {_moved(open_loop)}",
        f"{said.calls_ok} / {recorded.calls_ok} of {recorded.calls}",
        ", ".join(held) or "none",
    ]
    return " | ".join(cells)


_BARS = ("use", use_holds), ("moved", moved_holds), ("calls", calls_hold)


def _moved(outcome: Outcome) -> str:
    return thousands(outcome.frames_migrated)


def main() -> None:
    """Write the page; other folders of recordings can be named, and are printed instead."""
    folders = [Path(name) for name in sys.argv[1:]]
    found = [pair for folder in folders or [CAPTURES] for pair in pairs(folder)]
    measured = []
    for pair in found:
        print(f"{pair.cma.name} and {pair.zone.name}", file=sys.stderr)
        measured += measure(pair)
    if folders:
        print(page(measured))
    else:
        PAGE.write_text(page(measured))


if __name__ == "__main__":
    main()
