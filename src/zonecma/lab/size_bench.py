"""What is to be sized, and all that the runs of it share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from zonecma.errors import InputError
from zonecma.kernel.rules import Rules
from zonecma.lab.scenario_setup import Terms
from zonecma.lab.size_search import Range
from zonecma.lab.size_trial import Trial
from zonecma.machine.area_rules import smallest_alignment
from zonecma.machine.board import Board
from zonecma.machine.memblock import align_down, align_up
from zonecma.machine.sizes import size_text
from zonecma.machine.wanted_area import largest_area, ram_of
from zonecma.placement import COMPARED
from zonecma.workload.needs import Need

MOST_RUNS = 80
"""Runs of a test, unless told."""
_LARGEST_SHARE = 2
"""An area of more than one part in so many of RAM is not looked for, unless told."""


@dataclass(frozen=True)
class Question:
    """What is to be sized."""

    needs: tuple[Need, ...]
    """a need without buffers: what the load itself asks for"""
    placements: tuple[str, ...] = tuple(one.name for one in COMPARED)
    machine: str = ""
    """the load's own if empty"""
    terms: Terms = field(default_factory=Terms)
    below: int = 0
    """the address that devices' addresses end at; 0: as the board has it"""
    most: int = 0
    """bytes of the largest area; 0: half of RAM"""
    most_runs: int = MOST_RUNS


@dataclass(frozen=True)
class Bench:
    """A load on a machine, ready to be run with areas of other sizes."""

    load: str
    """as a user names it"""
    question: Question
    machine: str
    rules: Rules
    board: Board
    """before an area is asked for, under the kernel's rules"""
    where: Range
    most_reason: str
    """why no larger one is looked at"""
    trial: Callable[[str, int, int], Trial]
    """a run by placement, bytes of the area, and seed"""
    notes: tuple[str, ...] = ()
    """what its figures rest on"""


def range_of(
    board: Board, needed: int, question: Question, room: int = 0, unit: int = 0
) -> tuple[Range, str]:
    """The sizes to look at, and why none is larger.

    ``needed`` bytes must fit; ``room``: bytes that an area of this load can have at most, ``unit``: what
    it is a multiple of, besides what the board says.  Raises InputError where nothing is needed, or more
    than fits.
    """
    if not needed:
        raise InputError("the load asks for no contiguous buffer itself; expected --need SIZE[:COUNT]")
    unit = max(unit, smallest_alignment(board))
    least = align_up(max(needed, unit), unit)
    cap, reason = _cap(board, question, room)
    most, refused = largest_area(board, align_down(cap, unit), question.below)
    if least > most:
        raise InputError(
            f"{board.name}: the needs are {size_text(least)} together, and an area has {size_text(most)} at"
            f" most ({refused or reason}); expected less to be held at once"
        )
    return Range(least, align_down(most, unit), unit), refused or reason


def _cap(board: Board, question: Question, room: int) -> tuple[int, str]:
    cap = question.most or ram_of(board) // _LARGEST_SHARE
    if room and room < cap:
        return room, "the recorded zone has no room for more below the area's end"
    return cap, f"--most {size_text(cap)}" if question.most else "half of RAM"
