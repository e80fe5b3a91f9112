"""How much earlier or later two boots of one load meet their contiguous calls.

``python -m tools.boots A B [C D]...``

A and B are recordings of one load, seed and placement, C and D of another.  A call of A comes when the
load has asked for some share of its memory; B has asked for as much at another time than that of the same
call there.  The mean of this over a pair's calls is its shift, in shares of the load's time; what two
boots differ by is twice the variance of one.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.recording import Recording
from zonecma.lab.compare import load_window
from zonecma.lab.replay import replay_of
from zonecma.lab.touched import touched_load_of
from zonecma.workload.requests import ALLOC, CMA_ALLOC

_AT_WORK = 0.02, 0.98
"""Share of the load's requests between which it is under way: before and after, calls meet nothing."""


class Boot(NamedTuple):
    """When a boot's load asked for memory, in shares of the load's time, ascending."""

    asked: NDArray[np.float64]
    """f8[requests]"""
    calls: NDArray[np.float64]
    """f8[contiguous calls]"""


def boot_of(recording: Recording) -> Boot:
    """A recorded boot."""
    replay = replay_of(recording)
    start, end = load_window(replay)
    requests = touched_load_of(replay).requests
    return Boot(*(_shares(requests[requests["op"] == op], start, end) for op in (ALLOC, CMA_ALLOC)))


def shift_of(one: Boot, other: Boot) -> float:
    """How much later the other's calls meet its load, mean over those that come while it is at work; NaN."""
    calls = min(len(one.calls), len(other.calls))
    done = np.searchsorted(one.asked, one.calls[:calls]) / max(len(one.asked), 1)
    there = (done > _AT_WORK[0]) & (done < _AT_WORK[1])
    later = other.calls[:calls][there] - np.quantile(other.asked, done[there])
    return float(later.mean()) if there.any() else float("nan")


def deviation(shifts: list[float]) -> float:
    """Standard deviation of one boot, from what pairs of boots differ by."""
    return float(np.sqrt(np.nanmean(np.square(shifts)) / 2))


def _shares(requests: NDArray[Any], start: int, end: int) -> NDArray[np.float64]:
    time = requests["time"].astype(np.float64)
    return np.sort((time[(time >= start) & (time <= end)] - start) / (end - start))


def main() -> None:
    """Print each pair's shift, and the deviation that they tell."""
    names = [Path(name) for name in sys.argv[1:]]
    shifts = []
    for one, other in zip(names[::2], names[1::2], strict=True):
        shifts.append(shift_of(boot_of(Recording(one)), boot_of(Recording(other))))
        print(f"{one.name}: {100 * shifts[-1]:+.1f} % of the load's time")
    print(f"standard deviation of a boot, {len(shifts)} pairs: {100 * deviation(shifts):.1f} %")


if __name__ == "__main__":
    main()
