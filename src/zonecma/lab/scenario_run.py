"""A scenario on a machine: booted, given memory's books, run, counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.errors import InputError
from zonecma.kernel.memory import Memory
from zonecma.kernel.rules import Rules
from zonecma.kernel.state import GFP_CLASS, State
from zonecma.kernel.validate import validate
from zonecma.kernel.zone import NO_ZONE
from zonecma.lab.boot import boot_from, boot_machine
from zonecma.lab.boot_options import rules_called
from zonecma.lab.memory import empty_memory
from zonecma.lab.placements import parse_placement
from zonecma.lab.targets import PIN_TARGET_MASK, target_mask
from zonecma.lab.tasks import run_tasks
from zonecma.lab.work import Work, work_of
from zonecma.machine.boot.progress import Boot
from zonecma.machine.boot.sequence import set_watermarks
from zonecma.machine.command_line import apply_command_line
from zonecma.machine.durations import Duration
from zonecma.machine.read import read_board
from zonecma.machine.wanted_area import WantedArea, place_area
from zonecma.placement import Home
from zonecma.placement.policy import Placement
from zonecma.placement.tables import fill_tables
from zonecma.workload.scenario import MIB, PAGE_SIZE, Scenario
from zonecma.workload.uses import GFP_MASKS

_SECOND = 1_000_000_000
_PIECE = 5 * _SECOND
"""Of the load's time, run at a stretch: an interrupt is seen after it."""
_TARGET_USERS = len(GFP_MASKS), len(GFP_MASKS) + 1
"""gfp classes of the targets: of contiguous calls, and of pages that are pinned"""


@dataclass(frozen=True)
class Setup:
    """A machine, its kernel and its placement."""

    board: str
    """a preset"""
    placement: str
    command_line: str = ""
    rules: str = "4.7"
    rewritten: bool = False
    """vm.min_free_kbytes is written back before the load, which computes all watermarks anew"""
    swap_mib: int = 1024
    costs: Mapping[str, float] = field(default_factory=dict)
    """ns, where they are not the usual ones: the disks of this machine"""
    durations: Mapping[str, Duration] = field(default_factory=dict)
    """how long pages are bound, where that is drawn"""
    changes: Mapping[str, bool] = field(default_factory=dict)
    """features of the rules that are otherwise (kernel.rules)"""
    area: WantedArea | None = None
    """the default area, and the one that calls ask, in place of the board's own"""

    @property
    def kernel(self) -> Rules:
        """The rules that the kernel follows."""
        return replace(rules_called(self.rules), **self.changes)  # type: ignore[arg-type]


Figures = dict[str, float]
"""What a run is measured by, by name."""


@dataclass(frozen=True)
class ScenarioRun:
    """What became of a scenario."""

    figures: Figures
    area_pages: int
    """frames of all areas"""
    calls: NDArray[Any]
    """CALL[]: contiguous calls, in the order in which they were made"""
    notes: NDArray[Any]
    """NOTE[]: what was in their way"""
    classes: NDArray[Any]
    """WORK[NR_CLASSES]: what they did to the pages in their way"""
    samples: NDArray[Any]
    """SAMPLE[]: memory over time"""
    begun_at: int
    """ns: the clock when the load began"""
    nr_notes: int
    """how many notes there would be, had there been room for all"""


def booted_state(setup: Setup, nr_objects: int) -> State:
    """The machine's allocator after boot, with room for so many objects."""
    placement, rules = parse_placement(setup.placement), setup.kernel
    masks = [*GFP_MASKS, target_mask(rules, placement), PIN_TARGET_MASK]
    boot = _booted(setup, placement, rules)
    if setup.rewritten:
        set_watermarks(boot)
    state = boot.nodes[boot.board.nodes[0]]._replace(
        gfp=np.zeros(len(masks), GFP_CLASS).view(np.recarray),
        object_pfn=np.full(nr_objects, -1, np.int32),
    )
    _ask_first(boot, state, setup)
    if placement.home is Home.NONE:
        _carve_out(state)
    fill_tables(state, placement, masks)
    return state


