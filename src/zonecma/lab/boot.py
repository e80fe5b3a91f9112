"""Boot a machine in the model, and hold the outcome against a recorded boot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.boot_record import BootRecord, is_boot_record, open_boot_record
from zonecma.errors import InputError
from zonecma.kernel.rules import NEWEST, RULES, Rules
from zonecma.machine.areas import declare_areas
from zonecma.machine.board import Board, MemoryModel
from zonecma.machine.boot.progress import Boot
from zonecma.machine.boot.sequence import NOTHING_GIVEN, boot_board
from zonecma.machine.command_line import apply_command_line
from zonecma.machine.from_record import RecordedBoard, board_of_record
from zonecma.machine.memory_map import reserve_memory_map
from zonecma.machine.read import read_board
from zonecma.placement import HalfFree, LastResort, ZoneCma
from zonecma.placement.policy import Placement

_SMALL = "of early allocations only the memory map is set aside, not hash tables and per-cpu data"


@dataclass(frozen=True)
class Booted:
    """A boot in the model."""

    boot: Boot
    record: BootRecord | None = None
    """the recording of the same machine, where it came from one"""
    inputs: tuple[str, ...] = field(default=())
    """what was given by the recording or assumed, rather than predicted; sentences"""


def boot_machine(
    machine: str,
    placement: Placement | None = None,
    rules: Rules | None = None,
    memory_model: MemoryModel | None = None,
    command_line: str = "",
) -> Booted:
    """Boot a recording's machine, a preset, a device tree or saved /proc files.

    What is None is as the machine says, or as its kernel does it; ``command_line`` comes after
    the machine's own.  Raises InputError for what
    is no machine, and for what its kernel would refuse.
    """
    if is_boot_record(machine):
        if command_line:
            raise InputError(f"--cmdline: {machine} is a recording; expected none, its kernel had its own")
        return _boot_record(open_boot_record(machine), placement, rules, memory_model)
    board = apply_command_line(read_board(machine), command_line)
    return boot_from(board, placement, rules, memory_model)


def boot_from(
    board: Board,
    placement: Placement | None = None,
    rules: Rules | None = None,
    memory_model: MemoryModel | None = None,
) -> Booted:
    """Boot a board as it stands; raises InputError for what its kernel would refuse."""
    rules = rules or RULES.get(board.rules, NEWEST)
    board = replace(board, rules=rules.series, memory_model=memory_model or board.memory_model)
    declared = declare_areas(board)
    board = replace(board, reserved=(*board.reserved, *declared.reserved))
    board = replace(board, reserved=(*board.reserved, *reserve_memory_map(board)))
    boot = boot_board(board, rules, placement or usual_placement(rules), declared.areas, NOTHING_GIVEN)
    return Booted(boot, inputs=tuple(f"assumed: {note}" for note in (*board.notes, *declared.notes, _SMALL)))


def _boot_record(
    record: BootRecord, placement: Placement | None, rules: Rules | None, memory_model: MemoryModel | None
) -> Booted:
    found = board_of_record(record)
    rules = rules or _rules_of(record)
    placement = placement or _placement_of(record, rules)
    board = replace(found.board, rules=rules.series, memory_model=memory_model or found.board.memory_model)
    inputs, early = found.inputs, None
    if _has_map(found) and record.early:
        early = record.early
        inputs = (*inputs, "given: how many frames each type had taken when tracing began (snapshot)")
    boot = boot_board(board, rules, placement, found.areas, found.given, early)
    return Booted(boot, record, inputs)


def _has_map(found: RecordedBoard) -> bool:
    return bool(found.board.reserved)


def _rules_of(record: BootRecord) -> Rules:
    if record.series not in RULES:
        known = ", ".join(RULES)
        raise InputError(f"{record.name}: kernel {record.series} is not modelled; expected one of {known}")
    return RULES[record.series]


def usual_placement(rules: Rules) -> Placement:
    """What a stock kernel of these rules does."""
    return LastResort() if rules.boot.cma_is_last_resort else HalfFree()


def _placement_of(record: BootRecord, rules: Rules) -> Placement:
    has_zone = any(zone.name == "CMA" for zone in record.zones)
    return ZoneCma() if has_zone else usual_placement(rules)


@dataclass(frozen=True)
class Difference:
    """Where the model's boot and the recorded one part."""

    place: str
    """the zone, with its node"""
    field: str
    predicted: str
    recorded: str


@dataclass
class BootCheck:
    """A boot held against a recorded one."""

    booted: Booted
    recording: str
    fields_checked: int = 0
    lists_checked: int = 0
    differences: list[Difference] = field(default_factory=list)
    list_differences: list[Difference] = field(default_factory=list)

    @property
    def fields_equal(self) -> int:
        """Fields that agree."""
        return self.fields_checked - len(self.differences)

    @property
    def lists_equal(self) -> int:
        """Free lists that hold the same chunks in the same order."""
        return self.lists_checked - len(self.list_differences)


def check_boot(booted: Booted, record: BootRecord) -> BootCheck:
    """Compare all that both know: fields of /proc, and free lists where there is a memory map."""
    from zonecma.lab.boot_fields import fields_of

    check = BootCheck(booted, record.name)
    for one in fields_of(booted.boot, record):
        check.fields_checked += 1
        if not one.agrees:
            check.differences.append(Difference(one.place, one.field, one.predicted_text, str(one.recorded)))
    for place, predicted, recorded in _lists(booted.boot, record):
        check.lists_checked += 1
        if not np.array_equal(predicted, recorded):
            check.list_differences.append(Difference(place, "free list", _short(predicted), _short(recorded)))
    return check


_Frames = NDArray[np.int64]
_NONE: _Frames = np.empty(0, np.int64)


def _lists(boot: Boot, record: BootRecord) -> Iterator[tuple[str, _Frames, _Frames]]:
    """Each free list that is not empty in the model or in the snapshot when tracing began."""
    from zonecma.kernel import migratetype, zone

    if boot.lists_when_traced is None or record.early is None:
        return
    recorded = {(z.index, *key): frames for z in record.early.zones for key, frames in z.free.items()}
    for key in sorted(boot.lists_when_traced.keys() | recorded.keys()):
        index, order, kind = key
        place = f"{zone.NAMES[index]}, order {order}, {migratetype.NAMES[kind]}"
        yield place, boot.lists_when_traced.get(key, _NONE), recorded.get(key, _NONE)


def _short(frames: _Frames) -> str:
    shown = " ".join(f"{int(pfn):#x}" for pfn in frames[:6])
    return f"{shown} ... ({len(frames)})" if len(frames) > 6 else shown or "empty"
