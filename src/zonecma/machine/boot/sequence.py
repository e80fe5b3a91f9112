"""The order in which a kernel boots its allocator: start_kernel, then the initcalls."""

from __future__ import annotations

from zonecma.capture.snapshot import Snapshot
from zonecma.kernel.features import follow
from zonecma.kernel.rules import Rules
from zonecma.kernel.state import State, empty_state
from zonecma.kernel.thresholds import (
    NAMED_RATIO,
    Tunables,
    calculate_min_free_kbytes,
    hugepage_init,
    positional_ratio,
    refresh_zone_stat_thresholds,
    setup_per_zone_lowmem_reserve,
    setup_per_zone_wmarks,
    zone_set_pageset_high_and_batch,
)
from zonecma.kernel.units import ZoneIndex
from zonecma.kernel.zone import MAX_NR_ZONES, ZONE_CMA, ZONE_HIGHMEM, ZONE_MOVABLE
from zonecma.machine.board import Board
from zonecma.machine.boot.cma_init import cma_init_reserved_areas
from zonecma.machine.boot.contiguous import set_zone_contiguous
from zonecma.machine.boot.early import allocate_before_tracing
from zonecma.machine.boot.mem_init import free_late, mem_init
from zonecma.machine.boot.memmap import free_area_init
from zonecma.machine.boot.possible import check_areas, check_board
from zonecma.machine.boot.progress import Boot, Given
from zonecma.machine.boot.zonelists import build_all_zonelists
from zonecma.machine.kernelcore import end_of_node, frames_of_node
from zonecma.machine.machine import Area
from zonecma.machine.spans import Limits, limits_of
from zonecma.machine.state import bits_of, set_areas
from zonecma.placement.policy import Placement
from zonecma.placement.population import ReserveRatio

NOTHING_GIVEN = Given()


def boot_board(
    board: Board,
    rules: Rules,
    placement: Placement,
    areas: tuple[Area, ...],
    given: Given = NOTHING_GIVEN,
    early: Snapshot | None = None,
) -> Boot:
    """Boot a board whose ``areas`` have their places; raises InputError when it can't be.

    ``early``: the recorded allocator when tracing began, for the requests made until then.
    """
    boot = start(board, rules, placement, areas)
    start_kernel(boot, given, early)
    initcalls(boot)
    return boot


def start(board: Board, rules: Rules, placement: Placement, areas: tuple[Area, ...]) -> Boot:
    """The machine at power-on; raises InputError for one that can't be."""
    check_board(board)
    check_areas(board, areas)
    limits = limits_of(board, rules)
    nodes = {node: _empty_node(board, rules, node, areas) for node in board.nodes}
    tunables = Tunables(rules, board.architecture.page_size >> 10, _highmem(board, limits), NAMED_RATIO)
    boot = Boot(board, rules, placement, limits, tunables, areas, nodes)
    boot.tunables = Tunables(rules, tunables.page_kib, tunables.highmem, _reserve_ratio(boot))
    return boot


def start_kernel(boot: Boot, given: Given, early: Snapshot | None) -> None:
    """From the first zone to the last page that is freed before initcalls."""
    free_area_init(boot)
    build_all_zonelists(boot)
    mem_init(boot, given)
    if early:
        allocate_before_tracing(boot, early)
    setup_per_cpu_pageset(boot)
    free_late(boot, given)
    set_zone_contiguous(boot)


def initcalls(boot: Boot) -> None:
    """CMA and the thresholds, in this kernel's order; then khugepaged."""
    population = boot.placement.population
    late = boot.rules.boot.watermarks_before_cma and not (population and population.before_watermarks)
    for call in (init_per_zone_wmark_min, cma_init_reserved_areas)[:: 1 if late else -1]:
        call(boot)
    start_khugepaged(boot)


def setup_per_cpu_pageset(boot: Boot) -> None:
    """Give every zone that has pages per-cpu lists of its own."""
    for node, zone, record in boot.populated():
        record.boot_pageset = 0
        zone_set_pageset_high_and_batch(boot.nodes[node], zone, boot.tunables)
    names = ", ".join(boot.name_of(node, zone) for node, zone, _ in boot.populated())
    boot.log("setup_per_cpu_pageset", f"per-cpu lists for {names}; other zones share those of early boot")


