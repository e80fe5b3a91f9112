"""How long pages were bound, by a trace's time stamps: samples of two bonds.

jbd2's thread shows a commit by two events (jbd2_journal_commit_transaction): pages of the disk's own
cache that it adds for blocks of the log, and then the transaction's buffers, which it gives back as dirty.
Where those are in memory and dirty already, commits leave nothing, and several look like one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.events import EVENT_ID

_JBD2 = "jbd2/"
_ADDED = EVENT_ID["mm_filemap_add_to_page_cache"]
_DIRTIED = EVENT_ID["writeback_dirty_folio"]
_WAITS = EVENT_ID["folio_wait_writeback"]
_LOST = EVENT_ID["lost"]
_MINOR_BITS = 20
"""A disk's own cache (bdev) is on a device without a major number."""

_Integers = NDArray[np.int64]


def bonds_of(events: NDArray[Any], texts: tuple[str, ...]) -> dict[str, _Integers]:
    """Nanoseconds that pages were bound, by bond; nothing that spans lost events.

    commit: from one commit of a journal to the next that can be told from it.
    write: from a wait for a page under writeback to the waiter's next event, or to jbd2's if that is
    earlier: fsync waits for its pages, tells nothing, and has jbd2 commit (ext4_sync_file).
    """
    journals = [task for task, text in enumerate(texts) if text.startswith(_JBD2)]
    waiters = np.unique(events["task"][events["event"] == _WAITS])
    jbd2 = np.flatnonzero(np.isin(events["task"], journals))
    return {
        "commit": _all([_between_commits(events, task) for task in journals]),
        "write": _all([_waits(events, int(task), jbd2) for task in waiters]),
    }


def _between_commits(events: NDArray[Any], task: int) -> _Integers:
    """A commit begins with the first page for the log since buffers were given back."""
    what = events["event"]
    page = (what == _ADDED) & (events["c"] >> _MINOR_BITS == 0)
    mine = np.flatnonzero((events["task"] == task) & (page | (what == _DIRTIED)))
    given = what[mine] == _DIRTIED
    begins = mine[~given & np.append(True, given[:-1])[: len(mine)]]
    return _lasted(events, begins[:-1], begins[1:])


def _waits(events: NDArray[Any], task: int, jbd2: _Integers) -> _Integers:
    """A task's waits but the last, if nothing follows it."""
    mine = np.flatnonzero(events["task"] == task)
    at = np.flatnonzero(events["event"][mine[:-1]] == _WAITS)
    first = mine[at]
    woken = np.append(jbd2, len(events))[np.searchsorted(jbd2, first)]
    return _lasted(events, first, np.minimum(mine[at + 1], woken))


def _lasted(events: NDArray[Any], first: _Integers, last: _Integers) -> _Integers:
    """From one event each to another, unless events between them were lost."""
    lost = np.flatnonzero(events["event"] == _LOST)
    whole = np.searchsorted(lost, first) == np.searchsorted(lost, last)
    lasted: _Integers = (events["time"][last] - events["time"][first])[whole]
    return lasted


def _all(parts: list[_Integers]) -> _Integers:
    return np.concatenate([np.zeros(0, np.int64), *parts])
