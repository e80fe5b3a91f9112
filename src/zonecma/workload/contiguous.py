"""The contiguous calls of a trace: each range they tried, and what was in the frame that blocked it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.events import EVENT_ID
from zonecma.capture.trace import Trace
from zonecma.kernel.jit import entry, jit
from zonecma.workload.lives import (
    CONTIGUOUS,
    LOOK,
    NOBODY,
    Lives,
    follow,
    leave,
    look_at,
    no_lives,
    page_freed,
    pages_of,
    settle,
)
from zonecma.workload.migrations import (
    Migrations,
    begin_migration,
    end_migration,
    entry_removed,
    entry_set,
    moves_page,
    no_migrations,
    page_allocated,
)

# ATTEMPT.outcome
NOT_MADE = 0
"""the bitmap has no further range: the call ended"""
OPEN = 1
"""the trace does not show its end"""
GOT = 2
"""the call got its frames"""
BUSY = 3
"""-EBUSY: the call goes on to the next range"""
FAILED = 4
"""another error, which ends the call"""

CALL = np.dtype(
    [
        ("start", "i4"),  # event
        ("finish", "i4"),  # event; NOBODY
    ],
    align=True,
)
"""One cma_alloc."""

ATTEMPT = np.dtype(
    [
        ("begin", "i8"),  # ns
        ("end", "i8"),  # ns
        ("call", "i4"),  # index into the calls
        ("pfn", "i4"),  # first frame of the range; NOBODY
        ("tested", "i4"),  # event of test_pages_isolated; NOBODY
        ("nr_moved", "i4"),  # pages that migrate_pages moved
        ("nr_failed", "i4"),  # pages that its last round left where they were
        ("waits", "i4"),  # waits for writeback to end
        ("outcome", "u1"),
        *LOOK,
    ],
    align=True,
)
"""One range that a call tried (alloc_contig_range)."""

_EBUSY = -16

_ALLOC = EVENT_ID["mm_page_alloc"]
_FREE = EVENT_ID["mm_page_free"]
_ISOLFREE = EVENT_ID["isolfree"]
_CMA_START = EVENT_ID["cma_alloc_start"]
_CMA_RETRY = EVENT_ID["cma_alloc_busy_retry"]
_CMA_FINISH = EVENT_ID["cma_alloc_finish"]
_TESTED = EVENT_ID["test_pages_isolated"]
_MIGRATE_START = EVENT_ID["mm_migrate_pages_start"]
_MIGRATE = EVENT_ID["mm_migrate_pages"]
_SET_ENTRY = EVENT_ID["set_migration_pte"]
_REMOVE_ENTRY = EVENT_ID["remove_migration_pte"]
_WAIT = EVENT_ID["folio_wait_writeback"]


@dataclass(frozen=True)
class ContiguousCalls:
    """The contiguous calls of a trace, in order of their starts."""

    calls: NDArray[Any]
    """CALL[]"""
    attempts: NDArray[Any]
    """ATTEMPT[], of each call in order of time"""


class Follower:
    """Reads a trace event by event: who holds each frame, and what contiguous calls tried.

    The trace must be one of the machine's: chunks and CPUs are not looked at again.
    """

    def __init__(self, trace: Trace, nr_frames: int, pageblock_order: int) -> None:
        nr_calls, nr_retries = trace.count("cma_alloc_start"), trace.count("cma_alloc_busy_retry")
        texts = list(trace.texts)
        self._events = trace.events.view(np.recarray)
        self._calls = np.zeros(nr_calls, CALL).view(np.recarray)
        self._attempts = np.zeros(nr_calls + nr_retries, ATTEMPT).view(np.recarray)
        self._attempt_of_task = np.full(len(texts), NOBODY, np.int32)
        self._reason = texts.index("contig_range") if "contig_range" in texts else NOBODY
        self._migrations = no_migrations(len(trace.events), len(texts))
        self._used = np.zeros(2, np.int64)
        self._read = 0
        self.lives = no_lives(nr_frames, pageblock_order)

    def read_to(self, event: int) -> None:
        """Read on, up to this event and without it."""
        _follow_calls(
            self._events,
            (self._read, event),
            self.lives,
            self._migrations,
            self._calls,
            self._attempts,
            self._attempt_of_task,
            self._used,
            self._reason,
        )
        self._read = max(self._read, event)

    def calls(self) -> ContiguousCalls:
        """The contiguous calls so far."""
        return ContiguousCalls(self._calls, self._attempts[self._attempts.outcome != NOT_MADE])


def contiguous_calls(trace: Trace, nr_frames: int, pageblock_order: int) -> ContiguousCalls:
    """Every contiguous call of a trace, and every range that it tried."""
    follower = Follower(trace, nr_frames, pageblock_order)
    if trace.count("cma_alloc_start"):
        follower.read_to(len(trace.events))
    return follower.calls()


@jit
def _begin_attempt(
    attempts: NDArray[Any], attempt_of_task: NDArray[np.int32], used: NDArray[np.int64], call: int, event: Any
) -> None:
    number = used[1]
    used[1] += 1
    attempt_of_task[event.task] = number
    one = attempts[number]
    one.begin, one.call, one.outcome = event.time, call, OPEN
    one.pfn = one.tested = one.fin_pfn = one.since = one.cached = one.left = one.before = NOBODY


@jit
def _end_attempt(attempt: Any, event: Any, outcome: int) -> None:
    attempt.end, attempt.pfn, attempt.outcome = event.time, event.pfn, outcome


@jit
def _finish(lives: Lives, looks: NDArray[Any], attempt: Any, events: NDArray[Any], i: int) -> None:
    """The end of a call.  Where it found no further range, the attempt that was begun was none."""
    event = events[i]
    if event.c == 0 and event.e >= 0 and event.pfn >= 0:
        _end_attempt(attempt, event, GOT)
        if event.pfn + event.a <= lives.frames.size:
            leave(lives, looks, event.pfn, event.a, i, 0)
            settle(lives, event.pfn, event.a, CONTIGUOUS, i)
    elif event.pfn >= 0 and event.c != _EBUSY and (event.c != 0 or attempt.tested != NOBODY):
        _end_attempt(attempt, event, FAILED)
    else:
        attempt.outcome = NOT_MADE


@jit
def _within_call(lives: Lives, attempts: NDArray[Any], number: int, event: Any, i: int, reason: int) -> None:
    """What a call's own task does between its start and its end."""
    attempt = attempts[number]
    if event.event == _TESTED:
        attempt.tested = i
        if event.b < event.a:
            look_at(lives, attempts, number, event.b)
    elif event.event == _MIGRATE and event.d == reason:
        attempt.nr_moved += event.a
        attempt.nr_failed = event.b
    elif event.event == _WAIT:
        attempt.waits += 1


