"""What a booting machine is: its nodes' allocators, and what boot has done so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.rules import Rules
from zonecma.kernel.state import State
from zonecma.kernel.thresholds import Tunables
from zonecma.kernel.units import Migratetype, Order, ZoneIndex
from zonecma.kernel.zone import NAMES, ZONE_MOVABLE
from zonecma.machine.board import Board
from zonecma.machine.kernelcore import frames_of
from zonecma.machine.machine import Area
from zonecma.machine.spans import Limits
from zonecma.placement.policy import Home, Placement

FreeList = tuple[ZoneIndex, Order, Migratetype]


@dataclass(frozen=True)
class Step:
    """One step of boot."""

    function: str
    """the kernel's, that does it"""
    lines: tuple[str, ...]
    """what it did, a sentence each"""


@dataclass(frozen=True)
class Given:
    """What is known of a boot besides its board; counts in frames, by node and zone."""

    managed: Mapping[tuple[int, ZoneIndex], int] = field(default_factory=dict)
    """what memblock hands over, areas apart, where no map says which frames these are"""
    late: Mapping[tuple[int, ZoneIndex], int] = field(default_factory=dict)
    """what boot frees before the thresholds are computed"""


@dataclass
class Boot:
    """A machine while it boots, and when it has."""

    board: Board
    rules: Rules
    placement: Placement
    limits: Limits
    tunables: Tunables
    areas: tuple[Area, ...]
    nodes: dict[int, State]
    steps: list[Step] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """areas that were not activated"""
    min_free_kbytes: int = 0
    lists_when_traced: dict[FreeList, NDArray[np.int64]] | None = None
    """first frames on each free list when tracing began, head first; None without a memory map"""
    managed_when_traced: dict[tuple[int, ZoneIndex], int] = field(default_factory=dict)
    """managed pages of each node and zone then"""
    freed_twice: int = 0
    """frames that 32-bit set-up of high memory frees although they are free already"""

    def log(self, function: str, *lines: str) -> None:
        """Note a step."""
        self.steps.append(Step(function, lines))

    @property
    def lends_areas(self) -> bool:
        """Whether the placement hands areas to the allocator at all."""
        return self.placement.home is not Home.NONE

    @property
    def configured(self) -> tuple[ZoneIndex, ...]:
        """The zones that this kernel has, lowest first (enum zone_type)."""
        zones = [*self.limits.zones, ZONE_MOVABLE]
        if self.placement.home is Home.ZONE_CMA and self.placement.population:
            zones.append(self.placement.population.zone)
        return tuple(zones)

    def zones(self) -> Iterator[tuple[int, ZoneIndex, Any]]:
        """Node, index and record of each configured zone."""
        for node, state in self.nodes.items():
            for zone in self.configured:
                yield node, zone, state.zone[zone]

    def populated(self) -> Iterator[tuple[int, ZoneIndex, Any]]:
        """Those that have pages (populated_zone)."""
        return (one for one in self.zones() if one[2].present)

    def name_of(self, node: int, zone: ZoneIndex) -> str:
        """A zone's name, with its node's number where there are several."""
        return NAMES[zone] if len(self.nodes) == 1 else f"node {node} {NAMES[zone]}"

    def node_of(self, area: Area) -> int:
        """The node whose memory an area is."""
        ranges = ((one.node, *frames_of(self.board, one)) for one in self.board.memory)
        return next(node for node, start, end in ranges if start <= area.base_pfn < end)

    def areas_of(self, node: int) -> list[Area]:
        """The areas in a node's memory."""
        return [area for area in self.areas if self.node_of(area) == node]
