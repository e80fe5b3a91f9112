"""A scenario: what programs do with memory, drawn from a seed; plain tables.

A scenario is a list of jobs, so many of them at a time, as ``make -j`` runs them.  A job is a list
of steps (workload.steps).  Objects are pages: common ones (files, what the kernel keeps) and those of
a slot, which one job after the other uses, and which a job gives up when it ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.memory import NO_SECOND
from zonecma.workload.steps import STEP, Programs
from zonecma.workload.uses import BUFFER, HUGE, NOT_AHEAD, PROGRAM, READ_AHEAD, USES

PAGE_SIZE = 4096
MIB = (1 << 20) // PAGE_SIZE
"""Pages of a MiB."""
PAGES_OF_TABLE = 512
"""A page of page table maps so many."""

NOBODY = -1

OBJECT = np.dtype(
    [
        ("task", "i4"),  # slot whose job it is; NOBODY
        ("kind", "u1"),  # of kernel.memory
        ("where", "u1"),  # of kernel.memory, before anybody used it
        ("gfp", "u1"),  # gfp class
        ("order", "u1"),
        ("mapped", "u1"),  # of kernel.memory
        ("journaled", "u1"),  # of kernel.memory
        ("whole_gfp", "u1"),  # gfp class of a huge page that is whole
        ("second_gfp", "u1"),  # gfp class of a second request
        ("tails", "i4"),  # of kernel.memory
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
    buffers: int = 0
    """contiguous buffers that steps name"""

    @property
    def jobs(self) -> int:
        """Jobs of the load."""
        return len(self.first_step) - 2


@dataclass
class Layout:
    """Numbers objects, one region behind the other."""

    rows: list[NDArray[Any]] = field(default_factory=list)
    count: int = 0

    def region(self, use: int, count: int, *, task: int = NOBODY, order: int | None = None) -> int:
        """Add so many objects of one use (workload.uses); the first one's number.

        What is read is on disk before.  Metadata is changed by transactions of a journal.  Behind huge
        pages come the small ones that they are split into, which no step names.
        """
        first = self._rows(use, count, task, order)
        if use == HUGE:
            tails = self._rows(PROGRAM, count * (PAGES_OF_TABLE - 1), task, None)
            self.rows[-2]["tails"] = tails + np.arange(count) * (PAGES_OF_TABLE - 1)
            self.rows[-2]["whole_gfp"] = HUGE
        return first

    def _rows(self, use: int, count: int, task: int, order: int | None) -> int:
        what = USES[use]
        rows = np.zeros(count, OBJECT)
        rows["task"], rows["kind"], rows["gfp"], rows["mapped"] = task, what.kind, use, what.mapped
        rows["order"] = what.order if order is None else order
        rows["second_gfp"] = NOT_AHEAD if use in READ_AHEAD else NO_SECOND
        rows["where"], rows["journaled"] = what.where, use == BUFFER
        self.rows.append(rows)
        self.count += count
        return self.count - count


def scenario_of(layout: Layout, slots: list[int], programs: Programs) -> Scenario:
    """The tables; ``slots`` are the first objects of each slot, which come last in the layout."""
    return Scenario(
        slots=len(slots),
        objects=np.concatenate(layout.rows),
        first_own=np.array([*slots, layout.count], np.int64),
        steps=np.array(programs.rows, STEP),
        first_step=np.array([*programs.starts, len(programs.rows)], np.int64),
        buffers=programs.buffers,
    )
