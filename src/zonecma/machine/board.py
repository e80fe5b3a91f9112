"""A machine before its kernel runs: memory, what is set aside of it, how the kernel was built.

All addresses and sizes are bytes.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from zonecma.kernel.thresholds import HugePages
from zonecma.kernel.zone import ZONE_NORMAL
from zonecma.machine.architecture import Architecture


class MemoryModel(enum.Enum):
    """Where the types of pageblocks are kept (CONFIG_FLATMEM, CONFIG_SPARSEMEM)."""

    SPARSEMEM = "sparsemem"
    """with the memory's sections, found by address alone"""
    FLATMEM = "flatmem"
    """with the zone, found by the distance to the zone's start"""


@dataclass(frozen=True)
class MemoryRange:
    """RAM from ``start`` up to ``end``."""

    start: int
    end: int
    node: int = 0
    hotpluggable: bool = False
    """firmware says that it can be removed; movable_node makes it ZONE_MOVABLE"""


@dataclass(frozen=True)
class Reservation:
    """Memory that boot sets aside, from ``start`` up to ``end``."""

    start: int
    end: int
    name: str = ""
    no_map: bool = False
    """the kernel does not even map it"""


@dataclass(frozen=True)
class AreaRequest:
    """A CMA area as it is asked for."""

    name: str
    size: int
    base: int | None = None
    """where it must be, or with ``fixed`` False the lowest address it may have; None: anywhere"""
    limit: int = 0
    """the address it must end below; 0: none"""
    alignment: int = 0
    """0: the smallest that CMA allows"""
    order_per_bit: int = 0
    fixed: bool = False
    windows: tuple[tuple[int, int], ...] = ()
    """``alloc-ranges`` of a device tree, each start and end: it must lie in one of them"""
    node: int | None = None
    """the node whose memory it must be; None: any"""
    from_tree: bool = False
    """a node of /reserved-memory: with ``fixed`` its ``reg``, else its ``size``"""
    default: bool = False
    """serves the devices that have no area of their own (``cma=``, ``linux,cma-default``)"""
    reusable: bool = True
    """False: memory that the tree sets aside somewhere and nobody borrows, so no area"""
    no_map: bool = False
    """with ``reusable`` False: the kernel does not even map it"""


@dataclass(frozen=True)
class Board:
    """All that decides what a kernel finds when it boots."""

    name: str
    architecture: Architecture
    memory: tuple[MemoryRange, ...]
    reserved: tuple[Reservation, ...] = ()
    areas: tuple[AreaRequest, ...] = ()
    nr_cpus: int = 1
    smp: bool = True
    """the kernel is built for several CPUs (CONFIG_SMP)"""
    memory_model: MemoryModel = MemoryModel.SPARSEMEM
    huge_pages: HugePages = HugePages.ON
    """on, khugepaged runs and raises the watermarks"""
    kernelcore: int = 0
    """``kernelcore=``: memory for any use, the rest is ZONE_MOVABLE; 0: not given"""
    movablecore: int = 0
    """``movablecore=``: the size of ZONE_MOVABLE; 0: not given"""
    movable_node: bool = False
    """``movable_node``: hotpluggable memory is ZONE_MOVABLE"""
    default_area_given: bool = False
    """``cma=`` is on the command line, whatever its size"""
    max_areas: int = 20
    """CONFIG_CMA_AREAS"""
    rules: str = ""
    """the series of its kernel, such as ``6.12``; empty: the newest that the model knows"""
    cells: tuple[int, int] = (0, 0)
    """#address-cells and #size-cells of its device tree's root; 0: it was not read from one"""
    source: str = ""
    """where these figures come from"""
    notes: tuple[str, ...] = field(default=())
    """what was assumed, in sentences"""

    @property
    def nodes(self) -> tuple[int, ...]:
        """The nodes that have memory, ascending."""
        return tuple(sorted({one.node for one in self.memory}))

    @property
    def end_of_memory(self) -> int:
        """The address after the last RAM (memblock_end_of_DRAM)."""
        return max(one.end for one in self.memory)

    @property
    def low_memory_end(self) -> int:
        """The address where high memory starts, or where memory ends."""
        ends = dict(self.architecture.zone_ends)
        limit = ends.get(ZONE_NORMAL)
        return self.end_of_memory if limit is None else min(limit, self.end_of_memory)