@jit
def _follow_migration(
    lives: Lives, migrations: Migrations, looks: NDArray[Any], events: NDArray[Any], i: int
) -> None:
    """Allocations, frees and what tells which page went where."""
    event = events[i]
    what = event.event
    if what == _ALLOC:
        page_allocated(migrations, event)
    elif what == _FREE:
        moved = moves_page(lives, migrations, events, event)
        leave(lives, looks, event.pfn, pages_of(event), i, 1 if moved else 0)
        page_freed(lives, event, i)
    elif what == _MIGRATE_START:
        begin_migration(migrations, event.task)
    elif what == _MIGRATE:
        end_migration(migrations, event.task)
    elif what == _SET_ENTRY:
        entry_set(migrations, event)
    elif what == _REMOVE_ENTRY:
        entry_removed(lives, migrations, event)


@entry
def _follow_calls(
    events: NDArray[Any],
    which: tuple[int, int],
    lives: Lives,
    migrations: Migrations,
    calls: NDArray[Any],
    attempts: NDArray[Any],
    attempt_of_task: NDArray[np.int32],
    used: NDArray[np.int64],
    reason: int,
) -> None:
    """Read events in order, from one up to another; fills ``calls`` and ``attempts``, ``used`` of them."""
    for i in range(which[0], which[1]):
        event = events[i]
        what, number = event.event, attempt_of_task[event.task]
        if what == _CMA_START:
            calls[used[0]].start, calls[used[0]].finish = i, NOBODY
            _begin_attempt(attempts, attempt_of_task, used, used[0], event)
            used[0] += 1
        elif number == NOBODY:
            pass
        elif what == _CMA_RETRY:
            _end_attempt(attempts[number], event, BUSY)
            _begin_attempt(attempts, attempt_of_task, used, attempts[number].call, event)
        elif what == _CMA_FINISH:
            calls[attempts[number].call].finish = i
            _finish(lives, attempts, attempts[number], events, i)
            attempt_of_task[event.task] = NOBODY
        else:
            _within_call(lives, attempts, number, event, i, reason)
            if what == _ISOLFREE and _ends_isolation(attempts[number]):
                continue
        follow(lives, attempts, events, i)
        _follow_migration(lives, migrations, attempts, events, i)


@jit
def _ends_isolation(attempt: Any) -> bool:
    """Whether chunks that leave their lists come back at once: a busy range's isolation is undone.

    unset_migratetype_isolate takes a pageblock's chunk off its list and puts it back, to have it merged.
    """
    return attempt.tested != NOBODY and attempt.fin_pfn != NOBODY  # type: ignore[no-any-return]
