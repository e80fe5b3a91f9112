"""A camera that starts, and changes between preview and still pictures, while a browser is open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zonecma.workload.generated import GeneratedLoad, parameter
from zonecma.workload.scenario import Scenario
from zonecma.workload.scenarios.common import FULL_HD, Region, Stage, get, give_back, pages_of
from zonecma.workload.steps import Programs
from zonecma.workload.uses import PROGRAM, READ, RUN, SLAB

_CHROME = "https://superchargebrowser.com/library/chrome-memory-management-deep-dive"
_MODES = "https://github.com/raspberrypi/picamera2/issues/1125"
_RAW, _YUV420, _XRGB = 10, 12, 32
"""Bits a pixel: packed raw pictures of 10 bits, processed ones, windows."""
_CODE_MIB = 200
"""Of browser and libraries; assumed."""


@dataclass(frozen=True)
class CameraStart(GeneratedLoad):
    """libcamera allocates a raw, a full and a small picture for each buffer, and tries only once."""

    name = "camera-start"
    summary = "a camera starts and changes modes while a browser is open"
    board = "rpi4-4g"

    tabs: int = parameter(8, "open tabs, a process each", least=1)
    tab_mib: float = parameter(190, "memory of a tab's process, MiB", f"80 to 300 MB: {_CHROME}")
    browser_mib: float = parameter(
        525, "of browser and GPU process, MiB", f"150 to 300, 100 to 500 MB: {_CHROME}"
    )
    desktop_mib: float = parameter(350, "of all other programs, MiB")
    kernel_mib: float = parameter(150, "slab of the kernel, MiB")
    cached_mib: float = parameter(1150, "files that were read before, MiB")
    windows: int = parameter(
        8, "windows of 1920x1080", "2025 pages each: https://github.com/raspberrypi/linux/issues/2966"
    )
    width: int = parameter(4608, "of a still picture, pixels", _MODES, least=16)
    height: int = parameter(2592, "of a still picture, pixels", _MODES, least=16)
    still_buffers: int = parameter(3, "of each kind for stills", _MODES)
    preview_buffers: int = parameter(6, "for previews", "https://github.com/raspberrypi/picamera2/issues/972")
    changes: int = parameter(10, "changes of mode", f"it fails after about ten: {_MODES}")
    shown_ms: float = parameter(300, "in each mode, ms")

    def draw(self, seed: int) -> Scenario:
        """Which tab works when."""
        draw, stage = np.random.default_rng(seed), Stage()
        kernel = stage.region(SLAB, self.kernel_mib)
        idle = stage.region(PROGRAM, self.browser_mib + self.desktop_mib)
        code, cache = stage.region(RUN, _CODE_MIB), stage.region(READ, self.cached_mib)
        tabs = [stage.task(self.tab_mib) for _ in range(self.tabs)]
        stage.task()
        stage.fill(kernel, idle, code, cache, *tabs)
        for tab in tabs:
            self._browse(stage.programs, draw, tab.pages, code)
        self._film(stage.programs)
        return stage.scenario()

    def _browse(self, programs: Programs, draw: np.random.Generator, tab: int, code: Region) -> None:
        """A page every now and then: part of the memory is used, some is given back and asked for anew."""
        programs.begin()
        for _ in range(self.changes):
            programs.sleep(float(draw.uniform(0.5, 1.5)) * self.shown_ms)
            new = int(draw.integers(tab // 8 + 1))
            programs.give_up(tab - new, new, own=True)
            programs.use(tab - new, new, 500, own=True, write=True)
            programs.use_any(0, tab, tab // 8, 1000, own=True, write=True)
            programs.use_any(code.first, code.pages, code.pages // 100)

    def _film(self, programs: Programs) -> None:
        programs.begin()
        windows = get(programs, [pages_of(*FULL_HD, _XRGB)] * self.windows)
        large, small = (self.width, self.height), (self.width // 2, self.height // 2)
        still = [pages_of(*large, _RAW), pages_of(*large, _YUV420), pages_of(*small, _YUV420)]
        preview = [pages_of(*small, _RAW), pages_of(*small, _YUV420)]
        for change in range(self.changes):
            sizes, count = (still, self.still_buffers) if change % 2 else (preview, self.preview_buffers)
            buffers = get(programs, [size for size in sizes for _ in range(count)])
            programs.sleep(self.shown_ms)
            give_back(programs, buffers)
        give_back(programs, windows)
