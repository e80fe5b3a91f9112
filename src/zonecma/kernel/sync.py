"""fsync: a file's dirty pages are written, and the journal's transaction is committed (fs/sync.c)."""

from __future__ import annotations

from zonecma.kernel.durations import draw_duration
from zonecma.kernel.jit import jit
from zonecma.kernel.journal import commit_transaction
from zonecma.kernel.memory import (
    COMMIT_LOG,
    DIRTY,
    DISK,
    IN_MEMORY,
    NO_TRANSACTION,
    WRITEBACK,
    Memory,
    wait_until,
)
from zonecma.kernel.state import State
from zonecma.kernel.writeback import complete_io, start_writeback, wait_for_request


@jit
def _write_range(s: State, m: Memory, first: int, count: int) -> None:
    """Write what is dirty; what is under writeback as it was before, when that ends (WB_SYNC_ALL)."""
    for obj in range(first, first + count):
        page = m.page[obj]
        if page.where == IN_MEMORY and page.page_flags & DIRTY:
            if page.page_flags & WRITEBACK:
                wait_until(m, page.done)
                complete_io(s, m)
            wait_for_request(s, m, DISK)
            start_writeback(s, m, obj, DISK)


@jit
def _wait_on_range(s: State, m: Memory, first: int, count: int) -> None:
    for obj in range(first, first + count):
        if m.page[obj].page_flags & WRITEBACK:
            wait_until(m, m.page[obj].done)
    complete_io(s, m)


@jit
def fsync(s: State, m: Memory, first: int, count: int) -> None:
    """Write what is dirty of these objects, and wait; a transaction that is running is committed."""
    _write_range(s, m, first, count)
    _wait_on_range(s, m, first, count)
    if m.vm[0].commit_at != NO_TRANSACTION:
        wait_until(m, m.vm[0].now + draw_duration(m, COMMIT_LOG))
        commit_transaction(m)
