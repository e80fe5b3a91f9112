"""A database on a board: direct I/O of its pages, a log that each transaction flushes, a backup beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zonecma.workload.generated import GeneratedLoad, parameter
from zonecma.workload.scenario import Scenario
from zonecma.workload.scenarios.common import FULL_HD, Region, Stage, come_and_go, pages_of
from zonecma.workload.steps import Programs
from zonecma.workload.uses import PROGRAM, READ, SLAB, WRITTEN

_DIRECT = "O_DIRECT since MariaDB 10.6: https://github.com/MariaDB/server/commit/420f8e24ab"
_PAGE = "16384 bytes: https://mariadb.com/docs/reference/mdb/system-variables/innodb_page_size"
_LOG_PAGES = 2048


@dataclass(frozen=True)
class Database(GeneratedLoad):
    """What is read or written directly is pinned for that long, wherever it lies; a display opens windows."""

    name = "database"
    summary = "direct I/O of a buffer pool, fsync of a log; a display's buffers"
    board = "rpi4-4g"

    pool_mib: float = parameter(1536, "the database's buffer pool, MiB", least=1)
    page_pages: int = parameter(4, "a database's page, pages", _PAGE, least=1)
    connections: int = parameter(4, "transactions at a time", least=1)
    transactions: int = parameter(1000, "of each connection")
    misses: int = parameter(2, "pages that a transaction reads from the disk", f"assumed; {_DIRECT}")
    hits: int = parameter(16, "and that are in the pool")
    flushed: int = parameter(1, "pages written back for each transaction", f"assumed; {_DIRECT}")
    system_mib: float = parameter(250, "memory of all other programs, MiB")
    kernel_mib: float = parameter(150, "slab of the kernel, MiB")
    cached_mib: float = parameter(1600, "files that were read before, MiB")
    backup_mib: float = parameter(200, "read by a backup during the run, MiB")
    calls: int = parameter(20, "windows that the display opens, one after the other")
    bits: int = parameter(
        32, "of a window's pixel", "2025 pages: https://github.com/raspberrypi/linux/issues/2966", least=1
    )
    shown_ms: float = parameter(250, "how long each is there, and then is not, ms")

    def draw(self, seed: int) -> Scenario:
        """Which pages of the database are used."""
        draw, stage = np.random.default_rng(seed), Stage()
        kernel, pool = stage.region(SLAB, self.kernel_mib), stage.region(PROGRAM, self.pool_mib)
        idle, cache = stage.region(PROGRAM, self.system_mib), stage.region(READ, self.cached_mib)
        backup, programs = stage.region(READ, self.backup_mib), stage.programs
        log = stage.layout.region(WRITTEN, _LOG_PAGES * self.connections)
        for _ in range(self.connections + 2):
            stage.task()
        stage.fill(kernel, pool, idle, cache)
        for connection in range(self.connections):
            programs.begin()
            self._serve(programs, draw, pool, log + connection * _LOG_PAGES)
        programs.begin()
        programs.use(backup.first, backup.pages, 20_000)
        programs.begin()
        windows = [pages_of(*FULL_HD, self.bits)] * self.calls
        come_and_go(programs, windows, self.shown_ms, self.shown_ms)
        return stage.scenario()

    def _serve(self, programs: Programs, draw: np.random.Generator, pool: Region, log: int) -> None:
        """One connection: reads, changes, then its log, and at last a page that was changed long ago."""
        count = min(self.page_pages, pool.pages)
        places = draw.integers(pool.pages // count, size=(self.transactions, self.misses + self.flushed))
        for transaction, frames in enumerate((pool.first + places * count).tolist()):
            for frame in frames[: self.misses]:
                programs.direct(frame, count, own=False)
            programs.use_any(pool.first, pool.pages, self.hits, 2000, write=True)
            programs.use(log + transaction % _LOG_PAGES, 1, write=True)
            programs.sync(log + transaction % _LOG_PAGES, 1)
            for frame in frames[self.misses :]:
                programs.direct(frame, count, own=False, write=True)
