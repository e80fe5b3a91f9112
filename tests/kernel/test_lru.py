"""LRU lists: where pages begin, what activates them, and what the versions count."""

import numpy as np
import pytest

from tests.kernel.closed import TOUCH, WRITE, do, machine
from zonecma.kernel.memory import ACTIVE_ANON, ACTIVE_FILE, INACTIVE_ANON, INACTIVE_FILE
from zonecma.kernel.rules import RULES


def _lists(m):
    return m.lru.nr.sum(axis=0)


@pytest.mark.parametrize(
    ("version", "lru"), [("4.7", ACTIVE_ANON), ("6.1", INACTIVE_ANON), ("6.12", INACTIVE_ANON)]
)
def test_fresh_anonymous_memory_is_active_before_5_9(version, lru):
    """lru_cache_add_active_or_unevictable; from 5.9 lru_cache_add_inactive_or_unevictable."""
    world = _, m = machine(10, 0, rules=RULES[version])
    do(world, WRITE, np.arange(10))
    assert _lists(m)[lru] == _lists(m).sum() == 10


def test_the_second_use_of_a_file_page_activates_it():
    """Read: inactive; used once more: referenced; and again: active (folio_mark_accessed)."""
    world = _, m = machine(0, 10)
    do(world, TOUCH, np.arange(10))
    do(world, TOUCH, np.arange(6))
    assert (_lists(m)[INACTIVE_FILE], _lists(m)[ACTIVE_FILE]) == (10, 0)
    do(world, TOUCH, np.arange(4))
    assert (_lists(m)[INACTIVE_FILE], _lists(m)[ACTIVE_FILE]) == (6, 4)


def test_4_7_counts_what_comes_to_a_list_as_scanned():
    """update_page_reclaim_stat: 10 anonymous pages begin active (10 scanned, 10 rotated); of 7 pages of
    files (7 scanned) 3 are activated (3 more, and 3 rotated)."""
    world = _, m = machine(10, 7, rules=RULES["4.7"])
    do(world, WRITE, np.arange(10))
    do(world, TOUCH, np.arange(10, 17))
    for _ in range(2):
        do(world, TOUCH, np.arange(10, 13))
    assert m.lru.scanned.sum(axis=0).tolist() == [10, 10]
    assert m.lru.rotated.sum(axis=0).tolist() == [10, 3]


def test_since_5_8_nothing_is_counted_by_coming():
    """Costs count since then, those of reclaim's own work (lru_note_cost)."""
    world = _, m = machine(10, 7)
    do(world, WRITE, np.arange(10))
    do(world, TOUCH, np.arange(10, 17))
    assert not m.lru.scanned.any()
    assert not m.lru.cost.any()
