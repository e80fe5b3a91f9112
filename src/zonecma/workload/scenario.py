"""A scenario: what programs do with memory, drawn from a seed; plain tables.

A scenario is a list of jobs, so many of them at a time, as ``make -j`` runs them.  A job is a list
of steps, each a number of accesses to objects with CPU time before each.  Objects are pages: common
ones (files, what the kernel keeps) and those of a slot, which one job after the other uses, and
which a job gives up when it ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.gfp import GFP_HIGHUSER_MOVABLE, GFP_KERNEL, GFP_NOFS, Gfp
from zonecma.kernel.memory import (
    ABSENT,
    ANONYMOUS,
    BLOCKDEV,
    EXECUTABLE,
    FILE,
    KERNEL,
    ON_DISK,
    READ_AND_WRITTEN,
)

PAGE_SIZE = 4096
MIB = (1 << 20) // PAGE_SIZE
"""Pages of a MiB."""
PAGES_OF_TABLE = 512
"""A page of page table maps so many."""

PROGRAM, READ, WRITTEN, KERNEL_PAGE, SLAB, BUFFER, RUN = range(7)
"""Uses of a page, each a gfp class."""

_READAHEAD = GFP_HIGHUSER_MOVABLE | Gfp.COLD | Gfp.NORETRY | Gfp.NOWARN
"""page_cache_alloc_readahead: what is read, and what is run"""
GFP_MASKS = (
    GFP_HIGHUSER_MOVABLE | Gfp.ZERO,
    _READAHEAD,
    GFP_HIGHUSER_MOVABLE | Gfp.WRITE,
    GFP_KERNEL | Gfp.ZERO,
    GFP_KERNEL | Gfp.RECLAIMABLE,
    GFP_NOFS | Gfp.MOVABLE,  # getblk
    _READAHEAD,
)
"""The gfp mask of each use."""

_KINDS = (ANONYMOUS, FILE, FILE, KERNEL, KERNEL, BLOCKDEV, FILE)
_ON_DISK = (READ, BUFFER, RUN)

NOBODY = -1

STEP = np.dtype(
    [
        ("own", "u1"),  # 1: ``first`` counts from the first object of the job's slot
        ("random", "u1"),  # 1: objects are drawn; else one after the other, again and again
        ("write", "u1"),
        ("first", "i4"),  # object
        ("span", "i4"),  # objects to choose from
        ("count", "i4"),  # accesses
        ("ns", "i8"),  # CPU time before each, without what memory costs
    ],
    align=True,
)
"""One step of a job."""

OBJECT = np.dtype(
    [
        ("task", "i4"),  # slot whose job it is; NOBODY
        ("kind", "u1"),  # of kernel.memory
        ("where", "u1"),  # of kernel.memory, before anybody used it
        ("gfp", "u1"),  # gfp class
        ("order", "u1"),
        ("mapped", "u1"),  # of kernel.memory
    ],
    align=True,
)
"""One page, or chunk of pages."""


@dataclass(frozen=True)
class Scenario:
    """A load, ready to run."""

    slots: int
    """jobs at a time; each is a task to the kernel"""
    objects: NDArray[Any]
    """OBJECT[objects]"""
    first_own: NDArray[np.int64]
    """i8[slots + 1]: first object of each slot, and the end of the last one's"""
    steps: NDArray[Any]
    """STEP[steps]"""
    first_step: NDArray[np.int64]
    """i8[jobs + 2]: first step of each job, and the end; job 0 is what runs before the load"""

    @property
    def jobs(self) -> int:
        """Jobs of the load."""
        return len(self.first_step) - 2


@dataclass
class Layout:
    """Numbers objects, one region behind the other."""

    rows: list[NDArray[Any]] = field(default_factory=list)
    count: int = 0

    def region(self, use: int, count: int, *, task: int = NOBODY, order: int = 0) -> int:
        """Add so many objects of one use; the first one's number.  What is read is on disk before."""
        rows = np.zeros(count, OBJECT)
        rows["task"], rows["kind"], rows["gfp"], rows["order"] = task, _KINDS[use], use, order
        rows["mapped"] = EXECUTABLE if use == RUN else READ_AND_WRITTEN
        rows["where"] = ON_DISK if use in _ON_DISK else ABSENT
        self.rows.append(rows)
        self.count += count
        return self.count - count


@dataclass
class Programs:
    """Collects steps, job after job; what comes before the first ``begin`` runs before the load."""

    rows: list[tuple[int, ...]] = field(default_factory=list)
    starts: list[int] = field(default_factory=lambda: [0])

    def begin(self) -> None:
        """What follows is a new job's."""
        self.starts.append(len(self.rows))

    def use(self, first: int, count: int, ns: float = 0, *, own: bool = False, write: bool = False) -> None:
        """Access objects once each, in order."""
        self.rows.append((own, 0, write, first, max(count, 1), count, int(ns)))

    def use_any(
        self, first: int, span: int, count: int, ns: float = 0, *, own: bool = False, write: bool = False
    ) -> None:
        """Access so many objects, each drawn from the ``span`` that begins with ``first``."""
        self.rows.append((own, 1, write, first, max(span, 1), count, int(ns)))


def scenario_of(layout: Layout, slots: list[int], programs: Programs) -> Scenario:
    """The tables; ``slots`` are the first objects of each slot, which come last in the layout."""
    return Scenario(
        slots=len(slots),
        objects=np.concatenate(layout.rows),
        first_own=np.array([*slots, layout.count], np.int64),
        steps=np.array(programs.rows, STEP),
        first_step=np.array([*programs.starts, len(programs.rows)], np.int64),
    )
