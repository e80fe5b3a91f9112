"""A missed request, and the model as it was just before it: what a cause is computed from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.state import State
from zonecma.kernel.units import Cpu, Order, Pfn, ZoneIndex
from zonecma.lab.replay import Replay
from zonecma.lab.what_if import NO_LIST, list_of

NEAR = 50_000
"""ns: two CPUs that are so close may have come to the zone's lock the other way round"""
_LOOK = 400
"""Requests before and after that are looked at for neighbours."""


@dataclass(frozen=True)
class Missed:
    """What was missed of a request, of one score."""

    predicted: int
    """the model's first choice that was not the kernel's"""
    recorded: int
    request: int
    """its number"""
    line: int
    """of the trace"""
    choices: int
    """how many were missed"""
    score: int


@dataclass(frozen=True)
class Scene:
    """One missed request."""

    replay: Replay
    state: State
    """before the request"""
    number: int
    """the request's"""
    root: Missed
    """the first of its misses"""
    last: Missed | None
    """the root of the last missed request"""
    misplaced: NDArray[np.uint8]
    """u1[frames]: 1 where an earlier miss had another frame than the kernel"""
    swaps: frozenset[tuple[int, int]]
    """(model's, kernel's) frames of allocations missed nearby"""
    seconds: float
    """since the last missed request, or since snapshot A"""

    @property
    def request(self) -> Any:
        """The request itself."""
        return self.replay.load.requests[self.number]

    @property
    def cpu(self) -> Cpu:
        """The request's CPU."""
        return Cpu(int(self.request["cpu"]))

    @property
    def order(self) -> Order:
        """The request's order."""
        return Order(int(self.request["order"]))

    @property
    def both_chose(self) -> bool:
        """Whether the model and the kernel both had a frame."""
        return 0 <= self.root.predicted < self.nr_frames and 0 <= self.root.recorded < self.nr_frames

    @property
    def nr_frames(self) -> int:
        """Of the machine."""
        return int(self.state.conf.nr_frames)

    def zone_of(self, pfn: int) -> ZoneIndex:
        """The zone of a frame."""
        return ZoneIndex(int(self.state.frame[pfn].zone))

    def type_of(self, pfn: int) -> int:
        """The type of a frame's pageblock."""
        return int(self.state.block[pfn >> int(self.state.conf.pageblock_order)])

    def list_of(self, pfn: int) -> int:
        """The head of the list that holds a frame; NO_LIST when it is not free."""
        return int(list_of(self.state, Pfn(pfn)))

    def on_pcp(self, head: int) -> bool:
        """Whether a list is a per-cpu one."""
        return head != NO_LIST and head >= int(self.state.conf.first_pcp_list)

    def chunks(self, kind: str) -> NDArray[Any]:
        """CHUNK[]: what the kernel ``allocated``, ``refilled`` or ``drained`` for the request."""
        recorded = self.replay.recorded
        first = getattr(recorded, f"first_{kind}")
        rows: NDArray[Any] = getattr(recorded, kind)[first[self.number] : first[self.number + 1]]
        return rows

    def another_cpu_is_near(self) -> bool:
        """Whether another CPU took from the buddy lists, or gave to them, at about the same time."""
        low, high = max(self.number - _LOOK, 0), self.number + _LOOK
        near = self.replay.load.requests[low:high]
        recorded = self.replay.recorded
        moved = np.zeros(len(near), np.bool_)
        for first in (recorded.first_refilled, recorded.first_drained):
            moved |= np.diff(first[low : low + len(near) + 1]) > 0
        close = np.abs(near["time"] - self.request["time"]) <= NEAR
        return bool((moved & close & (near["cpu"] != self.cpu)).any())
