"""``make -jN`` of a kernel, as memory sees it: compilers that grow and end, sources read, objects written.

Concurrency, resident memory and turnover are meant to be right, not each fault.  Left out: make
itself, the directories' links and the final one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zonecma.workload.scenario import MIB, PAGES_OF_TABLE, Layout, Scenario, scenario_of
from zonecma.workload.steps import Programs
from zonecma.workload.uses import BUFFER, KERNEL_PAGE, PROGRAM, READ, RUN, SLAB, WRITTEN

_CHUNK = 64
"""Pages that a compiler grows by before it looks around."""
_STACK_ORDER = 2
"""THREAD_SIZE_ORDER of x86-64 from 3.15 on."""


@dataclass(frozen=True)
class KernelBuild:
    """A build.  What is fitted is fitted to a machine without CMA; the rest is assumed."""

    slots: int
    """make -j"""
    cpu_seconds: float
    """CPU time of all compilations, without what memory costs: fitted"""
    program_mib: float
    """mean of what a compiler has in the end: fitted"""
    slowdown: float = 1
    """how many times longer memory management takes than the usual costs say"""
    jobs: int = 1500
    """files compiled"""
    spread: float = 0.5
    """standard deviation of the logarithm of that size"""
    largest: float = 5
    """no compiler grows beyond so many times the mean"""
    touched_again: int = 16
    """own pages touched at random for each 64 grown"""
    compiler_mib: int = 20
    """compiler, assembler, shell and their libraries: files that all jobs use"""
    headers_mib: int = 30
    source_pages: int = 16
    """each job's own source, read once"""
    object_pages: int = 25
    """what each job writes"""
    slab_pages: int = 3
    """inodes and directory entries that each job leaves in memory"""
    kernel_mib: int = 24
    """what the kernel has before the load"""
    idle_mib: int = 32
    """memory of programs that only sleep"""
    processes: int = 4
    """of a job at a time: shell, driver, compiler, assembler; each with a stack"""
    process_pages: int = 6
    """of tables and descriptors of each"""


@dataclass(frozen=True)
class _Places:
    """First objects of the regions."""

    common: int
    sources: int
    metadata: int
    outputs: int
    slab: int
    tables: int
    """in a slot"""
    stacks: int
    """in a slot"""


def kernel_build(load: KernelBuild, seed: int) -> Scenario:
    """One drawing of the build."""
    draw = np.random.default_rng(seed)
    layout, programs = Layout(), Programs()
    kernel = layout.region(SLAB, load.kernel_mib * MIB)
    idle = layout.region(PROGRAM, load.idle_mib * MIB)
    largest = int(load.program_mib * load.largest * MIB)
    tables = largest // PAGES_OF_TABLE + 1 + load.processes * load.process_pages
    places = _Places(
        common=_common_files(layout, load),
        sources=layout.region(READ, load.jobs * load.source_pages),
        metadata=layout.region(BUFFER, load.jobs),
        outputs=layout.region(WRITTEN, load.jobs * load.object_pages),
        slab=layout.region(SLAB, load.jobs * load.slab_pages),
        tables=largest,
        stacks=largest + tables,
    )
    slots = []
    for slot in range(load.slots):
        slots.append(layout.region(PROGRAM, largest, task=slot))
        layout.region(KERNEL_PAGE, tables, task=slot)
        layout.region(KERNEL_PAGE, load.processes, task=slot, order=_STACK_ORDER)
    programs.use(kernel, load.kernel_mib * MIB)
    programs.use(idle, load.idle_mib * MIB, write=True)
    sizes = _sizes(load, draw, largest)
    ns = load.cpu_seconds * 1e9 / sizes.sum()
    for job, pages in enumerate(sizes):
        _compile(programs, load, places, job, int(pages), ns)
    return scenario_of(layout, slots, programs)


def _common_files(layout: Layout, load: KernelBuild) -> int:
    """What all jobs use: programs, and behind them headers."""
    first = layout.region(RUN, load.compiler_mib * MIB)
    layout.region(READ, load.headers_mib * MIB)
    return first


def _sizes(load: KernelBuild, draw: np.random.Generator, largest: int) -> np.ndarray:
    """Pages that each compiler has in the end: log-normal, cut off."""
    mean = np.log(load.program_mib * MIB) - load.spread**2 / 2
    return np.clip(draw.lognormal(mean, load.spread, load.jobs), _CHUNK, largest).astype(np.int64)


def _compile(programs: Programs, load: KernelBuild, at: _Places, job: int, pages: int, ns: float) -> None:
    """One file: CPU time is in proportion to what the compiler grows to (``ns`` a page)."""
    common, processes = (load.compiler_mib + load.headers_mib) * MIB, load.processes
    programs.begin()
    programs.use(at.stacks, processes, own=True)
    programs.use(at.tables, processes * load.process_pages, own=True)
    programs.use(at.slab + job * load.slab_pages, load.slab_pages)
    programs.use(at.metadata + job, 1)
    programs.use_any(at.common, common, common // 8)
    programs.use(at.sources + job * load.source_pages, load.source_pages)
    tables = at.tables + processes * load.process_pages
    for grown in range(0, pages, _CHUNK):
        if grown % PAGES_OF_TABLE == 0:
            programs.use(tables + grown // PAGES_OF_TABLE, 1, own=True)
        programs.use(grown, min(_CHUNK, pages - grown), ns, own=True, write=True)
        programs.use_any(0, min(grown + _CHUNK, pages), load.touched_again, own=True, write=True)
        programs.use_any(at.common, common, _CHUNK // 8)
    programs.use(at.outputs + job * load.object_pages, load.object_pages, write=True)
