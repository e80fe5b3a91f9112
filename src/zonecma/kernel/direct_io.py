"""O_DIRECT: a disk reads or writes a program's pages, which are pinned meanwhile (fs/direct-io.c)."""

from __future__ import annotations

from zonecma.kernel.bonds import DIRECT_IO, bind
from zonecma.kernel.disk import queue
from zonecma.kernel.durations import draw_duration
from zonecma.kernel.jit import jit
from zonecma.kernel.memory import DIRECT_REQUEST, DISK, Memory, wait_until


@jit
def direct_io(m: Memory, first: int, count: int) -> None:
    """One request for pages that are in memory; who asked waits for it."""
    done = queue(m, DISK, count, 1.0) + draw_duration(m, DIRECT_REQUEST)
    for obj in range(first, first + count):
        bind(m, obj, DIRECT_IO, done)
    wait_until(m, done)
