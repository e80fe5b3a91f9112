"""Videos played one after the other: a decoder's pool of buffers comes and goes while the file is read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zonecma.workload.generated import GeneratedLoad, parameter
from zonecma.workload.scenario import PAGE_SIZE, Scenario
from zonecma.workload.scenarios.common import FULL_HD, UHD, Stage, get, give_back, pages_of
from zonecma.workload.uses import PROGRAM, READ, SLAB

_NV12 = 12
_DECODER = "H.264 in 4K: https://developer.ridgerun.com/wiki/index.php/IMX8/Multimedia/VPU"
_RATE = "35 to 45: https://forums.plex.tv/t/high-cpu-usage-when-playing-4k/207922"
_VARYING = "buffers of 80k to 5M: https://www.wandboard.org/news/video-playback-using-wandboard-vpu-part-1"


@dataclass(frozen=True)
class VideoPlayback(GeneratedLoad):
    """Some are 4K, some full HD: pools of two sizes share the area.  A failed call is not made again."""

    name = "video-playback"
    summary = "a decoder's buffers are allocated, cycled and freed while a file is streamed"
    board = "imx8mq-evk"

    clips: int = parameter(12, "videos, or changes of resolution", least=1)
    frames: int = parameter(20, "frames of each, for a run of seconds", least=1)
    fps: float = parameter(30, "frames a second", _DECODER, least=1)
    mbit: float = parameter(40, "bit rate of a 4K video, Mbit/s", _RATE)
    pictures: int = parameter(12, "decoded pictures in the pool: references and what is shown")
    streams: int = parameter(4, "buffers for the coded stream")
    stream_kib: float = parameter(2048, "size of each, KiB", _VARYING, least=4)
    player_mib: float = parameter(150, "memory of the player, MiB", least=1)
    system_mib: float = parameter(350, "memory of all other programs, MiB")
    kernel_mib: float = parameter(120, "slab of the kernel, MiB")
    cached_mib: float = parameter(2200, "files that were read before, MiB")

    def draw(self, seed: int) -> Scenario:
        """Which videos are 4K, and how large each frame is."""
        draw, stage = np.random.default_rng(seed), Stage()
        kernel, idle = stage.region(SLAB, self.kernel_mib), stage.region(PROGRAM, self.system_mib)
        cache, programs = stage.region(READ, self.cached_mib), stage.programs
        mean = self.mbit * 1e6 / 8 / PAGE_SIZE / self.fps
        clips = np.maximum(draw.exponential(mean, (self.clips, self.frames)), 1).astype(int)
        at = stage.layout.region(READ, int(clips.sum()))
        player = stage.task(self.player_mib)
        stage.fill(kernel, idle, cache, player)
        programs.begin()
        for clip, large in zip(clips.tolist(), draw.integers(2, size=self.clips), strict=True):
            picture = pages_of(*(UHD if large else FULL_HD), _NV12)
            buffers = get(programs, [int(self.stream_kib / 4)] * self.streams + [picture] * self.pictures)
            for pages in clip:
                programs.use(at, pages, 1000)
                programs.use_any(0, player.pages, 64, own=True, write=True)
                programs.sleep(1000 / self.fps)
                at += pages
            give_back(programs, buffers)
        return stage.scenario()
