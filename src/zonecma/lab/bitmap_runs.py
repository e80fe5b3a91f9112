"""Where an area has room: runs of frames, and ranges of a size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Run:
    """Frames one after the other, counted from the area's first."""

    start: int
    length: int


def free_runs(taken: NDArray[np.bool_]) -> list[Run]:
    """The runs of frames that are not taken, lowest first."""
    edges = np.flatnonzero(np.diff(np.concatenate(([True], taken, [True])).astype(np.int8)))
    return [Run(int(start), int(end - start)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


@dataclass(frozen=True)
class Ranges:
    """The ranges of one size in which the bitmap has no bit set."""

    free: int
    """how many there are: what cma_alloc can try"""
    clear: int
    """those without a page that stays"""
    told: int
    """those of which, besides, no page's prospect is untold"""
    empty: int
    """those in which every frame is free"""
    least_to_move: int | None
    """pages to move in the clear range with the fewest; None without a clear one"""


def ranges_of(
    frames: int,
    starts: NDArray[np.int64],
    taken: NDArray[np.int64],
    stay: NDArray[np.int64],
    untold: NDArray[np.int64],
    lent: NDArray[np.int64],
) -> Ranges:
    """Count the ranges of so many frames that begin at ``starts``.

    The four arrays are sums: how many frames before each are taken, stay, are untold, are not free.
    """
    starts = starts[starts + frames < len(taken)]

    def within(sums: NDArray[np.int64]) -> NDArray[np.int64]:
        counts: NDArray[np.int64] = sums[starts + frames] - sums[starts]
        return counts

    free = within(taken) == 0
    clear = free & (within(stay) == 0)
    told = clear & (within(untold) == 0)
    to_move = within(lent)
    return Ranges(
        free=int(free.sum()),
        clear=int(clear.sum()),
        told=int(told.sum()),
        empty=int((free & (to_move == 0)).sum()),
        least_to_move=int(to_move[clear].min()) if clear.any() else None,
    )


def sums(which: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many of the frames before each, and before the end, are so."""
    return np.concatenate(([0], np.cumsum(which, dtype=np.int64)))
