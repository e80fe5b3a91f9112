"""free_area_init: zones get their spans, frames their zones, pageblocks their first type."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.migratetype import MIGRATE_UNMOVABLE
from zonecma.kernel.state import RESERVED, State
from zonecma.kernel.units import ZoneIndex
from zonecma.machine.board import MemoryModel
from zonecma.machine.boot.progress import Boot
from zonecma.machine.kernelcore import frames_of, frames_of_node
from zonecma.machine.memblock import align_down, align_up, union
from zonecma.machine.memory_map import SECTION
from zonecma.machine.spans import EMPTY, Span, spans_of_node


def free_area_init(boot: Boot) -> None:
    """Set up zones and memory map of every node."""
    for node, state in boot.nodes.items():
        spans = spans_of_node(boot.board, boot.rules, boot.limits, node)
        for zone, span in spans.items():
            _init_zone(state, zone, span)
        _widen(boot, node, spans)
        _unset_unaligned_starts(boot, node)
    boot.log("free_area_init", *(_describe(boot, node, zone) for node, zone, z in boot.zones() if z.spanned))
    boot.log("memmap_init", *(_types(boot, node) for node in boot.nodes))


def _init_zone(state: State, zone: ZoneIndex, span: Span) -> None:
    record = state.zone[zone]
    record.start_pfn, record.spanned, record.present = span.start, span.spanned, span.present
    # A zone that overlaps a lower one takes its frames (memmap_init_zone goes by zone).
    state.frame.zone[span.start : span.end] = zone
    state.frame.where[span.start : span.end] = RESERVED
    record.boot_pageset = 1


def _widen(boot: Boot, node: int, spans: dict[ZoneIndex, Span]) -> None:
    """Give the zone that areas will move to the span of the whole node, with no frame of its own."""
    population = boot.placement.population
    if population is None or (population.zone in spans and not population.frees_lowmem_as_highmem):
        return
    others = [span for span in spans.values() if span.spanned]
    if not others:
        return
    start, end = min(span.start for span in others), max(span.end for span in others)
    own = spans.get(population.zone, EMPTY)
    record = boot.nodes[node].zone[population.zone]
    record.start_pfn, record.spanned, record.present = start, end - start, own.present
    record.boot_pageset = 1
    if population.counted_from_start:
        record.present = sum(area.count for area in boot.areas_of(node))


def _unset_unaligned_starts(boot: Boot, node: int) -> None:
    """A pageblock whose first frame is no memory keeps the type of cleared memory (memmap_init_range)."""
    order = boot.board.architecture.pageblock_order
    ranges = frames_of_node(boot.board, node)
    for start, _ in ranges:
        first = start >> order << order
        if not any(bottom <= first < top for bottom, top in ranges):
            boot.nodes[node].block[first >> order] = MIGRATE_UNMOVABLE


def _describe(boot: Boot, node: int, zone: ZoneIndex) -> str:
    record = boot.nodes[node].zone[zone]
    end = record.start_pfn + record.spanned
    return f"{boot.name_of(node, zone)}: frames {record.start_pfn} to {end - 1}, {record.present} present"


def _types(boot: Boot, node: int) -> str:
    order = boot.board.architecture.pageblock_order
    return f"node {node}: pageblocks of {1 << order} frames, Movable unless their first frame is no memory"


def have_memory_map(boot: Boot, frames: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which frames have a struct page (pfn_valid): those of sections that hold memory, or all."""
    ranges = [frames_of(boot.board, one) for one in boot.board.memory]
    if boot.board.memory_model is MemoryModel.FLATMEM:
        return frames < max(end for _, end in ranges)
    size = SECTION // boot.board.architecture.page_size
    have = np.zeros(len(frames), bool)
    for start, end in union((align_down(start, size), align_up(end, size)) for start, end in ranges):
        have |= (frames >= start) & (frames < end)
    return have
