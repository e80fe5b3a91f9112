"""fsync: what was dirty is on the disk when it returns."""

import numpy as np
import pytest

from tests.kernel.closed import FSYNC, TOUCH, WRITE, ask, check, do, specimens
from zonecma.kernel.memory import DIRTY, NO_TRANSACTION, WRITEBACK
from zonecma.kernel.rules import RULES

MS = 1_000_000
ALL_RULES = pytest.mark.parametrize("rules", RULES.values(), ids=RULES)


@ALL_RULES
def test_what_is_dirty_is_written_and_waited_for(rules):
    world = _, m = specimens(0, 8, rules=rules)
    do(world, WRITE, np.arange(6))
    do(world, TOUCH, [6, 7])
    m.disk["page_ns"] = 2 * MS
    begun = int(m.vm[0].now)
    ask(world, FSYNC, 0, 4)
    assert m.vm[0].now == begun + 8 * MS
    assert (m.vm[0].pgpgout, m.vm[0].nr_dirty, m.vm[0].nr_writeback) == (4, 2, 0)
    assert not (m.page.page_flags[:4] & (DIRTY | WRITEBACK)).any()
    assert (m.page.page_flags[4:6] & DIRTY).all()
    assert m.vm[0].commit_at == NO_TRANSACTION
    ask(world, FSYNC, 0, 4)
    assert m.vm[0].now == begun + 8 * MS
    check(world)


@ALL_RULES
def test_what_changed_while_it_was_written_is_written_once_more(rules):
    """WB_SYNC_ALL waits for the write that is under way, and begins another (write_cache_pages)."""
    world = _, m = specimens(0, 1, rules=rules)
    do(world, WRITE, 0)
    m.disk["page_ns"] = 2 * MS
    m.vm[0].flusher_at, m.vm[0].dirty_expire_ns = m.vm[0].now, 0
    do(world, TOUCH, 0)
    do(world, WRITE, 0)
    assert m.page.page_flags[0] & (DIRTY | WRITEBACK) == DIRTY | WRITEBACK
    first = int(m.page.done[0])
    ask(world, FSYNC, 0, 1)
    assert m.vm[0].now == first + 2 * MS
    assert m.vm[0].pgpgout == 2
    assert not m.page.page_flags[0] & (DIRTY | WRITEBACK)
    check(world)
