"""Where the kernel puts the CMA areas that a board asks for.

Early in its boot: nodes of /reserved-memory first (drivers/of/of_reserved_mem.c and rmem_cma_setup),
then what cma_declare_contiguous is asked for (mm/cma.c).  Read in 4.7, 6.1 and 6.12.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple, NoReturn

from zonecma.errors import InputError
from zonecma.kernel.units import Pfn
from zonecma.machine.area_rules import area_rules, smallest_alignment
from zonecma.machine.board import AreaRequest, Board, Reservation
from zonecma.machine.machine import Area
from zonecma.machine.memblock import (
    ANYWHERE,
    Range,
    Ranges,
    align_down,
    align_up,
    covers,
    find_bottom_up,
    find_top_down,
    overlaps,
    union,
    without,
)
from zonecma.machine.sizes import size_text

_FOUR_GIB = 4 << 30
_CACHE_LINE = 64
"""SMP_CACHE_BYTES: the alignment of a tree's region that asks for none."""


class Declared(NamedTuple):
    """What became of a board's requests."""

    areas: tuple[Area, ...]
    """in the order of their numbers"""
    reserved: tuple[Reservation, ...]
    """the areas' memory, and regions of the tree that are no area; without ``board.reserved``"""
    notes: tuple[str, ...]
    """the nodes that the kernel passes over, and why; one sentence each"""


def declare_areas(board: Board) -> Declared:
    """Place and set up every area that a board asks for.

    Raises InputError where the kernel would refuse: with the area, the reason and the kernel's
    error.  A node of the tree that the kernel passes over without harm becomes a note.
    """
    boot = _Boot(board)
    tree = [request for request in board.areas if request.from_tree]
    static = [request for request in tree if request.fixed]
    boot.reserve(*(Range(one.base or 0, (one.base or 0) + one.size) for one in static))
    for request in tree:
        if not request.fixed:
            boot.set_up(request, boot.place_region(request))
    for request in boot.in_order(static):
        boot.set_up(request, request.base or 0)
    for request in board.areas:
        if not request.from_tree:
            boot.declare(request)
    return Declared(tuple(boot.areas), tuple(boot.made), tuple(boot.notes))


def _ram_by_node(board: Board) -> dict[int, Ranges]:
    """The memory that boot places things in: with movable_node none that is hotpluggable."""
    ranges: dict[int, list[Range]] = {}
    for one in board.memory:
        if not (one.hotpluggable and board.movable_node):
            ranges.setdefault(one.node, []).append(Range(one.start, one.end))
    return {node: union(those) for node, those in ranges.items()}


