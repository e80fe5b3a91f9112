"""A board with one area of another size: the one that serves devices without an area of their own."""

from __future__ import annotations

from dataclasses import dataclass, replace

from zonecma.errors import InputError
from zonecma.machine.area_rules import smallest_alignment
from zonecma.machine.areas import Declared, declare_areas
from zonecma.machine.board import AreaRequest, Board
from zonecma.machine.boot.possible import check_areas
from zonecma.machine.machine import Area
from zonecma.machine.memblock import align_down
from zonecma.machine.options.areas import cma

USUAL_NAME = "linux,cma"
"""The node's, where the board has none yet."""


@dataclass(frozen=True)
class WantedArea:
    """An area that is looked for."""

    size: int
    """bytes"""
    below: int = 0
    """the address that it must end below, for its devices reach no further; 0: as the kernel does"""


@dataclass(frozen=True)
class Placed:
    """Where the kernel puts it."""

    board: Board
    """that asks for it"""
    request: AreaRequest
    area: Area
    declared: Declared
    """all areas of the board"""

    @property
    def start(self) -> int:
        """Its first address."""
        return int(self.area.base_pfn) << self.board.architecture.page_shift

    @property
    def end(self) -> int:
        """The address after it."""
        return int(self.area.end_pfn) << self.board.architecture.page_shift


def has_tree(board: Board) -> bool:
    """Whether such a machine is described by a device tree."""
    return not board.architecture.name.startswith("x86")


def with_area(board: Board, wanted: WantedArea) -> Board:
    """The board whose default area is the wanted one, and no other is.

    Where there is a device tree it is a node of it, in the windows of the node that there was; else
    it is what cma= asks for.
    """
    if not has_tree(board):
        return cma(_without_default(board), option_value(wanted))
    request = _tree_request(board, wanted)
    others = _without_default(board)
    return replace(others, areas=(request, *others.areas), default_area_given=False)


def option_value(wanted: WantedArea) -> str:
    """What cma= is given."""
    size = f"{wanted.size >> 20}M" if wanted.size % (1 << 20) == 0 else f"{wanted.size >> 10}K"
    return f"{size}@0-{wanted.below:#x}" if wanted.below else size


def former_default(board: Board) -> AreaRequest | None:
    """The default area that the board's tree asks for."""
    return next((one for one in board.areas if one.default and one.from_tree), None)


def _without_default(board: Board) -> Board:
    return replace(board, areas=tuple(one for one in board.areas if not one.default))


def _tree_request(board: Board, wanted: WantedArea) -> AreaRequest:
    former = former_default(board) or AreaRequest(USUAL_NAME, 0)
    limit = board.architecture.default_area_limit
    windows = former.windows or (((0, limit),) if limit else ())
    if wanted.below:
        windows = tuple((start, min(end, wanted.below)) for start, end in windows or ((0, wanted.below),))
        windows = tuple(one for one in windows if one[0] < one[1])
        if not windows:
            raise InputError(
                f"--dma-limit {wanted.below:#x}: the area's windows on {board.name} begin above it;"
                " expected a higher address"
            )
    return AreaRequest(
        former.name,
        wanted.size,
        alignment=max(former.alignment, smallest_alignment(board)),
        windows=windows,
        from_tree=True,
        default=True,
    )


def place_area(board: Board, wanted: WantedArea) -> Placed:
    """Where the kernel puts the area; raises InputError, with its reason, where it would refuse."""
    asked = with_area(board, wanted)
    request = next(one for one in asked.areas if one.default)
    declared = declare_areas(asked)
    area = next((one for one in declared.areas if one.name == request.name), None)
    if area is None:
        raise InputError(f"{board.name}: {' '.join(declared.notes)}")
    check_areas(asked, declared.areas)
    placed = Placed(asked, request, area, declared)
    if wanted.below and placed.end > wanted.below:  # 4.7 takes a limit that is too low for none
        raise InputError(
            f"{board.name}: --dma-limit {wanted.below:#x}: the kernel would put the area at {placed.start:#x}"
        )
    return placed


def largest_area(board: Board, most: int, below: int = 0) -> tuple[int, str]:
    """The largest size up to ``most`` bytes that the kernel has a place for, and what it says to the next.

    0 where there is no place for any; the reason is empty where there is one for ``most``.
    """
    unit, reason = smallest_alignment(board), ""
    low, high = 0, align_down(most, unit) // unit + 1
    while high - low > 1:
        middle = (low + high) // 2
        try:
            place_area(board, WantedArea(middle * unit, below))
            low = middle
        except InputError as error:
            high, reason = middle, str(error).removeprefix(f"{board.name}: ")
    return low * unit, reason


def ram_of(board: Board) -> int:
    """Bytes of RAM."""
    return sum(one.end - one.start for one in board.memory)
