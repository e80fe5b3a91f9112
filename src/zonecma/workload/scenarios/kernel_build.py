"""``make -jN`` of a kernel beside a driver that asks for contiguous memory: the ZONE_CMA series' own load."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zonecma.workload import kernel_build as build
from zonecma.workload.generated import GeneratedLoad, parameter
from zonecma.workload.scenario import MIB, Scenario
from zonecma.workload.scenarios.common import AGAIN_SOURCE, Patience, come_and_go
from zonecma.workload.steps import STEP, Programs

_SERIES = "tables of the series: http://mail.spinics.net/lists/linux-mm/msg84419.html"
_FITTED = "fitted to the published build without CMA (zonecma reproduce zone-cma-2015)"


@dataclass(frozen=True)
class KernelBuild(GeneratedLoad):
    """The build, and one more task: it asks, holds and releases, and ends as a compiler like the others."""

    name = "kernel-build"
    summary = "make of a kernel beside a driver that asks for a buffer at intervals"
    board = "vm-1g-cma512"
    swap_mib = 1024

    processes: int = parameter(16, "compilations at a time (make -j)", _SERIES, least=1)
    jobs: int = parameter(200, "files compiled; the published build was larger", least=1)
    program_mib: float = parameter(46.07, "mean size of a compiler in the end, MiB", _FITTED, least=1)
    cpu_ms: float = parameter(471, "CPU time of a compilation, ms", _FITTED)
    calls: int = parameter(20, "contiguous calls")
    call_mib: float = parameter(8, "size of each, MiB", least=0.01)
    hold_ms: float = parameter(100, "how long a buffer is held, ms")
    interval_ms: float = parameter(400, "from a release to the next call, ms")
    again_ms: float = parameter(100, "wait before a call that failed is made again, ms", AGAIN_SOURCE)
    patience_ms: float = parameter(500, "after which it is given up, ms")

    def draw(self, seed: int) -> Scenario:
        """Compilers' sizes."""
        load = build.KernelBuild(
            slots=self.processes + 1,
            cpu_seconds=self.cpu_ms * self.jobs / 1000,
            program_mib=self.program_mib,
            jobs=self.jobs,
        )
        driver = Programs()
        sizes = [int(self.call_mib * MIB)] * self.calls
        patience = Patience(self.again_ms, self.patience_ms)
        come_and_go(driver, sizes, self.interval_ms, self.hold_ms, patience)
        return _with_driver(build.kernel_build(load, seed), driver)


def _with_driver(scenario: Scenario, driver: Programs) -> Scenario:
    """The same with one more job, which takes the last slot first."""
    before = min(scenario.slots, scenario.jobs + 1)
    at, rows = int(scenario.first_step[before]), np.array(driver.rows, STEP)
    starts = scenario.first_step
    return Scenario(
        scenario.slots,
        scenario.objects,
        scenario.first_own,
        np.concatenate([scenario.steps[:at], rows, scenario.steps[at:]]),
        np.concatenate([starts[: before + 1], starts[before:] + len(rows)]),
        driver.buffers,
    )
