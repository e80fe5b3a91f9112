"""A recorder that writes through the page cache and deletes what is old: write() and faults use CMA."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zonecma.workload.generated import GeneratedLoad, parameter
from zonecma.workload.scenario import MIB, PAGE_SIZE, Scenario
from zonecma.workload.scenarios.common import AGAIN_SOURCE, Patience, Region, Stage, come_and_go, grow
from zonecma.workload.steps import Programs
from zonecma.workload.uses import MAPPED_FILE, SLAB, WRITTEN

_COPY_NS = 372
"""To copy a page (machine/costs.toml, copy_page)."""


@dataclass(frozen=True)
class StreamWriter(GeneratedLoad):
    """What write() makes dirty, and what a reader maps, are movable user pages: both may lie in an area."""

    name = "stream-writer"
    summary = "a file is written through the page cache, another is mapped; buffers are asked for"
    board = "vm-1g-cma512"

    segments: int = parameter(12, "files written, one after the other", least=1)
    segment_mib: float = parameter(100, "size of each, MiB", least=1)
    kept: int = parameter(6, "files before the oldest is deleted", least=1)
    mb_s: float = parameter(
        180, "written each second, MB", "assumed; the usual disk takes 250 (costs.toml)", least=1
    )
    chunk_kib: float = parameter(1024, "written by one write(), KiB", least=4)
    mapped_mib: float = parameter(250, "a file that is mapped and read again and again, MiB", least=1)
    program_mib: float = parameter(100, "memory of the recorder, MiB")
    kernel_mib: float = parameter(40, "slab of the kernel, MiB")
    calls: int = parameter(20, "contiguous calls")
    call_mib: float = parameter(8, "size of each, MiB", least=0.01)
    hold_ms: float = parameter(100, "how long a buffer is held, ms")
    interval_ms: float = parameter(200, "from a release to the next call, ms")
    again_ms: float = parameter(100, "wait before a call that failed is made again, ms", AGAIN_SOURCE)
    patience_ms: float = parameter(1000, "after which it is given up, ms")

    def draw(self, seed: int) -> Scenario:
        """Which parts of the mapped file are read."""
        draw, stage = np.random.default_rng(seed), Stage()
        kernel, read = stage.region(SLAB, self.kernel_mib), stage.region(MAPPED_FILE, self.mapped_mib)
        written = [stage.region(WRITTEN, self.segment_mib) for _ in range(self.segments)]
        for mib in (self.program_mib, 0, 0):
            stage.task(mib)
        programs = stage.programs
        stage.fill(kernel)
        programs.begin()
        self._record(programs, written)
        programs.begin()
        self._read(programs, draw, read)
        programs.begin()
        sizes, patience = [int(self.call_mib * MIB)] * self.calls, Patience(self.again_ms, self.patience_ms)
        come_and_go(programs, sizes, self.interval_ms, self.hold_ms, patience)
        return stage.scenario()

    def _record(self, programs: Programs, written: list[Region]) -> None:
        grow(programs, int(self.program_mib * MIB))
        chunk = int(self.chunk_kib / 4)
        for number, (first, pages, _) in enumerate(written):
            for begin in range(0, pages, chunk):
                programs.use(first + begin, min(chunk, pages - begin), _COPY_NS, write=True)
                programs.sleep(chunk * PAGE_SIZE / self.mb_s / 1000)
            if number >= self.kept:
                oldest = written[number - self.kept]
                programs.give_up(oldest.first, oldest.pages)

    def _read(self, programs: Programs, draw: np.random.Generator, file: Region) -> None:
        """Pieces of 2 MiB at random, for about as long as the recorder writes."""
        piece = min(2 * MIB, file.pages)
        seconds = self.segments * self.segment_mib * MIB * PAGE_SIZE / 1e6 / self.mb_s
        for at in draw.integers(file.pages - piece + 1, size=int(seconds * 50)).tolist():
            programs.use(file.first + at, piece, 2000)
            programs.sleep(15)
