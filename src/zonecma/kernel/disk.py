"""Block devices: a disk for files, and one for swap.  Each takes one request after the other.

Not the kernel's block layer: a device has a rate of requests and of pages, and what is asked of it
waits for what was asked before.
"""

from __future__ import annotations

import numpy as np

from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.memory import Memory, wait_until


@primitive
def queue(m: Memory, device: int, pages: int, requests: float) -> int:
    """Give a device some requests, or part of one, for so many pages; when it is done (ns)."""
    disk = m.disk[device]
    begins = max(disk.busy_until, m.vm[0].now)
    disk.busy_until = begins + np.int64(max(disk.op_ns * requests, disk.page_ns * pages))
    return disk.busy_until  # type: ignore[no-any-return]


@jit
def read(m: Memory, device: int, pages: int) -> None:
    """Read pages, and wait for them; one read ahead comes with the request before it."""
    disk = m.disk[device]
    if m.vm[0].read_on:
        wait_until(m, queue(m, device, pages, pages / disk.merged))
    else:
        wait_until(m, queue(m, device, pages, 1.0) + int(disk.read_ns))


@jit
def write_later(m: Memory, device: int, obj: int, pages: int) -> None:
    """Queue a page's write; nobody waits for it."""
    disk, ring = m.disk[device], m.writes[device]
    entry = ring[disk.last % ring.size]
    entry.done, entry.object = queue(m, device, pages, pages / disk.merged), obj
    m.page[obj].done = entry.done
    disk.last += 1


@primitive
def is_full(m: Memory, device: int) -> bool:
    """Whether no more writes can be noted."""
    disk = m.disk[device]
    return disk.last - disk.first >= m.writes[device].size  # type: ignore[no-any-return]
