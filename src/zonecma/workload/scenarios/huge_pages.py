"""A server whose programs' memory is transparent huge pages, and which asks for gigantic ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zonecma.workload.generated import GeneratedLoad, parameter
from zonecma.workload.scenario import MIB, Scenario
from zonecma.workload.scenarios.common import Region, Stage, grow
from zonecma.workload.steps import Programs
from zonecma.workload.uses import HUGE, PROGRAM, READ, SLAB, USES

_GIGANTIC = 18
"""Order of a page of 1 GiB."""
_THP = "in pages of 2 MiB: https://docs.kernel.org/6.1/_sources/admin-guide/mm/transhuge.rst.txt"
_HUGETLB = "commit cf11e85fc08c of Linux, hugetlb_cma: such pages come from an area of their own"


@dataclass(frozen=True)
class HugePages(GeneratedLoad):
    """Programs fill one node; some end and others begin, while pages of 1 GiB are asked for, one by one."""

    name = "huge-pages"
    summary = "programs live in transparent huge pages; hugetlb asks for pages of 1 GiB"
    board = "x86-server-hugetlb-cma"
    command_line = "transparent_hugepage=always"

    programs: int = parameter(12, "programs at a time", least=1)
    jobs: int = parameter(20, "programs in all", least=1)
    program_mib: float = parameter(4096, "mean memory of a program, MiB", f"assumed; {_THP}", least=2)
    spread: float = parameter(0.25, "how far sizes lie from the mean, as a part of it")
    use_percent: float = parameter(50, "of a program's huge pages that it uses again, each 50 ms")
    uses: int = parameter(12, "times that it does so")
    kernel_mib: float = parameter(1024, "slab of the kernel, MiB")
    cached_mib: float = parameter(2048, "files that were read before, MiB")
    gigantic: int = parameter(6, "pages of 1 GiB asked for", f"assumed; {_HUGETLB}")
    every_ms: float = parameter(100, "from one to the next, ms")
    rounds: int = parameter(2, "times that they are asked for, and given back")

    def draw(self, seed: int) -> Scenario:
        """Programs' sizes."""
        draw, stage = np.random.default_rng(seed), Stage()
        programs = stage.programs
        order = USES[HUGE].order
        mean = int(self.program_mib * MIB) >> order
        largest = int(mean * (1 + self.spread)) + 1
        kernel, cache = stage.region(SLAB, self.kernel_mib), stage.region(READ, self.cached_mib)
        slots = [stage.pages_of_task(largest, HUGE) for _ in range(self.programs + 1)]
        drawn = mean * draw.uniform(1 - self.spread, 1 + self.spread, self.jobs)
        sizes = np.maximum(drawn, 1).astype(int).tolist()
        first = zip(slots[: self.programs], sizes[: self.programs], strict=False)
        stage.fill(kernel, cache, *(Region(slot, size, PROGRAM) for slot, size in first))
        for number, size in enumerate(sizes):
            if number == self.programs:
                self._hugetlb(programs)
            programs.begin()
            grow(programs, size, room=largest)
            for _ in range(self.uses):
                programs.use_any(0, size, int(size * self.use_percent / 100), own=True, write=True)
                programs.sleep(float(draw.uniform(25, 75)))
        if self.jobs <= self.programs:
            self._hugetlb(programs)
        return stage.scenario()

    def _hugetlb(self, programs: Programs) -> None:
        """As echo does to nr_hugepages: nothing is tried twice."""
        programs.begin()
        for _ in range(self.rounds):
            first = programs.buffers
            for number in range(self.gigantic):
                programs.sleep(self.every_ms)
                programs.call(first + number, 1 << _GIGANTIC, _GIGANTIC)
            for number in range(self.gigantic):
                programs.release(first + number)
