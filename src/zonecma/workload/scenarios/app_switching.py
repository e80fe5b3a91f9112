"""Android: a user goes from app to app, and now and then one needs the camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zonecma.workload.generated import GeneratedLoad, parameter
from zonecma.workload.scenario import MIB, Scenario
from zonecma.workload.scenarios.common import AGAIN_SOURCE, Patience, Region, Stage, get, give_back, grow
from zonecma.workload.steps import Programs
from zonecma.workload.uses import MAPPED_FILE, PROGRAM, RUN, SLAB

_CAMERA = "a camera on Linux 4.9: http://tjtech.me/essential-analysis-of-linux-cma-code.html"
_HOT = "what relaunches use is much the same each time: https://arxiv.org/html/2502.12826v1"


@dataclass(frozen=True)
class AppSwitching(GeneratedLoad):
    """Launches grow an app and read its files, relaunches use part of both; none is killed to make room.

    A real user stays for seconds; here one switch follows the other.  Swap is a disk here, not zram.
    """

    name = "app-switching"
    summary = "Android: apps are launched, left and come back to; a camera asks for a buffer"
    board = "phone-xz2c-4g"
    swap_mib = 2048

    apps: int = parameter(10, "apps that are used", least=1)
    app_mib: float = parameter(160, "anonymous memory of an app, MiB", least=1)
    file_mib: float = parameter(110, "of its code and resources, MiB", least=1)
    system_mib: float = parameter(700, "memory of services and launcher, MiB")
    kernel_mib: float = parameter(250, "slab of the kernel, MiB")
    cached_mib: float = parameter(300, "files that were read before, MiB")
    switches: int = parameter(50, "times that another app comes to the front")
    every_ms: float = parameter(300, "from one to the next, ms")
    hot_percent: float = parameter(40, "of an app's memory that a relaunch uses", f"assumed; {_HOT}")
    calls: int = parameter(20, "contiguous calls")
    call_pages: int = parameter(1280, "size of each, pages", _CAMERA, least=1)
    again_ms: float = parameter(100, "wait before a call that failed is made again, ms", AGAIN_SOURCE)
    patience_ms: float = parameter(500, "after which it is given up, ms")

    def draw(self, seed: int) -> Scenario:
        """Which app comes when."""
        draw, stage = np.random.default_rng(seed), Stage()
        kernel, idle = stage.region(SLAB, self.kernel_mib), stage.region(PROGRAM, self.system_mib)
        code = stage.region(RUN, self.cached_mib)
        files = [stage.region(MAPPED_FILE, self.file_mib) for _ in range(self.apps)]
        for _ in files:
            stage.task(self.app_mib)
        stage.task()
        stage.fill(kernel, idle, code)
        turns = draw.integers(self.apps, size=self.switches)
        turns[: self.apps] = draw.permutation(self.apps)[: self.switches]
        for app, file in enumerate(files):
            self._app(stage.programs, np.flatnonzero(turns == app).tolist(), file)
        self._camera(stage.programs, draw)
        return stage.scenario()

    def _app(self, programs: Programs, turns: list[int], file: Region) -> None:
        """An app, and the switches that bring it to the front; it lives until the last switch of all."""
        memory, hot = int(self.app_mib * MIB), self.hot_percent / 100
        programs.begin()
        last = 0
        for turn in turns:
            programs.sleep((turn - last) * self.every_ms)
            last = turn
            if turn == turns[0]:
                programs.use(file.first, file.pages)
                grow(programs, memory, 200)
            else:
                programs.use_any(file.first, file.pages, int(file.pages * hot))
                programs.use_any(0, memory, int(memory * hot), 200, own=True, write=True)
        programs.sleep((self.switches - last) * self.every_ms)

    def _camera(self, programs: Programs, draw: np.random.Generator) -> None:
        programs.begin()
        every = self.switches * self.every_ms / max(self.calls, 1)
        for _ in range(self.calls):
            programs.sleep(float(draw.uniform(0.3, 0.9)) * every)
            buffers = get(programs, [self.call_pages], Patience(self.again_ms, self.patience_ms))
            programs.sleep(every / 4)
            give_back(programs, buffers)
