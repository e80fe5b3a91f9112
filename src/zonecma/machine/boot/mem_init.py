"""mem_init: memory that nothing has reserved goes to the allocator."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from zonecma.errors import InputError
from zonecma.kernel.boot import free_reserved_pages, memblock_free_pages
from zonecma.kernel.state import RESERVED
from zonecma.kernel.units import Cpu, Pfn, ZoneIndex
from zonecma.kernel.zone import NAMES, NO_ZONE, ZONE_HIGHMEM
from zonecma.machine.board import Board
from zonecma.machine.boot.progress import Boot, Given
from zonecma.machine.kernelcore import frames_of_node
from zonecma.machine.machine import Area
from zonecma.machine.memblock import Range, union, without


def mem_init(boot: Boot, given: Given) -> None:
    """Free what is not reserved: low memory in chunks, then high memory page by page.

    Ranges are of frames.  Where ``given`` says how many frames a zone gets, but no map says
    which, they are the highest that can be.
    """
    lines: list[str] = []
    for node, state in boot.nodes.items():
        high = []
        for zone, part in _parts(boot, node, given):
            lines.append(f"{boot.name_of(node, zone)}: frames {part.start} to {part.end - 1} freed")
            if zone == ZONE_HIGHMEM:
                high.append(part)
            else:
                memblock_free_pages(state, Pfn(part.start), Pfn(part.end))
                state.zone[zone].managed += part.end - part.start
        for start, end in high:
            free_reserved_pages(state, Cpu(0), Pfn(start), Pfn(end))
        _free_lowmem_twice(boot, node)
    lines += [f"{boot.name_of(n, i)}: {z.managed} frames managed" for n, i, z in boot.populated()]
    boot.log("mem_init", *lines)


def _parts(boot: Boot, node: int, given: Given) -> Iterator[tuple[ZoneIndex, Range]]:
    """A node's free ranges, ascending, cut where the zone changes."""
    parts: dict[ZoneIndex, list[Range]] = {}
    for start, end in free_ranges(boot.board, boot.areas, node):
        zones = boot.nodes[node].frame.zone[start:end]
        edges = [start, *(start + 1 + np.flatnonzero(zones[1:] != zones[:-1])), end]
        for bottom, top in itertools.pairwise(edges):
            parts.setdefault(ZoneIndex(zones[bottom - start]), []).append(Range(int(bottom), int(top)))
    for zone, ranges in parts.items():
        wanted = given.managed.get((node, zone))
        kept = ranges if wanted is None else _highest(boot, node, zone, ranges, wanted)
        yield from ((zone, part) for part in kept if zone != NO_ZONE)


def _highest(boot: Boot, node: int, zone: ZoneIndex, ranges: list[Range], wanted: int) -> list[Range]:
    """The ``wanted`` highest frames of some ranges, ascending."""
    most = sum(end - start for start, end in ranges)
    if not 0 <= wanted <= most:
        raise InputError(
            f"{boot.board.name}: zone {NAMES[zone]} of node {node} is said to manage {wanted} frames"
            f" outside of its areas, where it has {most}; expected zoneinfo and log of one boot"
        )
    kept: list[Range] = []
    for start, end in reversed(ranges):
        if wanted:
            kept.insert(0, Range(max(start, end - wanted), end))
            wanted -= kept[0].end - kept[0].start
    return kept


def free_ranges(board: Board, areas: tuple[Area, ...], node: int) -> list[Range]:
    """Frames of a node that are wholly outside of reservations and areas (for_each_free_mem_range)."""
    size = board.architecture.page_size
    taken = [(one.start // size, -(-one.end // size)) for one in board.reserved]
    taken += [(int(area.base_pfn), int(area.end_pfn)) for area in areas]
    return list(without(union(frames_of_node(board, node)), union(taken)))


def _free_lowmem_twice(boot: Boot, node: int) -> None:
    """Count what add_highpages_with_active_regions frees although memblock has freed it already.

    x86-32: set_highmem_pages_init walks the span of every zone that is_highmem() names, and
    ZONE_MOVABLE's has been widened to the node.
    """
    population = boot.placement.population
    widened = population and population.frees_lowmem_as_highmem and population.zone in boot.tunables.highmem
    if widened:
        low = [z for z in boot.configured if z not in boot.tunables.highmem]
        boot.freed_twice += sum(int(boot.nodes[node].zone[zone].managed) for zone in low)


def free_late(boot: Boot, given: Given) -> None:
    """Free what early boot keeps until its CPUs run: the highest of the zone's reserved frames."""
    for (node, zone), count in given.late.items():
        state = boot.nodes[node]
        inside = np.zeros(len(state.frame), bool)
        for area in boot.areas_of(node):
            inside[area.base_pfn : area.end_pfn] = True
        frames = state.frame
        free = np.flatnonzero((frames.where == RESERVED) & (frames.zone == zone) & ~inside)[-count:]
        for pfn in free:
            free_reserved_pages(state, Cpu(0), Pfn(pfn), Pfn(pfn + 1))
        if count:
            boot.log("free_reserved_area", f"{boot.name_of(node, zone)}: {count} frames freed one by one")
