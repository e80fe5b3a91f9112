"""Who could not lock a CPU's page lists: what the trace tells of it (pcp_spin_trylock, 6.1 and 6.12).

Who frees or allocates and finds the lists locked goes past them.  On its own CPU that is an
interrupt, while the task below it is within a batch of frees (free_unref_folios) or a refill
(rmqueue_bulk); on another CPU it is anybody, while all lists are emptied (drain_pages_zone).  The
trace says who drained a chunk, not off whose list; that is the CPU that last had it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.events import EVENT_ID
from zonecma.kernel.jit import jit, primitive

NOBODY = -1
NO_CPU = 255
_DRAIN = EVENT_ID["mm_page_pcpu_drain"]
_FAR = 4096
"""Events to look ahead for what a task did next."""


class Locks(NamedTuple):
    """Who is within what."""

    home: NDArray[np.uint8]
    """u1[frames]: the CPU on whose list a frame was put last; NO_CPU"""
    prepared: NDArray[np.int64]
    """i8[cpus]: frees of the running batch that wait for their commit on each CPU"""
    committed: NDArray[np.int64]
    """i8[cpus]: the last frame that the running batch committed; NOBODY: its lock is not held"""
    drainer: NDArray[np.int64]
    """i8[cpus]: the task that empties all CPUs' lists on each CPU; NOBODY"""
    emptied: NDArray[np.int64]
    """i8[cpus]: whose lists it empties"""
    held: NDArray[np.int64]
    """i8[cpus]: pages that it has drained of these lists since it began, or since another CPU came between"""
    between: NDArray[np.uint8]
    """u1[cpus]: 1 when another CPU has had the zone's lock since its last chunk"""
    owed: NDArray[np.int64]
    """i8[words]: 1 + the next CPU whose lists a task will empty; 0: none"""


def no_locks(frames: int, cpus: int, words: int) -> Locks:
    """Nobody is within anything."""
    return Locks(
        np.full(frames, NO_CPU, np.uint8),
        np.zeros(cpus, np.int64),
        np.full(cpus, NOBODY, np.int64),
        np.full(cpus, NOBODY, np.int64),
        np.full(cpus, NOBODY, np.int64),
        np.zeros(cpus, np.int64),
        np.zeros(cpus, np.uint8),
        np.zeros(words, np.int64),
    )


@primitive
def prepare(locks: Locks, event: Any) -> None:
    """A free will be committed with the others of its batch."""
    locks.prepared[event.cpu] += 1


@primitive
def commit(locks: Locks, event: Any) -> None:
    """From the first commit to the last a batch holds the lists of a zone."""
    locks.prepared[event.cpu] -= 1
    locks.committed[event.cpu] = event.pfn if locks.prepared[event.cpu] > 0 else NOBODY


@primitive
def come_between(locks: Locks, cpu: int) -> None:
    """A CPU has the zone's lock, which a drain on another one gives up now and then."""
    for other in range(locks.between.size):
        if other != cpu:
            locks.between[other] = 1


@primitive
def hold_again(locks: Locks, cpu: int, pages: int) -> None:
    """A drain on a CPU begins with a chunk, or goes on with it after another CPU came between."""
    locks.held[cpu], locks.between[cpu] = pages, 0


@jit
def _empties_next(locks: Locks, events: NDArray[Any], at: int, task: int) -> int:
    """Whose lists a task goes on to empty after event ``at``; NOBODY when it does something else."""
    for i in range(at + 1, min(at + _FAR, events.size)):
        if events[i].task == task:
            return locks.home[events[i].pfn] if events[i].event == _DRAIN else NOBODY
    return NOBODY


@jit
def drains_next(events: NDArray[Any], at: int, task: int) -> bool:
    """Whether the next that a task does after event ``at`` is to drain a chunk."""
    for i in range(at + 1, min(at + _FAR, events.size)):
        if events[i].task == task:
            return events[i].event == _DRAIN  # type: ignore[no-any-return]
    return False


@jit
def emptied_from_afar(locks: Locks, events: NDArray[Any], at: int, cpu: int) -> bool:
    """Whether another CPU is just emptying this one's lists."""
    for other in range(locks.drainer.size):
        task = locks.drainer[other]
        if other != cpu and task != NOBODY and _empties_next(locks, events, at, task) == cpu:
            return True
    return False


@jit
def emptied_until_now(locks: Locks, cpu: int) -> bool:
    """Whether the last that another CPU did was to empty this one's lists."""
    for other in range(locks.drainer.size):
        if other != cpu and locks.drainer[other] != NOBODY and locks.emptied[other] == cpu:
            return True
    return False
