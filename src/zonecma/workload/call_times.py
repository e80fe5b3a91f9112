"""How long contiguous calls took in a recording, and how much of that they ran.

A call of some length shares its CPU with whoever else can run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.events import EVENT_ID
from zonecma.workload.requests import CMA_ALLOC

_START, _FINISH = EVENT_ID["cma_alloc_start"], EVENT_ID["cma_alloc_finish"]


class CallTimes(NamedTuple):
    """The calls of which a trace has the start and the end."""

    line: NDArray[np.int64]
    """i8[calls]: of each start in the trace"""
    took: NDArray[np.int64]
    """i8[calls]: ns"""
    ran: NDArray[np.int64]
    """i8[calls]: ns after the caller's events, up to its CPU's next; in what is left others ran, or nobody"""


def call_times(events: NDArray[Any]) -> CallTimes:
    """The times of all contiguous calls among a trace's events."""
    rows = [(events["line"][first], *_times(events[first : last + 1])) for first, last in _calls(events)]
    return CallTimes(*np.array(rows, np.int64).reshape(-1, 3).T)


def _calls(events: NDArray[Any]) -> Iterator[tuple[int, int]]:
    """First and last event of each call."""
    begun: dict[int, int] = {}
    for i in np.flatnonzero(np.isin(events["event"], (_START, _FINISH))).tolist():
        task = int(events["task"][i])
        if events["event"][i] == _START:
            begun[task] = i
        elif task in begun:
            yield begun.pop(task), i


def _times(call: NDArray[Any]) -> tuple[int, int]:
    """What it took, and how long the caller ran (ns)."""
    caller = call["task"][0]
    near = call[(call["cpu"] == call["cpu"][0]) | (call["task"] == caller)]
    ran = np.diff(near["time"].astype(np.int64))[near["task"][:-1] == caller]
    return int(call["time"][-1]) - int(call["time"][0]), int(ran.sum())


def took_of(requests: NDArray[Any], times: CallTimes) -> NDArray[np.int64]:
    """i8[requests]: ns that each contiguous call took; 0 for other requests, and where it is not known."""
    known = dict(zip(times.line.tolist(), times.took.tolist(), strict=True))
    took = np.zeros(len(requests), np.int64)
    for i in np.flatnonzero(requests["op"] == CMA_ALLOC).tolist():
        took[i] = known.get(int(requests["line"][i]), 0)
    return took


def wall_of(times: CallTimes) -> float:
    """How much longer the calls took than they ran: 1 where nobody else did, or where there are none."""
    return max(int(times.took.sum()) / max(int(times.ran.sum()), 1), 1.0) if len(times.took) else 1.0
