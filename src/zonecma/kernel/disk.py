"""Block devices: a disk for files, and one for swap.  Each takes one request after the other.

Not the kernel's block layer: a device has a rate of requests and of pages, and what is asked of it
waits for what was asked before.
"""

from __future__ import annotations

import numpy as np

from zonecma.kernel.durations import draw_duration
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.memory import DISK, READ_LATENCY, WRITE_LATENCY, Memory, wait_until


@primitive
def queue(m: Memory, device: int, pages: int, requests: float) -> int:
    """Give a device some requests, or part of one, for so many pages; when it is done (ns)."""
    disk = m.disk[device]
    begins = max(disk.busy_until, m.vm[0].now)
    disk.busy_until = begins + np.int64(max(disk.op_ns * requests, disk.page_ns * pages))
    return disk.busy_until  # type: ignore[no-any-return]


@primitive
def _read_latency(m: Memory, device: int) -> int:
    """What a read waits beside the queue (ns): drawn, where its distribution is known."""
    drawn = draw_duration(m, READ_LATENCY) if device == DISK else 0
    return drawn if drawn else int(m.disk[device].read_ns)


@jit
def read(m: Memory, device: int, pages: int) -> None:
    """Read pages, and wait for them; one read ahead comes with the request before it."""
    disk = m.disk[device]
    if m.vm[0].read_on:
        wait_until(m, queue(m, device, pages, pages / disk.merged))
    else:
        wait_until(m, queue(m, device, pages, 1.0) + _read_latency(m, device))


@jit
def write_later(m: Memory, device: int, obj: int, pages: int) -> None:
    """Queue a page's write; nobody waits for it.  None ends before the one that was queued before it."""
    disk, ring = m.disk[device], m.writes[device]
    entry, last = ring[disk.last % ring.size], ring[(disk.last - 1) % ring.size].done
    done = queue(m, device, pages, pages / disk.merged) + draw_duration(m, WRITE_LATENCY)
    entry.done, entry.object = max(done, last), obj
    m.page[obj].done = entry.done
    disk.last += 1


@primitive
def is_full(m: Memory, device: int) -> bool:
    """Whether no more writes can be noted."""
    disk = m.disk[device]
    return disk.last - disk.first >= m.writes[device].size  # type: ignore[no-any-return]
