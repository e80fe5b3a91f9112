"""Frames that a miss has left in another place than the kernel's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.state import State
from zonecma.lab.replay import Replay


class Misplaced:
    """Which frames are so, from missed request to missed request."""

    def __init__(self, replay: Replay, nr_frames: int) -> None:
        self.frames = np.zeros(nr_frames, np.uint8)
        """u1[frames]: 1 for those that are"""
        self._replay = replay

    def settle(self, first: int, last: int) -> None:
        """What ``requests[first:last]`` moved as the kernel did is in its place again."""
        for chunks in self._chosen(first, last):
            self._mark(chunks, 0)

    def miss(self, state: State, number: int) -> None:
        """What the model or the kernel moved for a missed request may be elsewhere in the other one."""
        for chunks in (state.log[: int(state.conf.log_length)], *self._chosen(number, number + 1)):
            self._mark(chunks, 1)

    def _chosen(self, first: int, last: int) -> Iterator[NDArray[Any]]:
        """What the kernel allocated, refilled and drained for ``requests[first:last]``."""
        recorded = self._replay.recorded
        for chunks, start in (
            (recorded.allocated, recorded.first_allocated),
            (recorded.refilled, recorded.first_refilled),
            (recorded.drained, recorded.first_drained),
        ):
            yield chunks[start[first] : start[last]]

    def _mark(self, chunks: NDArray[Any], as_what: int) -> None:
        chunks = chunks[chunks["pfn"] < len(self.frames)]  # failed calls have no frame
        self.frames[chunks["pfn"]] = as_what
        for chunk in chunks[chunks["order"] > 0]:
            start = int(chunk["pfn"])
            self.frames[start : start + (1 << int(chunk["order"]))] = as_what
