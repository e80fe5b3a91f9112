"""The load that a real 4.7 was observed under: jobs that grow, touch what they have, and read files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zonecma.workload.scenario import MIB, PAGES_OF_TABLE, Layout, Scenario, scenario_of
from zonecma.workload.steps import Programs
from zonecma.workload.uses import KERNEL_PAGE, PROGRAM, READ, SLAB, WRITTEN

_FILES, _FILE_PAGES = 64, 3 * MIB
_PASSES = 3
_COPY_NS = 372
"""To copy a page to a program that reads it (machine/costs.toml, copy_page)."""


@dataclass(frozen=True)
class GrowAndTouch:
    """What is known of the load, and what is not."""

    jobs: int
    smallest_mib: int
    largest_mib: int
    """each job grows to a size drawn evenly from here"""
    slowdown: float
    """how many times longer the CPU takes than the one of the usual costs, as it is emulated: fitted"""
    touched_again: int = 64
    """accesses at random for each MiB grown; assumed"""
    slots: int = 16
    written_pages: int = 16
    """the small file that each job writes; assumed"""
    kernel_mib: int = 16
    """what a kernel with an initial ramdisk has taken (free pages of the observed boots)"""
    slot_kernel_pages: int = 12
    """stack, descriptors and tables of a process; assumed"""


def grow_and_touch(load: GrowAndTouch, seed: int) -> Scenario:
    """One drawing of the load."""
    draw = np.random.default_rng(seed)
    layout, programs = Layout(), Programs()
    base = layout.region(SLAB, load.kernel_mib * MIB)
    files = layout.region(READ, _FILES * _FILE_PAGES)
    written = layout.region(WRITTEN, load.jobs * load.written_pages)
    largest = load.largest_mib * MIB
    tables = largest // PAGES_OF_TABLE + load.slot_kernel_pages
    slots = []
    for slot in range(load.slots):
        slots.append(layout.region(PROGRAM, largest, task=slot))
        layout.region(KERNEL_PAGE, tables, task=slot)
    programs.use(base, load.kernel_mib * MIB)
    for job in range(load.jobs):
        _job(programs, load, draw, files, written + job * load.written_pages)
    return scenario_of(layout, slots, programs)


def _job(programs: Programs, load: GrowAndTouch, draw: np.random.Generator, files: int, written: int) -> None:
    mib, tables = int(draw.integers(load.smallest_mib, load.largest_mib + 1)), load.largest_mib * MIB
    copy = _COPY_NS * load.slowdown
    programs.begin()
    programs.use(tables, load.slot_kernel_pages, own=True)
    tables += load.slot_kernel_pages
    for grown in range(mib):
        if grown * MIB % PAGES_OF_TABLE == 0:
            programs.use(tables + grown * MIB // PAGES_OF_TABLE, 1, own=True)
        programs.use(grown * MIB, MIB, own=True, write=True)
        programs.use_any(0, (grown + 1) * MIB, load.touched_again, own=True, write=True)
        programs.use(files + int(draw.integers(_FILES)) * _FILE_PAGES, _FILE_PAGES, copy)
    for _ in range(_PASSES):
        programs.use(0, mib * MIB, own=True, write=True)
    programs.use(written, load.written_pages, copy, write=True)
