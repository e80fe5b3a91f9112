"""Dirty pages: when they are written, and that none is written twice at a time."""

import numpy as np
import pytest

from tests.kernel.closed import TOUCH, WRITE, check, do, machine
from zonecma.kernel.memory import DIRTY, WRITEBACK

_SECOND = 1_000_000_000


def _flags(m, flag):
    return int(((m.page.page_flags & flag) != 0).sum())


def _at(world, seconds):
    """Let the clock reach a time, at which page 0 (never written) is read."""
    world[1].vm[0].now = seconds * _SECOND
    do(world, TOUCH, 0)


@pytest.fixture
def written():
    """A hundred of a thousand pages, dirty since the start: fewer than a tenth of 64 MiB."""
    world = machine(0, 1000)
    do(world, WRITE, np.arange(100, 200))
    return world


def test_pages_are_written_when_they_were_dirty_for_thirty_seconds(written):
    """dirty_expire_centisecs is 3000, and the flusher looks every 5 s."""
    _at(written, 29)
    assert (written[1].vm[0].nr_dirty, written[1].vm[0].pgpgout) == (100, 0)
    _at(written, 36)
    assert (written[1].vm[0].nr_dirty, written[1].vm[0].pgpgout) == (0, 100)
    check(written)


def test_a_page_changed_while_it_is_written_stays_dirty(written):
    """WB_SYNC_NONE passes over a page whose write is under way: it is not written twice at a time."""
    _, m = written
    _at(written, 36)
    m.page.done[100:200] = m.vm[0].now + 100 * _SECOND
    m.writes.done[:] = m.vm[0].now + 100 * _SECOND  # a very slow disk
    do(written, WRITE, np.arange(100, 200))
    _at(written, 80)
    assert (_flags(m, DIRTY), _flags(m, WRITEBACK)) == (100, 100)
    assert (m.vm[0].nr_dirty, m.vm[0].nr_writeback, m.vm[0].pgpgout) == (100, 100, 100)
    _at(written, 140)
    assert (m.vm[0].nr_dirty, m.vm[0].nr_writeback, m.vm[0].pgpgout) == (0, 100, 200)
    check(written)


def test_above_a_tenth_of_memory_the_flusher_begins():
    """dirty_background_ratio is 10: of some 16,000 dirtyable pages a tenth may wait."""
    world = _, m = machine(0, 4096)
    do(world, WRITE, np.arange(1400))
    assert m.vm[0].pgpgout == 0
    do(world, WRITE, np.arange(1400, 2000))
    assert m.vm[0].pgpgout > 0
    assert m.vm[0].nr_dirty < 1638
    check(world)


def test_the_flusher_writes_an_eighth_of_the_limit_at_a_time():
    """At boot 48 of 64 MiB are there: 2457 pages may be dirty; an eighth and 1024, rounded, are a chunk."""
    world = _, m = machine(0, 4096)
    assert m.vm[0].dirty_limit == 2457
    do(world, WRITE, np.arange(2048))
    assert m.vm[0].pgpgout == 1024
    assert m.vm[0].nr_dirty == 1024
    check(world)


def test_the_limit_goes_up_at_once_and_down_slowly():
    """Every 200 ms, once more is dirty than halfway between background and limit: down by a 32nd."""
    world = _, m = machine(0, 4096)
    m.vm[0].now += _SECOND
    m.writes.done[:] = m.vm[0].now + 100 * _SECOND
    m.vm[0].dirty_limit = 40_000
    do(world, WRITE, np.arange(3000))
    first = int(m.vm[0].dirty_limit)
    assert first < 40_000
    assert first >= 40_000 - (40_000 >> 5)
