"""Memory is full of one kind of page, or of several, while buffers up to the whole area are asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zonecma.workload.generated import GeneratedLoad, parameter
from zonecma.workload.scenario import MIB, PAGE_SIZE, Scenario
from zonecma.workload.scenarios.common import AGAIN_SOURCE, Patience, Region, Stage, come_and_go, grow
from zonecma.workload.steps import Programs
from zonecma.workload.uses import BUFFER, MAPPED_FILE, PROGRAM, READ, SLAB, WRITTEN

_PERIOD_MS = 20
_COPY_NS = 372
"""To copy a page (machine/costs.toml, copy_page)."""


@dataclass(frozen=True)
class PageKinds(GeneratedLoad):
    """Each kind has a program that works on it; beside them a few blocks of metadata are changed."""

    name = "page-kinds"
    summary = "one kind of page fills memory, or several do; buffers up to the whole area are asked for"
    board = "vm-1g-cma512"
    command_line = "transparent_hugepage=never nr_cpus=2 cma=128M"
    swap_mib = 512

    buffers_mib: float = parameter(0, "blocks of a device that are read and changed, MiB")
    read_mib: float = parameter(0, "files that are read with read(), MiB")
    written_mib: float = parameter(0, "files that are written with write(), MiB")
    mapped_mib: float = parameter(0, "files that are faulted in, MiB")
    anonymous_mib: float = parameter(0, "memory of a program, MiB")
    pinned_mib: float = parameter(0, "memory of a program, a part of it pinned in turn, MiB")
    changes: int = parameter(16, "blocks changed each 20 ms, of those that fill memory", least=1)
    mb_s: float = parameter(100, "read, written or faulted in each second, MB", least=1)
    pin_mib: float = parameter(32, "pinned at a time, MiB", least=1)
    pin_ms: float = parameter(2000, "how long, ms", least=_PERIOD_MS)
    metadata_mib: float = parameter(16, "metadata of the file system, MiB", least=1)
    metadata_changes: int = parameter(4, "blocks of it changed each 100 ms", least=1)
    idle_mib: float = parameter(60, "memory of programs that sleep, MiB")
    kernel_mib: float = parameter(40, "slab of the kernel, MiB")
    seconds: float = parameter(20, "how long the programs work", least=1)
    calls: int = parameter(30, "contiguous calls", least=1)
    smallest_mib: float = parameter(
        4, "the smallest, MiB; others are 4, 16 and 32 times as large", least=0.01
    )
    pause_ms: float = parameter(300, "between buffers, ms")
    hold_ms: float = parameter(100, "how long a buffer is held, ms")
    again_ms: float = parameter(50, "wait before a call that failed is made again, ms", AGAIN_SOURCE)
    patience_ms: float = parameter(5000, "after which it is given up, ms")

    def draw(self, seed: int) -> Scenario:
        """What is read and changed, and how large the buffers are."""
        draw, stage = np.random.default_rng(seed), Stage()
        kernel, idle = stage.region(SLAB, self.kernel_mib), stage.region(PROGRAM, self.idle_mib)
        metadata = stage.region(BUFFER, self.metadata_mib)
        blocks, read = stage.region(BUFFER, self.buffers_mib), stage.region(READ, self.read_mib)
        written, mapped = stage.region(WRITTEN, self.written_mib), stage.region(MAPPED_FILE, self.mapped_mib)
        for mib in (self.anonymous_mib, self.pinned_mib, 0, 0, 0, 0, 0, 0):
            stage.task(mib)
        programs = stage.programs
        stage.fill(kernel, idle, metadata, blocks, read, mapped)
        self._work_on_memory(programs, draw)
        self._pin_in_turn(programs)
        self._change(programs, blocks, self.changes, _PERIOD_MS)
        self._change(programs, metadata, self.metadata_changes, 100)
        for region in (read, mapped, written):
            self._stream(programs, region)
        programs.begin()
        factors = draw.choice((1, 4, 16, 32), self.calls)
        sizes = [int(self.smallest_mib * MIB * factor) for factor in factors]
        patience = Patience(self.again_ms, self.patience_ms)
        come_and_go(programs, sizes, self.pause_ms, self.hold_ms, patience)
        return stage.scenario()

    def _rounds(self, period_ms: float) -> int:
        return int(self.seconds * 1000 / period_ms)

    def _work_on_memory(self, programs: Programs, draw: np.random.Generator) -> None:
        programs.begin()
        pages = int(self.anonymous_mib * MIB)
        grow(programs, pages)
        for _ in range(self._rounds(_PERIOD_MS)):
            programs.use_any(0, pages, min(pages, int(draw.integers(32, 96))), own=True, write=True)
            programs.sleep(_PERIOD_MS)

    def _pin_in_turn(self, programs: Programs) -> None:
        programs.begin()
        pages, part = int(self.pinned_mib * MIB), int(self.pin_mib * MIB)
        grow(programs, pages)
        for turn in range(self._rounds(self.pin_ms)):
            first = turn * part % max(pages - part + 1, 1)
            programs.pin(first, min(part, pages))
            programs.sleep(self.pin_ms)
            programs.let_go(first, min(part, pages))

    def _change(self, programs: Programs, region: Region, count: int, period_ms: float) -> None:
        """Blocks that are changed belong to a transaction from then on."""
        programs.begin()
        for _ in range(self._rounds(period_ms)):
            programs.use_any(region.first, region.pages, min(count, region.pages), write=True)
            programs.sleep(period_ms)

    def _stream(self, programs: Programs, region: Region) -> None:
        """Over a file and again, from its start."""
        programs.begin()
        chunk = min(int(self.mb_s * 1000 * _PERIOD_MS / PAGE_SIZE), region.pages)
        for turn in range(self._rounds(_PERIOD_MS)):
            first = region.first + turn * chunk % max(region.pages - chunk + 1, 1)
            programs.use(first, chunk, _COPY_NS, write=region.use == WRITTEN)
            programs.sleep(_PERIOD_MS)
