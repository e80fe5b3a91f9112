"""What lies in swap, by who allocated it.

The trace tells that a page was read from swap, not which.  It is taken to be the one that went out
first: of the same process, or else of all.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.jit import jit
from zonecma.workload.lives import NOBODY


class Swapped(NamedTuple):
    """A queue for each process."""

    first: NDArray[np.int32]
    """i4[processes]: the object that went out first; NOBODY"""
    last: NDArray[np.int32]
    """i4[processes]"""
    following: NDArray[np.int32]
    """i4[objects]: the one that went out after it; NOBODY"""
    turn: NDArray[np.int32]
    """i4[objects]: the how manieth it was of all"""
    tally: NDArray[np.int64]
    """i8[3]: how many went out, lie there, and were taken where others could have been meant"""


OUT, WITHIN, GUESSED = 0, 1, 2


def nothing_swapped(processes: int, objects: int) -> Swapped:
    """Swap is empty."""
    return Swapped(
        first=np.full(processes, NOBODY, np.int32),
        last=np.full(processes, NOBODY, np.int32),
        following=np.empty(objects, np.int32),
        turn=np.empty(objects, np.int32),
        tally=np.zeros(3, np.int64),
    )


@jit
def goes_out(swapped: Swapped, process: int, number: int) -> None:
    """An object of a process leaves memory for swap."""
    swapped.following[number], swapped.turn[number] = NOBODY, swapped.tally[OUT]
    swapped.tally[OUT] += 1
    swapped.tally[WITHIN] += 1
    if swapped.first[process] == NOBODY:
        swapped.first[process] = number
    else:
        swapped.following[swapped.last[process]] = number
    swapped.last[process] = number


@jit
def _earliest(swapped: Swapped) -> int:
    """The process with the object that went out first; NOBODY."""
    found = NOBODY
    for process in range(swapped.first.size):
        one = swapped.first[process]
        if one != NOBODY and (found == NOBODY or swapped.turn[one] < swapped.turn[swapped.first[found]]):
            found = process
    return found


@jit
def comes_in(swapped: Swapped, process: int) -> int:
    """The object that a process reads from swap; NOBODY when there is none."""
    if swapped.tally[WITHIN] == 0:
        return NOBODY
    if swapped.first[process] == NOBODY:
        process = _earliest(swapped)
    number = swapped.first[process]
    swapped.first[process] = swapped.following[number]
    swapped.tally[GUESSED] += swapped.tally[WITHIN] > 1
    swapped.tally[WITHIN] -= 1
    return number  # type: ignore[no-any-return]