def init_per_zone_wmark_min(boot: Boot) -> None:
    """Compute min_free_kbytes, watermarks, counter thresholds and reserves of all zones."""
    nodes = list(boot.nodes.values())
    boot.min_free_kbytes = calculate_min_free_kbytes(nodes, boot.tunables)
    set_watermarks(boot)
    refresh_zone_stat_thresholds(nodes, boot.tunables)
    setup_per_zone_lowmem_reserve(nodes, boot.tunables)
    boot.log("init_per_zone_wmark_min", f"min_free_kbytes {boot.min_free_kbytes}", *_marks(boot))


def set_watermarks(boot: Boot) -> None:
    """Watermarks from min_free_kbytes (setup_per_zone_wmarks), as a write to that file does.

    From 5.14 on the size of per-cpu lists follows them.
    """
    nodes = list(boot.nodes.values())
    setup_per_zone_wmarks(nodes, boot.tunables, boot.min_free_kbytes)
    if boot.rules.boot.pageset_follows_watermarks:
        for node, zone, record in boot.populated():
            if not record.boot_pageset:
                zone_set_pageset_high_and_batch(boot.nodes[node], zone, boot.tunables)


def start_khugepaged(boot: Boot) -> None:
    """Let huge pages change min_free_kbytes and have the watermarks computed anew (subsys_initcall)."""
    nodes, before = list(boot.nodes.values()), boot.min_free_kbytes
    anew = hugepage_init(nodes, boot.tunables, boot.board.huge_pages, before)
    if anew is None:
        return
    boot.min_free_kbytes = anew
    set_watermarks(boot)
    boot.log("set_recommended_min_free_kbytes", f"min_free_kbytes {boot.min_free_kbytes}", *_marks(boot))


def _marks(boot: Boot) -> list[str]:
    lines = []
    for node, zone, record in boot.populated():
        marks = "/".join(str(mark) for mark in record.watermark[:3])
        kept = ", ".join(str(record.lowmem_reserve[higher]) for higher in boot.configured)
        lines.append(f"{boot.name_of(node, zone)}: min/low/high {marks}, lowmem_reserve ({kept})")
    return lines


def _empty_node(board: Board, rules: Rules, node: int, areas: tuple[Area, ...]) -> State:
    """A node's allocator, with the areas in its memory, before anything is set up."""
    ranges = frames_of_node(board, node)
    own = [area for area in areas if any(start <= area.base_pfn < end for start, end in ranges)]
    state = empty_state(
        end_of_node(board, node),
        board.nr_cpus,
        pageblock_order=board.architecture.pageblock_order,
        max_order=board.architecture.max_order,
        nr_areas=len(own),
        nr_bits=bits_of(own),
        log_entries=0,
    )
    follow(state, rules)
    set_areas(state, own)
    state.pcp.batch = 1
    return state


def _highmem(board: Board, limits: Limits) -> frozenset[ZoneIndex]:
    """The zones that is_highmem() names."""
    if not board.architecture.has_highmem:
        return frozenset()
    movable = {ZONE_MOVABLE} if limits.movable_zone == ZONE_HIGHMEM else set()
    return frozenset({ZONE_HIGHMEM, ZONE_CMA} | movable)


def _reserve_ratio(boot: Boot) -> tuple[int, ...]:
    """vm.lowmem_reserve_ratio by zone."""
    population = boot.placement.population
    named = population and population.zone == ZONE_CMA and population.reserve_ratio is ReserveRatio.NAMED
    if not boot.rules.boot.positional_reserve_ratio or named:
        return NAMED_RATIO
    ratio = list(positional_ratio(boot.configured, entries=len(boot.configured) - 1))
    if population and population.reserve_ratio is ReserveRatio.LISTED:
        ratio[ZONE_MOVABLE] = 32
    return tuple(ratio[:MAX_NR_ZONES])
