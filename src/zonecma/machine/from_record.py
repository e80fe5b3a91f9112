"""The board on which a recorded kernel booted, and what its log leaves open."""

from __future__ import annotations

from dataclasses import dataclass

from zonecma.capture.boot_record import BootRecord
from zonecma.errors import InputError
from zonecma.kernel.rules import NEWEST, RULES
from zonecma.kernel.state import ORDER_STRIDE
from zonecma.kernel.thresholds import HugePages
from zonecma.kernel.units import Pfn, ZoneIndex
from zonecma.kernel.zone import NAMES, ZONE_CMA, ZONE_DMA32, ZONE_HIGHMEM, ZONE_MOVABLE
from zonecma.machine.architecture import Architecture
from zonecma.machine.board import Board, MemoryModel, MemoryRange, Reservation
from zonecma.machine.boot.possible import check_board
from zonecma.machine.boot.progress import Given
from zonecma.machine.command_line import apply_command_line, options
from zonecma.machine.machine import Area
from zonecma.machine.memblock import Range, Ranges, union, without
from zonecma.machine.spans import limits_of, zone_limits

_PAGE = 4096
NO_LIMIT = 1 << 62
"""A frame beyond all memory."""
_LOGGED = NAMES[:ZONE_MOVABLE]
"""The zones that "Zone ranges:" lists."""
_MOST_CPUS = 8192
"""NR_CPUS of the largest configuration (x86-64, MAXSMP)."""
_KERNEL_IMAGE = 16 << 20
"""Where x86 kernels lie: what they free of themselves lands in the zone of this address."""


@dataclass(frozen=True)
class RecordedBoard:
    """All that booting needs of a recording."""

    board: Board
    areas: tuple[Area, ...]
    given: Given
    inputs: tuple[str, ...]
    """what is taken from the recording because its log does not decide it; sentences"""


def board_of_record(record: BootRecord) -> RecordedBoard:
    """Read a recorded kernel's board off its log; raises InputError where it says too little."""
    log = record.log
    if not log.zones or not log.memory:
        raise InputError(
            f"{record.name}: its kernel log names no zones or no memory; expected the lines that follow"
            " 'Zone ranges:'"
        )
    board = Board(
        name=record.name,
        architecture=_architecture(record),
        memory=tuple(MemoryRange(start, end, node) for start, end, node in log.memory),
        reserved=tuple(Reservation(one.start, one.end) for one in _reserved(record)),
        nr_cpus=_cpus(record),
        smp="vm stats threshold" in record.zones[0].sizes,
        memory_model=MemoryModel.SPARSEMEM if "DMA32" in log.zones else MemoryModel.FLATMEM,
        huge_pages=HugePages.ON if "thp_fault_alloc" in record.vmstat else HugePages.ABSENT,
        rules=record.series,
        source=f"the boot recorded in {record.name}",
    )
    board = _with_options(board, record.command_line)
    areas = _areas(record)
    check_board(board)
    given, inputs = _given(record, board, areas)
    return RecordedBoard(board, areas, given, inputs)


_NOT_SHOWN = ("kernelcore", "movablecore", "movable_node", "transparent_hugepage")
"""Options whose effect the log does not show."""


def _with_options(board: Board, command_line: str) -> Board:
    """The board with what the kernel was told besides what its log shows."""
    told = [f"{name}={value}" for name, value in options(command_line) if name in _NOT_SHOWN]
    return apply_command_line(board, " ".join(told))


def _architecture(record: BootRecord) -> Architecture:
    """The zones as this very kernel printed them, and its orders."""
    zones = [zone for zone, _ in _zone_ends(record)]
    return Architecture(
        name="x86, as recorded",
        zone_ends=_zone_ends(record),
        bits=64 if ZONE_DMA32 in zones or (ZONE_HIGHMEM not in zones and _above_4g(record)) else 32,
        pageblock_order=_order(record, "pageblocks", _pageblock_order(record)),
        max_order=_order(record, "the largest chunks", _max_order(record)),
    )


def _zone_ends(record: BootRecord) -> tuple[tuple[ZoneIndex, int], ...]:
    """Each zone and its end; an empty one ends where the one below it does."""
    ends: list[tuple[ZoneIndex, int]] = []
    below = 0
    for name, extent in record.log.zones.items():
        if name not in _LOGGED:
            raise InputError(
                f"{record.name}: its kernel has a zone {name!r}; expected one of {list(_LOGGED)}"
            )
        start, end = extent or (below, below)
        if not below <= start <= end:
            raise InputError(
                f"{record.name}: zone {name} is {start:#x}..{end:#x}; expected it above {below:#x}"
            )
        ends.append((ZoneIndex(NAMES.index(name)), end))
        below = end
    return tuple(ends)


