"""A board from a device tree, blob or source."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from zonecma.errors import InputError
from zonecma.kernel.zone import ZONE_DMA, ZONE_NORMAL
from zonecma.machine.architecture import ARM64, ARM_LOWMEM, GIB, Architecture
from zonecma.machine.board import AreaRequest, Board, MemoryRange, Reservation
from zonecma.machine.tree.blob import MAX_SIZE, Blob, parse_blob
from zonecma.machine.tree.dma import dma_end
from zonecma.machine.tree.memory import Cells, memory_of, reserved_memory
from zonecma.machine.tree.node import Node
from zonecma.machine.tree.processors import processors_of
from zonecma.machine.tree.source import compile_source

_FOUR_GIB = 4 * GIB


def read_device_tree(path: Path) -> Board:
    """The board of a .dtb or .dts file; raises InputError with the file and the node."""
    if path.suffix == ".dts":
        data = compile_source(path)
    else:
        try:
            with path.open("rb") as file:
                data = file.read(MAX_SIZE + 1)
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}") from None
    return board_of_blob(data, str(path))


def board_of_blob(data: bytes, source: str) -> Board:
    """The board that a blob describes; raises InputError with ``source`` and the node."""
    blob = parse_blob(data, source)
    root, found = blob.root, memory_of(blob.root)
    cpus, known = processors_of(root)
    architecture, memory = _fitted(known or ARM64, found, root)
    regions, cells = list(reserved_memory(root)), Cells.of(root)
    return Board(
        name=root.string("model") or root.string("compatible") or Path(source).stem,
        architecture=architecture,
        memory=memory,
        reserved=_reservations(blob, regions),
        areas=tuple(one for one in regions if isinstance(one, AreaRequest)),
        nr_cpus=cpus,
        cells=(cells.address, cells.size),
        source=source,
        notes=tuple(_notes(known, memory != found)),
    )


def _notes(known: Architecture | None, is_cut: bool) -> list[str]:
    notes = [
        "the kernel image and what the boot loader leaves are not reserved: a tree does not place them",
        "no area comes from the kernel's configuration (CONFIG_CMA_SIZE_MBYTES): cma= gives one",
    ]
    if known is None:
        notes.append("its processors are not known: arm64 was assumed")
    if is_cut:
        notes.append("memory above 4 GiB is not used: a kernel of 32 bits without LPAE was assumed")
    return notes


def _reservations(blob: Blob, regions: list[Reservation | AreaRequest]) -> tuple[Reservation, ...]:
    """Those of nodes, then those of the header."""
    nodes = [one for one in regions if isinstance(one, Reservation)]
    header = [Reservation(start, start + size, "memreserve") for start, size in blob.reserved]
    return (*nodes, *header)


def _fitted(
    architecture: Architecture, memory: tuple[MemoryRange, ...], root: Node
) -> tuple[Architecture, tuple[MemoryRange, ...]]:
    """The architecture with the zones' ends of this machine, and the memory that it can use."""
    if architecture.bits == 64:
        return _with_dma_end(architecture, dma_end(root)), memory
    low = [one for one in memory if one.start < _FOUR_GIB]
    if not low:
        root.expected("memory below 4 GiB: its processors have 32 bits")
    used = tuple(dataclasses.replace(one, end=min(one.end, _FOUR_GIB)) for one in low)
    return architecture.with_zone_end(ZONE_NORMAL, used[0].start + ARM_LOWMEM), used


def _with_dma_end(architecture: Architecture, end: int | None) -> Architecture:
    """ZONE_DMA ends where the narrowest bus does (arch/arm64/mm/init.c, zone_sizes_init)."""
    return architecture if end is None or end >= _FOUR_GIB else architecture.with_zone_end(ZONE_DMA, end)
