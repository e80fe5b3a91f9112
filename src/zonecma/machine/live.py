"""The board of a machine that runs, from files of its /proc."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from zonecma.capture.proc.zoneinfo import ZoneInfo, parse_zoneinfo
from zonecma.errors import InputError
from zonecma.kernel.zone import ZONE_DMA, ZONE_NORMAL
from zonecma.machine.architecture import (
    ARM64,
    ARM_HIGHMEM,
    GIB,
    MIB,
    X86_32,
    X86_32_HIGHMEM,
    X86_64,
    Architecture,
)
from zonecma.machine.area_rules import AREA_RULES, NEWEST_SERIES
from zonecma.machine.board import AreaRequest, Board, MemoryRange, Reservation
from zonecma.machine.command_line import apply_command_line
from zonecma.machine.iomem import Resource, parse_iomem
from zonecma.machine.memblock import Range, Ranges, align_down, align_up, union, without
from zonecma.machine.page_size import page_size_of
from zonecma.machine.sizes import size_text

_X86_DMA_FRAMES = 16 * MIB >> 12
"""ZONE_DMA's end: 16 MiB, the reach of the ISA bus"""
_KERNEL = re.compile(r"Kernel (code|rodata|data|bss)$")
_CMA_TOTAL = re.compile(r"^CmaTotal: +(\d{1,12}) kB$", re.MULTILINE)
_RELEASE = re.compile(r"\b(\d{1,3}\.\d{1,3})\.\d")
_LARGEST_FILE = 16 << 20


def read_proc(folder: Path) -> Board:
    """The board of /proc, or of a folder with copies of zoneinfo and iomem.

    meminfo, cmdline and version are read where there are any.  Raises InputError with the file.
    """
    files = {name: _read(folder / name) for name in ("zoneinfo", "iomem", "meminfo", "cmdline", "version")}
    for name in ("zoneinfo", "iomem"):
        if not files[name]:
            raise InputError(f"{folder / name}: expected a copy of /proc/{name}, found nothing")
    return board_of_proc(**files, source=str(folder))


def _read(path: Path) -> str:
    """A file's text; empty when there is none."""
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_FILE).decode(errors="replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None


def board_of_proc(
    zoneinfo: str,
    iomem: str,
    meminfo: str = "",
    cmdline: str = "",
    version: str = "",
    source: str = "/proc",
) -> Board:
    """The board that the texts of these files show.

    Raises InputError with the file and line of what can't be read.
    """
    zones = parse_zoneinfo(zoneinfo, f"{source}/zoneinfo")
    resources = parse_iomem(iomem, f"{source}/iomem")
    ram = union((one.start, one.end) for one in resources if one.name.startswith("System RAM"))
    if not ram:
        raise InputError(f"{source}/iomem: expected a range of System RAM")
    architecture = architecture_of(zones, resources, ram)
    board = Board(
        name=f"the machine of {source}",
        architecture=architecture,
        memory=_memory(ram, zones, architecture.page_size, source),
        reserved=tuple(_reservations(resources, architecture.page_size)),
        nr_cpus=max(len(zone.pagesets) for zone in zones) or 1,
        rules=_series(version),
        source=source,
        notes=tuple(_notes(version)),
    )
    return _with_areas(apply_command_line(board, cmdline, ram=False), meminfo)


def _series(version: str) -> str:
    """The kernel's series where its rules are known, else empty: the newest."""
    match = _RELEASE.search(version)
    return match[1] if match and match[1] in AREA_RULES else ""


def _notes(version: str) -> Iterator[str]:
    yield "early allocations of its boot are not in these files: an area may lie lower than foreseen"
    if not _series(version):
        yield f"the rules of its kernel are not known: those of {NEWEST_SERIES} are used"


# Which architecture: zones are called and end differently.


def architecture_of(zones: Sequence[ZoneInfo], resources: Sequence[Resource], ram: Ranges) -> Architecture:
    """The architecture whose kernel prints such zones; ``ram`` is not empty."""
    ends = {name: max(_end(zone) for zone in zones if zone.name == name) for name in _names(zones)}
    is_x86 = 0 < ends.get("DMA", 0) <= _X86_DMA_FRAMES or any(one.name == "System ROM" for one in resources)
    if "HighMem" in ends:
        arm = ARM_HIGHMEM.with_zone_end(ZONE_NORMAL, ends.get("Normal", 0) * ARM_HIGHMEM.page_size)
        return X86_32_HIGHMEM if is_x86 else arm
    if is_x86:
        return X86_64 if "DMA32" in ends else X86_32
    built = ARM64.with_pages_of(_page_size(zones, ram) >> 10)
    dma_end = ends.get("DMA", 0) * built.page_size
    is_narrow = 0 < dma_end < min(4 * GIB, ram[-1].end)
    return built.with_zone_end(ZONE_DMA, dma_end) if is_narrow else built


def _names(zones: Sequence[ZoneInfo]) -> list[str]:
    return list(dict.fromkeys(zone.name for zone in zones))


def _end(zone: ZoneInfo) -> int:
    """The frame after a zone; 0 for one without pages."""
    spanned = zone.sizes.get("spanned", 0)
    return zone.sizes.get("start_pfn", 0) + spanned if spanned > 0 else 0


def _page_size(zones: Sequence[ZoneInfo], ram: Ranges) -> int:
    return page_size_of(sum(zone["present"] for zone in zones), sum(end - start for start, end in ram))


# Memory and what is in it.


def _memory(ram: Ranges, zones: list[ZoneInfo], page: int, source: str) -> tuple[MemoryRange, ...]:
    """Each range on the node whose zones span it; whole pages."""
    pages = union((align_up(start, page), align_down(end, page)) for start, end in ram)
    found: list[MemoryRange] = []
    for node in sorted({zone.node for zone in zones}):
        spans = union(
            (zone.sizes.get("start_pfn", 0) * page, _end(zone) * page) for zone in zones if zone.node == node
        )
        outside = without(pages, _hull(spans))
        found += [MemoryRange(*one, node) for one in without(pages, outside)]
        pages = outside
    if not found:
        raise InputError(
            f"{source}: the zones of zoneinfo and the System RAM of iomem have no page in common"
        )
    return tuple(sorted(found, key=lambda one: one.start))


def _hull(spans: Ranges) -> Ranges:
    return (Range(spans[0].start, spans[-1].end),) if spans else ()


def _reservations(resources: list[Resource], page: int) -> Iterator[Reservation]:
    """The kernel image, as one, and memory for a crash kernel."""
    image = [one for one in resources if _KERNEL.match(one.name)]
    if image:
        start, end = min(one.start for one in image), max(one.end for one in image)
        yield Reservation(align_down(start, page), align_up(end, page), "kernel image")
    for one in resources:
        if one.name == "Crash kernel":
            yield Reservation(one.start, one.end, one.name)


def _with_areas(board: Board, meminfo: str) -> Board:
    """Where no option asks for the areas that meminfo counts, one that stands for them."""
    match = _CMA_TOTAL.search(meminfo)
    total, asked = int(match[1]) << 10 if match else 0, sum(one.size for one in board.areas)
    if not total or total == asked:
        return board
    if board.areas:
        note = f"meminfo counts {size_text(total)} of CMA, the command line asks for {size_text(asked)}"
        return dataclasses.replace(board, notes=(*board.notes, note))
    limit = board.architecture.default_area_limit
    area = AreaRequest("reserved", total, limit=limit, default=True)
    note = f"{size_text(total)} of CMA are taken to be one area, where the kernel would put its default one"
    return dataclasses.replace(board, areas=(area,), notes=(*board.notes, note))
