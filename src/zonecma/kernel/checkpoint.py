"""Which pages the journal of a file system has, and what lets them go (fs/jbd2/checkpoint.c).

A page that a transaction changes belongs to it until the commit.  Then it is dirty, and is on the
checkpoint list until it has been written and the next commit finds it clean.
"""

from __future__ import annotations

from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.memory import COMMIT, Memory
from zonecma.kernel.notes import note_free_to_go
from zonecma.kernel.units import Code

# PAGE.transaction
NOT_IN_JOURNAL = Code(0)
RUNNING = Code(1)
"""changed by a transaction that is not committed"""
CHECKPOINT = Code(2)
"""committed, and not yet written to its place"""
WRITTEN = Code(3)
"""written; the journal has not noticed yet"""
LET_GO = Code(4)
"""free, and struck off the journal's list at the next commit"""


@primitive
def commits(m: Memory) -> bool:
    """Whether transactions are modelled: a recording tells of what they leave dirty instead."""
    return m.duration[COMMIT].median > 0  # type: ignore[no-any-return]


@primitive
def is_held_by_journal(m: Memory, obj: int) -> bool:
    """Whether the journal's reference keeps a page from being freed.

    One that is written is let go when it is asked for (jbd2_journal_try_to_free_buffers).
    """
    return m.page[obj].transaction == RUNNING or m.page[obj].transaction == CHECKPOINT  # type: ignore[no-any-return]


@primitive
def is_in_journal(m: Memory, obj: int) -> bool:
    """Whether the journal has a reference to a page at all (jbd2_journal_add_journal_head)."""
    return is_held_by_journal(m, obj) or m.page[obj].transaction == WRITTEN  # type: ignore[no-any-return]


@jit
def leave_journal(m: Memory, obj: int) -> None:
    """The journal lets a page go."""
    page = m.page[obj]
    if is_in_journal(m, obj):
        page.transaction = LET_GO if commits(m) else NOT_IN_JOURNAL
        note_free_to_go(m, obj)


@jit
def note_written(m: Memory, obj: int) -> None:
    """A page of the journal is written to its place; the next commit lets it go.

    Where commits are not modelled that is now (journal_clean_one_cp_list).
    """
    if m.page[obj].transaction == CHECKPOINT and commits(m):
        m.page[obj].transaction = WRITTEN
    elif m.page[obj].transaction == CHECKPOINT:
        leave_journal(m, obj)
