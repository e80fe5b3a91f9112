"""Many small files are written: metadata, in the cache of the block device, is held by the journal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zonecma.workload.generated import GeneratedLoad, parameter
from zonecma.workload.scenario import Scenario
from zonecma.workload.scenarios.common import (
    AGAIN_SOURCE,
    FULL_HD,
    UHD,
    Patience,
    Region,
    Stage,
    come_and_go,
    pages_of,
)
from zonecma.workload.steps import Programs
from zonecma.workload.uses import BUFFER, PROGRAM, READ, SLAB, WRITTEN

_TEMPORARY = (
    "a top reason of temporary failures: https://lkml.iu.edu/hypermail/linux/kernel/1609.2/03429.html"
)
_INODES = "inodes of 256 bytes, 16 a block: mke2fs.conf of e2fsprogs"
_NV12 = 12
_DIRECTORY = 64
"""Files of a directory; assumed."""


@dataclass(frozen=True)
class MetadataStorm(GeneratedLoad):
    """Files change blocks of inodes, directories, bitmaps; the journal holds them until they are written."""

    name = "metadata-storm"
    summary = "small files are unpacked; their metadata is journaled; a decoder asks for buffers"
    board = "imx8mq-evk"

    programs: int = parameter(3, "that unpack files at a time", least=1)
    files: int = parameter(4000, "files of each", least=1)
    file_pages: int = parameter(6, "size of a file, pages", least=1)
    blocks: int = parameter(3, "blocks of metadata that a file changes", f"assumed; {_INODES}")
    metadata_mib: float = parameter(160, "metadata of the file system, MiB", least=1)
    inodes_a_page: int = parameter(4, "inodes of the kernel's own in a page of slab", least=1)
    synced: int = parameter(200, "files that are unpacked before an fsync", least=1)
    file_us: float = parameter(300, "CPU time for a file, microseconds")
    system_mib: float = parameter(400, "memory of all other programs, MiB")
    kernel_mib: float = parameter(120, "slab of the kernel, MiB")
    cached_mib: float = parameter(2100, "files that were read before, MiB")
    calls: int = parameter(
        24, "contiguous calls, for pictures of 4K or full HD in turn", f"assumed; {_TEMPORARY}"
    )
    hold_ms: float = parameter(300, "how long a buffer is held, and then is not, ms")
    again_ms: float = parameter(100, "wait before a call that failed is made again, ms", AGAIN_SOURCE)
    patience_ms: float = parameter(3000, "after which it is given up, ms")

    def draw(self, seed: int) -> Scenario:
        """Which blocks the files change."""
        draw, stage = np.random.default_rng(seed), Stage()
        kernel, idle = stage.region(SLAB, self.kernel_mib), stage.region(PROGRAM, self.system_mib)
        cache, blocks = stage.region(READ, self.cached_mib), stage.region(BUFFER, self.metadata_mib)
        inodes, pages = self.files // self.inodes_a_page + 1, self.files * self.file_pages
        data = stage.layout.region(WRITTEN, self.programs * pages)
        slab = stage.layout.region(SLAB, self.programs * inodes)
        for _ in range(self.programs + 1):
            stage.task()
        programs = stage.programs
        stage.fill(kernel, idle, cache, blocks)
        for number in range(self.programs):
            programs.begin()
            self._unpack(programs, draw, blocks, (data + number * pages, slab + number * inodes))
        programs.begin()
        sizes = [pages_of(*(FULL_HD if call % 2 else UHD), _NV12) for call in range(self.calls)]
        come_and_go(programs, sizes, self.hold_ms, self.hold_ms, Patience(self.again_ms, self.patience_ms))
        return stage.scenario()

    def _unpack(
        self, programs: Programs, draw: np.random.Generator, blocks: Region, at: tuple[int, int]
    ) -> None:
        """Files lie in a group of blocks for a while, as those of a directory do."""
        group, (data, slab) = min(512, blocks.pages), at
        ns, unsynced = self.file_us * 1000 / self.file_pages, 0
        for file in range(self.files):
            if file % _DIRECTORY == 0:
                place = blocks.first + int(draw.integers(blocks.pages - group + 1))
            if file % self.inodes_a_page == 0:
                programs.use(slab + file // self.inodes_a_page, 1)
            programs.use_any(place, group, self.blocks, write=True)
            programs.use(data + file * self.file_pages, self.file_pages, ns, write=True)
            unsynced += 1
            if unsynced == self.synced:
                programs.sync(data + (file + 1 - unsynced) * self.file_pages, unsynced * self.file_pages)
                unsynced = 0
