"""What it costs to start from counts: ``make bundles`` measures it, and writes the table of docs/bundles.md.

Each recording is stripped of its snapshots, as a collector would have made it: its trace begins where the
/proc files were read.  What whatif then says is held against what it says from the exact snapshot.
"""

from __future__ import annotations

import dataclasses
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zonecma.capture.blocks import pieces
from zonecma.capture.recording import Recording
from zonecma.lab.compare import load_window, run_placement
from zonecma.lab.from_counts import drawn_again
from zonecma.lab.outcome import Outcome, Prediction
from zonecma.lab.prediction import Question, outcome_of, predict, spread_of
from zonecma.lab.replay import Replay, replay_of
from zonecma.lab.script import script_of
from zonecma.lab.terms import terms_of
from zonecma.machine.costs import read_costs
from zonecma.machine.counts.evidence import UNSEEN
from zonecma.machine.counts.start import Known
from zonecma.placement import HalfFree, Placement, ZoneCma
from zonecma.report.table import thousands

REPOSITORY = Path(__file__).resolve().parent.parent
CAPTURES = REPOSITORY / "captures"
PAGE = REPOSITORY / "docs" / "bundles.md"
SEEDS = 10
BEGIN, END = "<!-- measured -->\n", "<!-- end -->\n"
"""What the tool writes stands between these lines of the page."""

_NEAR = 1.0
"""Points of mean use that are little beside those between two boots of one load (workload/shift.py)."""
_MARK = b"GT_before_done"
"""What the recorder writes to the trace once it has read the /proc files."""


class Measured(NamedTuple):
    """One recording under another placement than its own."""

    known: Known
    exact: Prediction
    """from the snapshot; each seed another boot"""
    counted: Prediction
    """from counts; each seed another boot and another drawing"""
    drawings: Sequence[Outcome]
    """from counts, the recorded boot, each another drawing"""


def recordings() -> list[Path]:
    """All with an area and a load that asks for contiguous memory."""
    alone = [CAPTURES / name for name in ("cma256-mix-6.12", "cma256-mix-smp2-6.12", "cma256-mix-6.1")]
    press = [CAPTURES / "cma128-press-6.12", CAPTURES / "zonecma-mix-6.12"]
    return [*alone, *press, *sorted(CAPTURES.glob("pairs/*"))]


def stripped(folder: Path, target: Path) -> Recording:
    """The recording in ``target`` without snapshots; its trace begins at the mark."""
    target.mkdir()
    (target / "proc.tar.xz").symlink_to((folder / "proc.tar.xz").resolve())
    text = b"".join(pieces(folder / "trace.txt.zst"))
    mark = text.index(_MARK)
    (target / "trace.txt").write_bytes(text[text.rindex(b"\n", 0, mark) + 1 :])
    return Recording(target)


def other_placement(name: str) -> Placement:
    """The zone for a recorded area, the area for a recorded zone."""
    return HalfFree() if "zonecma" in name else ZoneCma()


def measure(folder: Path, target: Path, seeds: int = SEEDS) -> Measured:
    """Predict one recording from both starts; ``target`` is a folder to make."""
    question = Question(other_placement(folder.name), seeds=seeds)
    recording = stripped(folder, target)
    exact, counted = predict(Recording(folder), question), predict(recording, question)
    replay = replay_of(recording)
    assert replay.known
    return Measured(
        replay.known, exact, counted, list(_drawings(recording, replay, question.placement, seeds))
    )


def _drawings(recording: Recording, replay: Replay, placement: Placement, seeds: int) -> Iterator[Outcome]:
    assert replay.known
    window, script = load_window(replay), script_of(replay, closed=True)
    terms = terms_of(recording, read_costs())
    for seed in range(seeds):
        start = drawn_again(replay.known, replay.machine, seed)
        one = dataclasses.replace(replay, start=start)
        yield outcome_of(run_placement(one, window, placement, script, terms))


def page(measured: Sequence[tuple[str, Measured]]) -> str:
    """The table, and what it comes to."""
    heads = "recording", "told of all, of areas %", "mean use %", "frames moved", "calls ok", "drawing alone"
    rows = [" | ".join(heads), "|".join(["---"] * len(heads)), *(_row(*one) for one in measured)]
    pairs = [(one.exact.predicted, one.counted.predicted) for _, one in measured]
    points = [100 * abs(counted.area_use_mean - exact.area_use_mean) for exact, counted in pairs]
    moved = [_apart(exact.frames_migrated, counted.frames_migrated) for exact, counted in pairs]
    near = sum(one <= _NEAR for one in points)
    said = (
        f"Mean use differs by {float(np.median(points)):.1f} points at the median and {max(points):.1f} at"
        f" most, by no more than {_NEAR:g} in {near} of {len(measured)}.\nFrames moved differ by"
        f" {100 * float(np.median(moved)):.0f} % at the median and {100 * max(moved):.0f} % at most, of 200"
        " frames where there are fewer.\n"
    )
    return "\n".join(f"| {row} |" for row in rows) + f"\n\n{said}"


def _apart(exact: float, counted: float) -> float:
    """Difference as a share of the exact figure, or of 200 frames where that is less."""
    return abs(counted - exact) / max(exact, 200)


def _row(name: str, one: Measured) -> str:
    told = one.known.evidence.held != UNSEEN
    in_areas = told[one.known.frames.in_area].mean()
    managed = sum(zone["managed"] for zone in one.known.counts.zones)
    figures = ("area_use_mean", 100, 1), ("frames_migrated", 1, 0), ("calls_ok", 1, 0)
    alone = spread_of(one.drawings)
    cells = [
        f"`{name}`",
        f"{100 * told.sum() / managed:.0f}, {100 * in_areas:.0f}",
        *(_both(one, *figure) for figure in figures),
        f"{_span(alone['area_use_mean'], 100, 1)}; {_span(alone['frames_migrated'], 1, 0)}",
    ]
    return " | ".join(cells)


def _both(one: Measured, name: str, factor: float, places: int) -> str:
    """Exact / from counts, each with where 95 % of its runs lie."""
    cells = []
    for said in (one.exact, one.counted):
        mean = _figure(getattr(said.predicted, name) * factor, places)
        cells.append(f"{mean} ({_span(said.spread[name], factor, places)})")
    return " / ".join(cells)


def _span(ends: tuple[float, float], factor: float, places: int) -> str:
    return "-".join(dict.fromkeys(_figure(end * factor, places) for end in ends))


def _figure(value: float, places: int) -> str:
    return f"{value:.{places}f}" if places else thousands(round(value))


def main() -> None:
    """Write the table into the page; recordings can be named, and their table is printed instead."""
    named = [Path(name) for name in sys.argv[1:]]
    measured = []
    with tempfile.TemporaryDirectory() as scratch:
        for folder in named or recordings():
            print(folder.name, file=sys.stderr, flush=True)
            measured.append((folder.name, measure(folder, Path(scratch) / folder.name)))
    table = page(measured)
    if named:
        print(table)
        return
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")


if __name__ == "__main__":
    main()
