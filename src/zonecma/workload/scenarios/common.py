"""What several loads need: tasks with their tables, memory in use before, buffers that come and go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from zonecma.workload.scenario import MIB, PAGE_SIZE, PAGES_OF_TABLE, Layout, Scenario, scenario_of
from zonecma.workload.steps import Programs
from zonecma.workload.uses import KERNEL_PAGE, PROGRAM, READ, SLAB

PROCESS_PAGES = 12
"""Of stack, descriptors and upper tables of a process; as in workload.grow_and_touch."""
FULL_HD = (1920, 1080)
UHD = (3840, 2160)
AGAIN_SOURCE = "as proposed for cma_alloc: https://lkml.iu.edu/hypermail/linux/kernel/2009.1/07857.html"
_TURN = 256
"""Pages that one region grows by before it is another's turn."""


def pages_of(width: int, height: int, bits: float) -> int:
    """Pages of a picture with so many bits a pixel."""
    return -int(-width * height * bits // (8 * PAGE_SIZE))


class Region(NamedTuple):
    """Objects that lie beside each other."""

    first: int
    pages: int
    use: int = READ


class Patience(NamedTuple):
    """What follows when a contiguous call fails."""

    again_ms: float = 0
    patience_ms: float = 0


ONCE = Patience()
"""The call is not made again."""


@dataclass
class Stage:
    """A load while it is written: common regions come first, then tasks, then what they do."""

    layout: Layout = field(default_factory=Layout)
    programs: Programs = field(default_factory=Programs)
    slots: list[int] = field(default_factory=list)

    def region(self, use: int, mib: float) -> Region:
        """Objects that belong to nobody: files, memory of programs that only sleep."""
        return Region(self.layout.region(use, int(mib * MIB)), int(mib * MIB), use)

    def task(self, mib: float = 0) -> Region:
        """A slot with so much memory of its own, and behind it tables."""
        first = self.pages_of_task(int(mib * MIB))
        return Region(first, int(mib * MIB), PROGRAM)

    def pages_of_task(self, pages: int, use: int = PROGRAM) -> int:
        """A slot with so many objects of its own, and behind them tables; its first object's number."""
        first = self.layout.region(use, pages, task=len(self.slots))
        self.layout.region(KERNEL_PAGE, tables_of(pages), task=len(self.slots))
        self.slots.append(first)
        return first

    def fill(self, *regions: Region) -> None:
        """Before the load all these grow beside each other; what the kernel itself keeps comes first."""
        for first, pages, use in regions:
            if use == SLAB:
                self.programs.use(first, pages)
        others = [region for region in regions if region.use != SLAB]
        turns = max(sum(region.pages for region in others) // (_TURN * max(len(others), 1)), 1)
        for turn in range(turns):
            for first, pages, use in others:
                begin, end = pages * turn // turns, pages * (turn + 1) // turns
                self.programs.use(first + begin, end - begin, write=use == PROGRAM)

    def scenario(self) -> Scenario:
        """The tables."""
        return scenario_of(self.layout, self.slots, self.programs)


def tables_of(pages: int) -> int:
    """Kernel pages of a process that has so many pages."""
    return pages // PAGES_OF_TABLE + PROCESS_PAGES


def grow(programs: Programs, pages: int, ns: float = 0, *, room: int | None = None) -> None:
    """The job's own memory and its tables, touched for the first time; its task has room for more pages."""
    programs.use(pages if room is None else room, tables_of(pages), own=True)
    programs.use(0, pages, ns, own=True, write=True)


def get(programs: Programs, sizes: Sequence[int], patience: Patience = ONCE) -> range:
    """Ask for buffers of so many pages each, numbered on from those there are; their numbers."""
    numbers = range(programs.buffers, programs.buffers + len(sizes))
    for number, pages in zip(numbers, sizes, strict=True):
        programs.call(number, pages, again_ms=patience.again_ms, patience_ms=patience.patience_ms)
    return numbers


def give_back(programs: Programs, buffers: range) -> None:
    """Release buffers."""
    for number in buffers:
        programs.release(number)


def come_and_go(
    programs: Programs,
    sizes: Iterable[int],
    pause_ms: float,
    hold_ms: float,
    patience: Patience = ONCE,
) -> None:
    """Buffers of so many pages, one after the other: a pause, the call, a while that it is held."""
    for pages in sizes:
        programs.sleep(pause_ms)
        buffers = get(programs, [pages], patience)
        programs.sleep(hold_ms)
        give_back(programs, buffers)