def _booted(setup: Setup, placement: Placement, rules: Rules) -> Boot:
    """The machine's boot, with the area that is looked for where one is."""
    if setup.area is None:
        return boot_machine(setup.board, placement, rules, command_line=setup.command_line).boot
    board = apply_command_line(read_board(setup.board), setup.command_line)
    placed = place_area(replace(board, rules=rules.series), setup.area)
    return boot_from(placed.board, placement, rules).boot


def _ask_first(boot: Boot, state: State, setup: Setup) -> None:
    """Number the areas so that the one that is looked for is the first, which calls ask."""
    if setup.area is None:
        return
    default = next(one.name for one in boot.board.areas if one.default)
    names = [area.name for area in boot.areas_of(boot.board.nodes[0])]
    if default not in names:
        raise InputError(f"{setup.board}: the area lies on another node; expected one of the first node")
    state.cma[:] = np.roll(state.cma, -names.index(default))


def _carve_out(state: State) -> None:
    """Areas that boot left reserved are their devices' own: no zone has them, and calls move nothing."""
    for area in state.cma:
        state.frame.zone[area.base_pfn : area.base_pfn + area.count] = NO_ZONE


def run_scenario(scenario: Scenario, setup: Setup, seed: int) -> ScenarioRun:
    """Run a scenario to its end."""
    state = booted_state(setup, len(scenario.objects))
    memory = _memory_of(scenario, setup, state, seed)
    work = work_of(scenario, int(state.conf.nr_cpus), seed, _TARGET_USERS)
    run_tasks(state, memory, work, 0)
    before, until = memory.vm[0].copy(), _PIECE
    while run_tasks(state, memory, work, until):
        until += _PIECE
    validate(state)
    run = work.run[0]
    return ScenarioRun(
        figures=_figures(memory, before, work),
        area_pages=int(state.cma["count"].sum()),
        calls=work.call[: min(int(run.calls), len(work.call))].copy(),
        notes=memory.notes[: min(int(memory.vm[0].nr_noted), len(memory.notes))].copy(),
        classes=memory.work.copy(),
        samples=work.sample[: int(run.samples)].copy(),
        begun_at=int(run.begun_at),
        nr_notes=int(memory.vm[0].nr_noted),
    )


def _memory_of(scenario: Scenario, setup: Setup, state: State, seed: int) -> Memory:
    objects = scenario.objects
    memory = empty_memory(
        state,
        len(objects),
        swap_pages=setup.swap_mib * MIB,
        costs=setup.costs,
        durations=setup.durations,
        rules=setup.kernel,
        seed=seed,
    )
    for name in objects.dtype.names or ():
        memory.page[name][: len(objects)] = objects[name]
    return memory


def _figures(memory: Memory, before: Any, work: Work) -> Figures:
    """``before``: VM when the load began."""
    run, vm, samples = work.run[0], memory.vm[0], work.sample[: int(work.run[0].samples)]
    figures = {
        "elapsed": float(run.ended_at - run.begun_at) / _SECOND,
        "mean_free": float(samples["free"].mean()),
        "mean_free_area": float(samples["free_area"].mean()),
        "min_free": float(samples["free"].min()),
        "min_free_area": float(samples["free_area"].min()),
        "free_area_at_end": float(samples["free_area"][-1]),
        "killed": float(run.killed),
        "not_pinned": float(run.not_pinned),
        "io_seconds": float(vm.io_ns - before.io_ns) / _SECOND,
        "stall_seconds": float(vm.stall_ns - before.stall_ns) / _SECOND,
    }
    figures["mem_free_kb"] = figures["mean_free"] * PAGE_SIZE / 1024
    return figures | {name: float(vm[name] - before[name]) for name in COUNTERS}


COUNTERS = (
    "pswpin",
    "pswpout",
    "pgscan_kswapd",
    "pgscan_direct",
    "pageoutrun",
    "allocstall",
    "workingset_refault",
    "oom_kill",
    "pgpgin",
    "pgpgout",
    "pgsteal_kswapd",
    "pgsteal_direct",
    "kswapd_wakes",
    "dropped",
    "failed",
    "workingset_activate",
)
"""Of kernel.memory.VM; most are of /proc/vmstat."""
