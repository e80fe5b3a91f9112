"""One process touches memory until a request fails: how far it gets, and what is free then.

Each touch is an anonymous page, and each page of page table one more that only the kernel may
use.  Nothing is reclaimed: with no swap and little cache there is nothing to reclaim, and the
first failure is where a kernel kills the process.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from zonecma.kernel.alloc import alloc_pages
from zonecma.kernel.gfp import GFP_HIGHUSER_MOVABLE, GFP_KERNEL, Gfp
from zonecma.kernel.jit import entry
from zonecma.kernel.state import GFP_CLASS, State
from zonecma.kernel.units import NO_PFN, Cpu, Order, Pages, User
from zonecma.machine.boot.progress import Boot
from zonecma.placement.tables import fill_tables
from zonecma.progress import Progress, no_progress

TOUCH, TABLE = User(0), User(1)
_MASKS = (int(GFP_HIGHUSER_MOVABLE | Gfp.ZERO), int(GFP_KERNEL | Gfp.ZERO))
_AT_ONCE = 1 << 20
"""Pages between two looks at the clock."""


@dataclass(frozen=True)
class Fill:
    """Where it ended; in frames."""

    touched: int
    area_free: int
    """free in the zone or the lists of the areas"""
    free: dict[str, int]
    """free in each zone"""


def can_touch(boot: Boot) -> State:
    """The state of a booted node with the two kinds of request that touching makes."""
    state = boot.nodes[boot.board.nodes[0]]
    copies: list[Any] = [np.copy(part).view(type(part)) for part in state]
    touching = State(*copies)._replace(gfp=np.zeros(len(_MASKS), GFP_CLASS).view(np.recarray))
    fill_tables(touching, boot.placement, _MASKS)
    return touching


def pages_per_table(boot: Boot) -> int:
    """Pages that one page of page table maps."""
    return boot.board.architecture.page_size // (boot.board.architecture.bits // 8)


@entry
def touch(s: State, pages: Pages, per_table: Pages, done: Pages) -> int:
    """Touch ``pages`` more after ``done``; how many were got before a request failed."""
    for i in range(pages):
        if (done + i) % per_table == 0 and alloc_pages(s, Cpu(0), TABLE, Order(0)) == NO_PFN:
            return i
        if alloc_pages(s, Cpu(0), TOUCH, Order(0)) == NO_PFN:
            return i
    return pages


def fill(boot: Boot, progress: Progress = no_progress) -> Fill:
    """Fill a copy of a booted machine's first node."""
    state, per_table, touched = can_touch(boot), pages_per_table(boot), 0
    total = sum(int(zone.nr_free_pages) for zone in state.zone)
    while True:
        got = touch(state, Pages(_AT_ONCE), Pages(per_table), Pages(touched))
        touched += got
        progress("filling memory", touched, total)
        if got < _AT_ONCE:
            return Fill(touched, _area_free(boot, state), _free(boot, state))


def _area_free(boot: Boot, state: State) -> int:
    population = boot.placement.population
    if population:
        return int(state.zone[population.zone].nr_free_pages)
    return sum(int(zone.nr_free_cma) for zone in state.zone)


def _free(boot: Boot, state: State) -> dict[str, int]:
    node = boot.board.nodes[0]
    records: Any = state.zone
    return {boot.name_of(node, zone): int(records[zone].nr_free_pages) for zone in boot.configured}
