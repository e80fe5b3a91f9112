"""Metadata in a journal: who holds it from its change until it is written to its place, and let go.

Times are those of the commit interval and of a log of 40 ms; hand-made, as fs/jbd2 has them.
"""

import numpy as np
import pytest

from tests.kernel.closed import (
    CALL,
    CLASS,
    COMMIT,
    FSYNC,
    GIVE_BACK,
    RELEASE,
    TOUCH,
    WHOLE_AREA,
    WRITE,
    ask,
    check,
    do,
    specimens,
)
from tests.machines import BUFFER
from zonecma.kernel.checkpoint import CHECKPOINT, LET_GO, NOT_IN_JOURNAL, RUNNING, WRITTEN
from zonecma.kernel.memory import (
    BLOCKDEV,
    DIRTY,
    JOURNALED,
    JOURNALED_FROM_START,
    NO_TRANSACTION,
    WRITEBACK,
)
from zonecma.kernel.page_class import PageClass
from zonecma.kernel.rules import RULES
from zonecma.machine.durations import Duration

MS = 1_000_000
COMMITS = {"commit": Duration(5000 * MS, 5000 * MS), "commit_log": Duration(40 * MS, 40 * MS)}
ALL_RULES = pytest.mark.parametrize("rules", RULES.values(), ids=RULES)


def metadata(count, rules=RULES["6.12"], durations=COMMITS, journaled=JOURNALED):
    world = _, m = specimens(0, count, rules=rules, durations=durations)
    m.page.kind[:count], m.page.gfp[:count], m.page.journaled[:count] = BLOCKDEV, BUFFER, journaled
    do(world, TOUCH, np.arange(count))
    m.buffer_heads[:] = -1
    return world


def forget_buffers(memory):
    memory.buffer_heads[:] = -1


def states(world, count):
    """Where the journal has the pages; its list holds those that are in it, each once."""
    _, m = world
    listed = m.journal[: m.vm[0].nr_journal]
    assert np.array_equal(np.sort(listed), np.flatnonzero(m.page.transaction))
    check(world)
    return m.page.transaction[:count].tolist()


def call(world):
    """Whether the whole area can be had now; it is given back."""
    state, m = world
    forget_buffers(m)
    failed, _ = do(world, CALL, WHOLE_AREA)
    if not failed:
        do(world, GIVE_BACK, state.cma[0].base_pfn, WHOLE_AREA)
    return not failed


@ALL_RULES
def test_from_change_to_checkpoint(rules):
    """Held while its transaction runs, dirty after the commit, written when it is old enough, then let go."""
    lets_go_when_asked = rules.series == "4.7"
    world = _, m = metadata(2, rules)
    begun = int(m.vm[0].now)
    ask(world, WRITE, 0)
    assert states(world, 2) == [RUNNING, NOT_IN_JOURNAL]
    assert m.vm[0].commit_at == begun + 5040 * MS
    assert not m.page.page_flags[0] & DIRTY  # the commit makes it so
    assert not call(world)
    assert ask(world, CLASS, 0) == [PageClass.JOURNAL]
    m.vm[0].now = begun + 5040 * MS - 1
    ask(world, COMMIT, 0)
    assert states(world, 2)[0] == RUNNING
    m.vm[0].now += 1
    ask(world, COMMIT, 0)
    assert states(world, 2)[0] == CHECKPOINT
    assert m.page.page_flags[0] & DIRTY
    assert m.page.dirtied[0] == begun + 5040 * MS
    assert m.vm[0].commit_at == NO_TRANSACTION
    if not lets_go_when_asked:
        assert not call(world)
    m.disk["page_ns"] = 7 * MS
    m.vm[0].now += 36_000 * MS  # vm.dirty_expire_centisecs, and a round of the flusher
    ask(world, TOUCH, 1)
    assert m.page.page_flags[0] & WRITEBACK
    m.vm[0].now += 7 * MS
    ask(world, TOUCH, 1)
    assert states(world, 2)[0] == WRITTEN
    assert call(world) == lets_go_when_asked