class _Boot:
    """The early allocator of a board, and the areas so far."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.rules = area_rules(board)
        self.ram = _ram_by_node(board)
        self.reserved = union((one.start, one.end) for one in board.reserved)
        self.alignment = smallest_alignment(board)
        self.areas: list[Area] = []
        self.made: list[Reservation] = []
        self.notes: list[str] = []
        self.regions: list[Range] = []
        """the regions of the tree that were placed so far"""
        self.has_default = False

    def memory(self, node: int | None = None) -> Ranges:
        """The RAM to place things in; ranges of two nodes stay apart (should_skip_region)."""
        if node is not None:
            return self.ram.get(node, ())
        return tuple(sorted(one for ranges in self.ram.values() for one in ranges))

    def free(self, node: int | None = None) -> Ranges:
        """What nobody has reserved."""
        return without(self.memory(node), self.reserved)

    def reserve(self, *ranges: Range) -> None:
        """memblock_reserve."""
        self.reserved = union((*self.reserved, *ranges))

    def refuse(self, request: AreaRequest, reason: str, error: str) -> NoReturn:
        """Raise InputError as the kernel would return ``error``."""
        raise InputError(f"{self.board.name}: area {request.name!r}: {reason} ({error})")

    def in_order(self, static: list[AreaRequest]) -> list[AreaRequest]:
        """The order in which a tree's regions with a ``reg`` are set up (fdt_init_reserved_mem)."""
        by_address = self.rules.sorts_nodes
        return sorted(static, key=lambda one: (one.base or 0, one.size)) if by_address else static

    # Regions of /reserved-memory.

    def place_region(self, request: AreaRequest) -> int:
        """Find a tree's region its place: __reserved_mem_alloc_size.  Returns the address."""
        if not request.size:
            self.refuse(request, "its size is 0", "-EINVAL")
        base = self.first_place(request)
        if base is None:
            where = " in its alloc-ranges" if request.windows else ""
            self.refuse(request, f"no {size_text(request.size)} are free{where}", "-ENOMEM")
        self.regions.append(Range(base, base + request.size))
        self.reserve(self.regions[-1])
        return base

    def first_place(self, request: AreaRequest) -> int | None:
        """The place in the first window that has one."""
        alignment = max(request.alignment or _CACHE_LINE, self.alignment if request.reusable else 0)
        free, page = self.free(), self.board.architecture.page_size
        for start, end in request.windows or ((0, ANYWHERE),):
            find = find_bottom_up if self.is_joined_below(start, end) else find_top_down
            base = find(free, request.size, alignment, max(start, page), end)
            if base is not None:
                return base
        return None

    def is_joined_below(self, start: int, end: int) -> bool:
        """Whether a window begins, but does not end, beside a region: __reserved_mem_alloc_in_range."""
        if not self.rules.joins_neighbours:
            return False
        below = any(one.start <= start <= one.end for one in self.regions)
        return below and not any(one.start <= end <= one.end for one in self.regions)

    def set_up(self, request: AreaRequest, base: int) -> None:
        """Make a tree's region an area, or not: rmem_cma_setup."""
        if not request.reusable:
            self.made.append(Reservation(base, base + request.size, request.name, request.no_map))
            return
        reason = self.why_passed_over(request, base)
        if not reason:
            self.add(request, base, request.size)
            return
        self.notes.append(f"{request.name} is no area: {reason}")
        region = Range(base, base + request.size)
        if self.rules.frees_refused_nodes:
            self.reserved = without(self.reserved, (region,))
        else:
            self.made.append(Reservation(*region, request.name))

    def why_passed_over(self, request: AreaRequest, base: int) -> str:
        """The reason that the kernel has to leave a tree's region alone; empty: none."""
        if request.default and self.board.default_area_given and self.rules.command_line_beats_tree:
            return "cma= on the command line is used instead (-EBUSY)"
        if (base | request.size) % self.alignment:
            return f"address and size must be multiples of {size_text(self.alignment)} (-EINVAL)"
        if not covers(self.memory(), base, base + request.size):
            return "there is no memory (cma_activate_area gives it up)"
        return ""

    # cma_declare_contiguous.

    def declare(self, request: AreaRequest) -> None:
        """cma_declare_contiguous_nid, for an area that no tree asks for."""
        if request.default and self.has_default:
            self.notes.append(f"{request.name} is not declared: the device tree has a default area")
            return
        wanted = self.sanitised(request)
        base = self.fixed_place(wanted) if wanted.fixed else self.free_place(wanted)
        self.reserve(Range(base, base + wanted.size))
        self.add(wanted, base, wanted.size)

    def sanitised(self, request: AreaRequest) -> AreaRequest:
        """A request with its size, base and limit rounded as the kernel does, and checked."""
        self.check_arguments(request)
        alignment = max(request.alignment, self.alignment)
        base = request.base or 0
        if request.fixed and base % alignment and not self.rules.trusts_arguments:
            self.refuse(request, f"{base:#x} is no multiple of {size_text(alignment)}", "-EINVAL")
        limit = align_down(request.limit, alignment)
        wanted = replace(
            request,
            alignment=alignment,
            base=align_up(base, alignment),
            size=align_up(request.size, alignment),
            limit=min(limit or ANYWHERE, self.board.end_of_memory),
            fixed=request.fixed and base > 0,
        )
        self.check_place(wanted)
        return wanted

    def check_arguments(self, request: AreaRequest) -> None:
        """What can be said of a request alone."""
        if not request.size:
            self.refuse(request, "its size is 0", "-EINVAL")
        if request.alignment & (request.alignment - 1):
            self.refuse(request, f"alignment {request.alignment:#x} is no power of two", "-EINVAL")
        if request.node is not None and not self.rules.of_a_node:
            self.refuse(request, f"kernel {self.board.rules} can't place it on one node", "-EINVAL")
        if request.node is not None and request.node not in self.board.nodes:
            self.refuse(request, f"there is no node {request.node}", "-EINVAL")

    def check_place(self, wanted: AreaRequest) -> None:
        """What can be said of a request and the memory there is."""
        start, end = wanted.base or 0, (wanted.base or 0) + wanted.size
        frames, boundary = wanted.size >> self.board.architecture.page_shift, self.board.low_memory_end
        if frames % (1 << wanted.order_per_bit):
            self.refuse(wanted, f"{frames} frames are no multiple of a bit's", "-EINVAL")
        if wanted.fixed and start < boundary < end:
            self.refuse(wanted, f"it would cross from low into high memory at {boundary:#x}", "-EINVAL")
        if end > wanted.limit and not self.rules.trusts_arguments:
            at = f" at {start:#x}" if start else ""
            self.refuse(wanted, f"{size_text(wanted.size)}{at} do not fit below {wanted.limit:#x}", "-EINVAL")

    def fixed_place(self, wanted: AreaRequest) -> int:
        """The base that was asked for."""
        start, end = wanted.base or 0, (wanted.base or 0) + wanted.size
        if overlaps(self.reserved, start, end):
            self.refuse(wanted, f"part of {start:#x}..{end:#x} is reserved already", "-EBUSY")
        if not covers(self.memory(), start, end):
            self.refuse(wanted, f"{start:#x}..{end:#x} is not all memory, so it is not activated", "-EINVAL")
        return start

    def free_place(self, wanted: AreaRequest) -> int:
        """The first of the places that the kernel tries.

        6.12 tries the place above 4 GiB before high memory; no machine here has both.
        """
        low, limit = wanted.base or 0, wanted.limit
        base = None
        if low < self.board.low_memory_end < limit:
            base, limit = self.highest(wanted, self.board.low_memory_end, limit), self.board.low_memory_end
        if base is None:
            base = self.above_four_gib(wanted)
        if base is None:
            base = self.highest(wanted, low, limit)
        if base is None:
            self.refuse(wanted, f"no {size_text(wanted.size)} are free below {limit:#x}", "-ENOMEM")
        return base

    def highest(self, wanted: AreaRequest, start: int, end: int) -> int | None:
        """memblock_alloc_range_nid, top-down; never the first page."""
        start = max(start, self.board.architecture.page_size)
        return find_top_down(self.free(wanted.node), wanted.size, wanted.alignment, start, end)

    def above_four_gib(self, wanted: AreaRequest) -> int | None:
        """The lowest place out of the way of devices with 32 address bits."""
        enough = self.board.end_of_memory >= _FOUR_GIB + wanted.size
        if not (self.rules.avoids_low_memory and self.board.architecture.bits == 64 and enough):
            return None
        return find_bottom_up(self.free(wanted.node), wanted.size, wanted.alignment, _FOUR_GIB, wanted.limit)

    # Both.

    def add(self, request: AreaRequest, base: int, size: int) -> None:
        """cma_init_reserved_mem: give the area a slot."""
        slots = self.board.max_areas + self.rules.spare_slot
        if len(self.areas) >= slots:
            self.refuse(request, f"all {slots} slots are taken (CONFIG_CMA_AREAS)", "-ENOSPC")
        shift = self.board.architecture.page_shift
        if (self.alignment >> shift) % (1 << request.order_per_bit) and self.rules.aligned_to_largest_order:
            self.refuse(request, "a bit stands for more than the smallest area", "-EINVAL")
        self.areas.append(Area(request.name, Pfn(base >> shift), size >> shift, request.order_per_bit))
        self.made.append(Reservation(base, base + size, request.name))
        self.has_default = self.has_default or request.default