def _order(record: BootRecord, what: str, order: int) -> int:
    if not 0 < order < ORDER_STRIDE:
        raise InputError(f"{record.name}: {what} have order {order}; expected 1 to {ORDER_STRIDE - 1}")
    return order


def _cpus(record: BootRecord) -> int:
    cpus = max(len(zone.pagesets) for zone in record.zones)
    if not 0 < cpus <= _MOST_CPUS:
        raise InputError(f"{record.name}: its zoneinfo shows {cpus} CPUs; expected 1 to {_MOST_CPUS}")
    return cpus


def _above_4g(record: BootRecord) -> bool:
    return any(end > 1 << 32 for _, end, _ in record.log.memory)


def _pageblock_order(record: BootRecord) -> int:
    """As the kernel says; else as it comes of having huge pages or not (include/linux/pageblock-flags.h)."""
    if record.page_types:
        return record.page_types.pageblock_order
    return 9 if "HugePages_Total" in record.meminfo else _max_order(record)


def _max_order(record: BootRecord) -> int:
    if not record.page_types:
        return 10
    return max(len(counts) for counts in record.page_types.free.values()) - 1


def _reserved(record: BootRecord) -> Ranges:
    """What memblock keeps when it hands over."""
    reserved = union(record.log.reserved)
    for reserves, (start, end) in record.log.calls:
        one = (Range(start, end),)
        reserved = union([*reserved, *one]) if reserves else without(reserved, one)
    return reserved


def _areas(record: BootRecord) -> tuple[Area, ...]:
    return tuple(
        Area(f"area {number}" if number else "reserved", Pfn(start // _PAGE), (end - start) // _PAGE, 0)
        for number, (start, end) in enumerate(record.log.areas)
    )


def _given(record: BootRecord, board: Board, areas: tuple[Area, ...]) -> tuple[Given, tuple[str, ...]]:
    node = board.nodes[0]
    late = {(node, _zone_at(board, _KERNEL_IMAGE)): record.log.freed_early // _PAGE}
    if record.log.reserved:
        return Given(late=late), ()
    if record.early:
        managed = {(node, zone.index): zone.managed for zone in record.early.zones}
        return Given(managed, late), (
            "given: managed pages of each zone, from the snapshot when tracing begins",
        )
    if record.log.printed:
        return Given(_from_printed(record, board, areas)), (
            "given: managed pages of each zone, from the lines its kernel printed after the core initcalls",
        )
    return Given(_from_zoneinfo(record, board, areas)), (
        "given: managed pages of each zone, from /proc/zoneinfo and what the log says was available",
    )


def _zone_at(board: Board, address: int) -> ZoneIndex:
    for zone, end in board.architecture.zone_ends:
        if end is None or address < end:
            return zone
    return board.architecture.zone_ends[-1][0]


def _from_printed(
    record: BootRecord, board: Board, areas: tuple[Area, ...]
) -> dict[tuple[int, ZoneIndex], int]:
    """Managed pages without the areas, by the first line of each zone."""
    managed: dict[tuple[int, ZoneIndex], int] = {}
    node = board.nodes[0]
    own_zone = any(one.zone == ZONE_CMA for one in record.log.printed)
    for one in record.log.printed:
        if one.zone == ZONE_CMA or (node, one.zone) in managed:
            continue
        lent = 0 if own_zone else _lent(board, areas, one.zone)
        managed[node, one.zone] = one.managed - lent
    return managed


def _from_zoneinfo(
    record: BootRecord, board: Board, areas: tuple[Area, ...]
) -> dict[tuple[int, ZoneIndex], int]:
    """What zoneinfo says, the largest zone less what was freed after memory was handed over."""
    own_zone = any(zone.name == "CMA" for zone in record.zones)
    managed = {
        (zone.node, index): zone["managed"] - (0 if own_zone else _lent(board, areas, index))
        for zone in record.zones
        if zone.name in NAMES and (index := ZoneIndex(NAMES.index(zone.name))) <= ZONE_MOVABLE
    }
    if record.log.available is not None:
        largest = max(managed, key=lambda one: managed[one])
        managed[largest] -= sum(managed.values()) - record.log.available // _PAGE
    return managed


def _lent(board: Board, areas: tuple[Area, ...], zone: ZoneIndex) -> int:
    """Frames of areas that begin in a zone, as far as they lie in it: activation got no further."""
    movable = limits_of(board, RULES.get(board.rules, NEWEST)).movable_pfn.get(board.nodes[0], NO_LIMIT)
    extents = {index: (start, min(end, movable)) for index, (start, end) in zone_limits(board).items()}
    extents[ZONE_MOVABLE] = (movable, NO_LIMIT)
    start, end = extents.get(zone, (0, 0))
    return sum(min(area.end_pfn, end) - area.base_pfn for area in areas if start <= area.base_pfn < end)