@pytest.mark.parametrize("series", ["6.1", "6.12"])
def test_what_is_written_is_let_go_at_the_next_commit(series):
    world = metadata(2, RULES[series])
    do(world, WRITE, 0)
    ask(world, FSYNC, 0, 0)  # nothing of the file, but the transaction
    ask(world, FSYNC, 0, 1)
    assert states(world, 2) == [WRITTEN, NOT_IN_JOURNAL]
    assert not call(world)
    ask(world, FSYNC, 0, 2)  # no transaction is running
    assert states(world, 2) == [WRITTEN, NOT_IN_JOURNAL]
    do(world, WRITE, 1)
    ask(world, FSYNC, 0, 0)
    assert states(world, 2) == [NOT_IN_JOURNAL, CHECKPOINT]
    assert call(world)  # the other page left the area when it was asked for first


def test_4_7_lets_go_when_the_page_is_asked_for():
    """The call writes what is dirty, waits, and releases its buffers (jbd2_journal_try_to_free_buffers)."""
    world = _, m = metadata(1, RULES["4.7"])
    do(world, WRITE, 0)
    ask(world, FSYNC, 0, 0)
    assert states(world, 1) == [CHECKPOINT]
    m.disk["page_ns"] = 7 * MS
    forget_buffers(m)
    begun = int(m.vm[0].now)
    assert do(world, CALL, WHOLE_AREA, thinks=0) == (0, 1)
    assert m.vm[0].now == begun + 7 * MS
    assert m.vm[0].pgpgout == 1


@ALL_RULES
def test_fsync_commits_and_waits_for_the_log(rules):
    world = _, m = metadata(1, rules)
    do(world, WRITE, 0)
    begun = int(m.vm[0].now)
    ask(world, FSYNC, 0, 0)
    assert m.vm[0].now == begun + 40 * MS
    assert states(world, 1) == [CHECKPOINT]


@ALL_RULES
def test_a_change_after_the_commit_joins_the_next_transaction(rules):
    """Dirty no more until that is committed (jbd2_journal_get_write_access); one entry on the list."""
    world = _, m = metadata(2, rules)
    do(world, WRITE, [0, 0, 1])
    ask(world, FSYNC, 0, 0)
    assert (states(world, 2), m.vm[0].nr_dirty) == ([CHECKPOINT, CHECKPOINT], 2)
    do(world, WRITE, 0)
    assert (states(world, 2), m.vm[0].nr_dirty) == ([RUNNING, CHECKPOINT], 1)
    ask(world, FSYNC, 0, 0)
    assert (states(world, 2), m.vm[0].nr_dirty) == ([CHECKPOINT, CHECKPOINT], 2)


@ALL_RULES
def test_a_change_while_it_is_written_is_not_taken_for_written(rules):
    world = _, m = metadata(2, rules)
    do(world, WRITE, 0)
    ask(world, FSYNC, 0, 0)
    m.disk["page_ns"] = 7 * MS
    m.vm[0].flusher_at, m.vm[0].dirty_expire_ns = m.vm[0].now, 0
    do(world, TOUCH, 1)
    assert m.page.page_flags[0] & WRITEBACK
    do(world, WRITE, 0)
    m.vm[0].now += 7 * MS
    do(world, TOUCH, 1)
    assert not m.page.page_flags[0] & WRITEBACK
    assert states(world, 2)[0] == RUNNING


@ALL_RULES
def test_what_is_given_up_leaves_the_list_at_the_next_commit(rules):
    world = metadata(2, rules)
    do(world, WRITE, [0, 1])
    do(world, RELEASE, 0)
    assert states(world, 2) == [LET_GO, RUNNING]
    do(world, WRITE, 0)  # it comes back
    assert states(world, 2) == [RUNNING, RUNNING]
    do(world, RELEASE, 0)
    ask(world, FSYNC, 0, 0)
    assert states(world, 2) == [NOT_IN_JOURNAL, CHECKPOINT]


@ALL_RULES
@pytest.mark.parametrize("journaled", [JOURNALED, JOURNALED_FROM_START])
def test_without_commits_a_page_is_held_until_it_is_written(rules, journaled):
    """A recording tells what its commits left dirty, and when."""
    world = _, m = metadata(2, rules, {}, journaled)
    from_start = journaled == JOURNALED_FROM_START
    assert m.page.transaction[:2].tolist() == [RUNNING * from_start] * 2
    do(world, WRITE, 0)
    assert m.page.transaction[0] == CHECKPOINT
    assert m.page.page_flags[0] & DIRTY
    ask(world, FSYNC, 0, 1)
    assert m.page.transaction[0] == NOT_IN_JOURNAL
    assert m.vm[0].nr_journal == 0
    check(world)
