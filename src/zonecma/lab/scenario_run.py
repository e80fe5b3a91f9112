"""A scenario on a machine: booted, given memory's books, run, counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from zonecma.kernel.memory import Memory
from zonecma.kernel.state import GFP_CLASS, State
from zonecma.kernel.validate import validate
from zonecma.lab.boot import boot_machine
from zonecma.lab.boot_options import rules_called
from zonecma.lab.memory import empty_memory
from zonecma.lab.placements import parse_placement
from zonecma.lab.tasks import Work, run_tasks, work_of
from zonecma.machine.boot.sequence import set_watermarks
from zonecma.placement.tables import fill_tables
from zonecma.workload.scenario import MIB, PAGE_SIZE, Scenario
from zonecma.workload.uses import GFP_MASKS

_SECOND = 1_000_000_000
_PIECE = 5 * _SECOND
"""Of the load's time, run at a stretch: an interrupt is seen after it."""


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


Figures = dict[str, float]
"""What a run is measured by, by name."""


def booted_state(setup: Setup, nr_objects: int) -> State:
    """The machine's allocator after boot, with room for so many objects."""
    placement = parse_placement(setup.placement)
    boot = boot_machine(
        setup.board, placement, rules_called(setup.rules), command_line=setup.command_line
    ).boot
    if setup.rewritten:
        set_watermarks(boot)
    state = boot.nodes[boot.board.nodes[0]]._replace(
        gfp=np.zeros(len(GFP_MASKS), GFP_CLASS).view(np.recarray),
        object_pfn=np.full(nr_objects, -1, np.int32),
    )
    fill_tables(state, placement, GFP_MASKS)
    return state


def run_scenario(scenario: Scenario, setup: Setup, seed: int) -> Figures:
    """Run a scenario to its end."""
    state = booted_state(setup, len(scenario.objects))
    memory = _memory_of(scenario, setup, state, seed)
    work = work_of(scenario, int(state.conf.nr_cpus), seed)
    until = 0
    while run_tasks(state, memory, work, until):
        until += _PIECE
    validate(state)
    return _figures(memory, work)


def _memory_of(scenario: Scenario, setup: Setup, state: State, seed: int) -> Memory:
    objects = scenario.objects
    memory = empty_memory(
        state,
        len(objects),
        swap_pages=setup.swap_mib * MIB,
        costs=setup.costs,
        rules=rules_called(setup.rules),
        seed=seed,
    )
    for name in objects.dtype.names or ():
        memory.page[name][: len(objects)] = objects[name]
    return memory


def _figures(memory: Memory, work: Work) -> Figures:
    run, vm = work.run[0], memory.vm[0]
    looks = max(int(run.samples), 1)
    figures = {
        "elapsed": float(run.ended_at) / _SECOND,
        "mean_free": float(run.free) / looks,
        "mean_free_area": float(run.free_area) / looks,
        "min_free": float(run.min_free),
        "min_free_area": float(run.min_free_area),
        "free_area_at_end": float(run.free_area_at_end),
        "killed": float(run.killed),
        "io_seconds": float(vm.io_ns) / _SECOND,
        "stall_seconds": float(vm.stall_ns) / _SECOND,
    }
    figures["mem_free_kb"] = figures["mean_free"] * PAGE_SIZE / 1024
    return figures | {name: float(vm[name]) for name in COUNTERS}


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
)
"""Of /proc/vmstat."""
