"""Counting what was checked and what was exact."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.reference import by_reference
from zonecma.kernel.state import State
from zonecma.kernel.units import NO_PFN, Code, Pfn

ALLOCATIONS = Code(0)
REFILLS = Code(1)
REFILL_SIZES = Code(2)
DRAIN_DECISIONS = Code(3)
DRAINS_AFTER_FREE = Code(4)
DRAINS_IN_CALLS = Code(5)
DRAINS_TIMER = Code(6)
DRAINS_OTHER = Code(7)
CALLS = Code(8)
RANGES = Code(9)
CALLS_UNTOLD = Code(10)  # last: where it is not exact nothing is put right, and nothing was missed
NR_SCORES = 11

REPAIRS = Code(0)
TAKEN_BY_COMPACTION = Code(1)
NR_COUNTS = 2

MISSED = np.dtype(
    [
        ("predicted", "i8"),  # the model's first one that was not the kernel's
        ("recorded", "i8"),
        ("request", "u4"),  # its number
        ("line", "u4"),  # of the trace
        ("choices", "u4"),  # how many were missed
        ("score", "u1"),
    ],
    align=True,
)
"""What was missed of one request, by score."""


@by_reference
class Tally(NamedTuple):
    """The scores so far."""

    checked: NDArray[np.int64]
    """i8[NR_SCORES]"""
    exact: NDArray[np.int64]
    """i8[NR_SCORES]"""
    first_miss: NDArray[np.int64]
    """i8[NR_SCORES, 3]: trace line, the model's choice, the kernel's; line 0: no miss"""
    counts: NDArray[np.int64]
    """i8[NR_COUNTS]"""
    missed: NDArray[Any]
    """MISSED[]: as many as there is room for, in order"""
    nr_missed: NDArray[np.int64]
    """i8[1]"""
    request: NDArray[np.int64]
    """i8[1]: number of the request that is judged"""


def empty_tally(room: int = 0) -> Tally:
    """Nothing checked, and room for so many MISSED."""
    return Tally(
        np.zeros(NR_SCORES, np.int64),
        np.zeros(NR_SCORES, np.int64),
        np.zeros((NR_SCORES, 3), np.int64),
        np.zeros(NR_COUNTS, np.int64),
        np.zeros(room, MISSED).view(np.recarray),
        np.zeros(1, np.int64),
        np.zeros(1, np.int64),
    )


@jit
def _note_miss(tally: Tally, score: Code, line: int, predicted: int, recorded: int) -> None:
    """Write a miss down, with those before it of the same request and score."""
    last = tally.nr_missed[0] - 1
    if last >= 0 and tally.missed[last].request == tally.request[0] and tally.missed[last].score == score:
        tally.missed[last].choices += 1
    elif last + 1 < tally.missed.size:
        tally.nr_missed[0] += 1
        entry = tally.missed[last + 1]
        entry.request, entry.line, entry.score, entry.choices = tally.request[0], line, score, 1
        entry.predicted, entry.recorded = predicted, recorded


@primitive
def judge(tally: Tally, score: Code, line: int, predicted: int, recorded: int) -> bool:
    """Count one choice; True when it is the recorded one."""
    tally.checked[score] += 1
    if predicted == recorded:
        tally.exact[score] += 1
        return True
    if tally.first_miss[score, 0] == 0:
        tally.first_miss[score, 0] = line
        tally.first_miss[score, 1] = predicted
        tally.first_miss[score, 2] = recorded
    _note_miss(tally, score, line, predicted, recorded)
    return False


@jit
def judge_chunks(
    s: State, tally: Tally, score: Code, line: int, event: Code, chunks: NDArray[Any], first: int, last: int
) -> int:
    """Hold the log's chunks of one tracepoint against ``chunks[first:last]``, place by place.

    Each place that only one of them has is a miss.  Returns how many places agree from the
    first on, or -1 when all do.
    """
    at, agreeing, all_agree = first, 0, True
    for i in range(s.config[0].log_length):
        entry = s.log[i]
        if entry.event != event:
            continue
        recorded = NO_PFN
        if at < last and chunks[at].order == entry.order:
            recorded = Pfn(chunks[at].pfn)
        all_agree &= judge(tally, score, line, Pfn(entry.pfn), recorded)
        agreeing += all_agree
        at += 1
    while at < last:
        judge(tally, score, line, NO_PFN, Pfn(chunks[at].pfn))
        all_agree = False
        at += 1
    return -1 if all_agree else agreeing


@jit
def logged(s: State, event: Code) -> int:
    """How many chunks the log has of one tracepoint."""
    count = 0
    for i in range(s.config[0].log_length):
        count += s.log[i].event == event
    return count
