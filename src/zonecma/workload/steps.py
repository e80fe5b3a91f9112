"""What programs do, step by step: accesses to pages, waits, contiguous calls."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from zonecma.kernel.memory import GET_USER_PAGES, SPLICE

NEVER_AGAIN = 0
"""ns: a call that fails is not made again"""

STEP = np.dtype(
    [
        ("op", "u1"),
        ("own", "u1"),  # 1: ``first`` counts from the first object of the job's slot
        ("random", "u1"),  # 1: objects are drawn; else one after the other
        ("first", "i4"),  # object, or number of a contiguous buffer
        ("span", "i4"),  # objects to choose from; of a call: order of its alignment; of HOLD: how long
        ("count", "i4"),  # accesses, objects or frames
        ("ns", "i8"),  # CPU time before each access, or how long to sleep
        ("again", "i8"),  # ns after which a contiguous call that failed is made again; NEVER_AGAIN
        ("patience", "i8"),  # ns since the call was first made, after which it is given up
    ],
    align=True,
)
"""One step of a job."""

# STEP.op
LOAD, STORE = 0, 1
GIVE_UP = 2
"""munmap, truncate, unlink"""
SYNC = 3
"""fsync: what is dirty is written, the journal's transaction is committed"""
DIRECT_READ, DIRECT_WRITE = 4, 5
"""O_DIRECT, to or from pages that are pinned until it is done"""
PIN = 6
"""for long (FOLL_LONGTERM): RDMA, VFIO, io_uring's fixed buffers"""
HOLD = 7
"""a plain reference: vmsplice, process_vm_readv, or a driver's"""
LET_GO = 8
"""the end of PIN or HOLD"""
CALL, RELEASE = 9, 10
"""cma_alloc and cma_release"""
SLEEP = 11

UNTIL_LET_GO = -1
"""STEP.span of a HOLD that LET_GO ends; else it is one of the durations of kernel.memory"""

DMA_ALIGNMENT = 8
"""Order that contiguous buffers are aligned to at most (CONFIG_CMA_ALIGNMENT)."""


def dma_order(pages: int) -> int:
    """Order of the alignment of so many frames: their size, rounded up, to a limit (dma_alloc_contiguous)."""
    return min(max(pages - 1, 0).bit_length(), DMA_ALIGNMENT)


@dataclass
class Programs:
    """Collects steps, job after job; what comes before the first ``begin`` runs before the load."""

    rows: list[tuple[int, ...]] = field(default_factory=list)
    starts: list[int] = field(default_factory=lambda: [0])
    buffers: int = 0
    """contiguous buffers that calls have named"""

    def begin(self) -> None:
        """What follows is a new job's."""
        self.starts.append(len(self.rows))

    def use(self, first: int, count: int, ns: float = 0, *, own: bool = False, write: bool = False) -> None:
        """Access objects once each, in order, after so much CPU time each."""
        self._step(STORE if write else LOAD, first, count, own=own, ns=ns)

    def use_any(
        self, first: int, span: int, count: int, ns: float = 0, *, own: bool = False, write: bool = False
    ) -> None:
        """Access so many objects, each drawn from the ``span`` that begins with ``first``."""
        self._step(STORE if write else LOAD, first, count, own=own, ns=ns, span=span)

    def give_up(self, first: int, count: int, *, own: bool = False) -> None:
        """Give objects back: munmap, truncate, unlink."""
        self._step(GIVE_UP, first, count, own=own)

    def sync(self, first: int, count: int) -> None:
        """Write what is dirty of these, and wait for it; a journal's transaction is committed, too."""
        self._step(SYNC, first, count)

    def direct(self, first: int, count: int, *, own: bool = True, write: bool = False) -> None:
        """Read or write the disk past the page cache: these pages are pinned until one request is done."""
        self._step(DIRECT_WRITE if write else DIRECT_READ, first, count, own=own)

    def pin(self, first: int, count: int, *, own: bool = True) -> None:
        """Pin pages for long; kernels that know of it move them out of areas first."""
        self._step(PIN, first, count, own=own)

    def hold(self, first: int, count: int, *, own: bool = True) -> None:
        """Keep references to pages where they are, until they are let go."""
        self._step(HOLD, first, count, own=own, span=UNTIL_LET_GO)

    def splice(self, first: int, count: int, *, own: bool = True) -> None:
        """Give pages to a pipe, which keeps references to them until it is read (vmsplice)."""
        self._step(HOLD, first, count, own=own, span=SPLICE)

    def peek(self, first: int, count: int, *, own: bool = True) -> None:
        """Have the kernel look at pages for another program (process_vm_readv, ptrace)."""
        self._step(HOLD, first, count, own=own, span=GET_USER_PAGES)

    def let_go(self, first: int, count: int, *, own: bool = True) -> None:
        """End what ``pin`` or ``hold`` began."""
        self._step(LET_GO, first, count, own=own)

    def sleep(self, ms: float) -> None:
        """Wait for a timer, a frame, a user."""
        self._step(SLEEP, 0, 1, ns=ms * 1e6)

    def call(
        self,
        buffer: int,
        pages: int,
        align: int | None = None,
        *,
        again_ms: float = 0,
        patience_ms: float = 0,
    ) -> None:
        """Ask for contiguous frames as buffer ``buffer``; after a failure again, until patience ends."""
        self.buffers = max(self.buffers, buffer + 1)
        order = dma_order(pages) if align is None else align
        self._step(CALL, buffer, pages, span=order, again=again_ms * 1e6, patience=patience_ms * 1e6)

    def release(self, buffer: int) -> None:
        """Give a contiguous buffer back, if it was got."""
        self._step(RELEASE, buffer, 1)

    def _step(
        self,
        op: int,
        first: int,
        count: int,
        *,
        own: bool = False,
        ns: float = 0,
        span: int | None = None,
        again: float = NEVER_AGAIN,
        patience: float = 0,
    ) -> None:
        """``span``: what the objects of an access are drawn from; those of None are taken in order.

        What is done with no objects at all is no step.
        """
        if op <= LET_GO and count == 0:
            return
        drawn = span is not None and op in (LOAD, STORE)
        reach = max(count, 1) if span is None else max(span, 1) if drawn else span
        self.rows.append((op, own, drawn, first, reach, count, int(ns), int(again), int(patience)))
