"""Pages on their way to LRU lists."""

import numpy as np
import pytest

from tests.kernel.closed import CALL, ON_BATCH, TOUCH, WRITE, ask, do, specimens
from tests.machines import KERNEL as KERNEL_CLASS
from zonecma.kernel.memory import KERNEL
from zonecma.kernel.rules import RULES

PAGEVEC_SIZE = {"4.7": 14, "6.1": 15, "6.12": 31}
ALL_RULES = pytest.mark.parametrize("rules", RULES.values(), ids=RULES)


@ALL_RULES
def test_a_full_batch_is_emptied(rules):
    size = PAGEVEC_SIZE[rules.series]
    world = specimens(0, 40, rules=rules)
    do(world, TOUCH, np.arange(size - 1))
    assert ask(world, ON_BATCH, np.arange(size)) == [1] * (size - 1) + [0]
    do(world, TOUCH, [0, size - 1])  # one is there, and does not join again
    assert sum(ask(world, ON_BATCH, np.arange(40))) == 0
    do(world, TOUCH, size)
    assert ask(world, ON_BATCH, np.arange(40)) == [int(obj == size) for obj in range(40)]


@ALL_RULES
def test_a_compound_page_empties_it(rules):
    """PageCompound in __lru_cache_add(), folio_may_be_lru_cached()."""
    world = _, m = specimens(3, rules=rules)
    m.page.order[1] = 2
    do(world, WRITE, np.arange(2))
    assert ask(world, ON_BATCH, [0, 1]) == [0, 0]
    do(world, WRITE, 2)
    assert ask(world, ON_BATCH, [0, 1, 2]) == [0, 0, 1]


def test_the_kernels_own_pages_join_none():
    world = _, m = specimens(3)
    m.page.kind[1], m.page.gfp[1] = KERNEL, KERNEL_CLASS
    do(world, WRITE, np.arange(3))
    assert ask(world, ON_BATCH, np.arange(3)) == [1, 0, 1]


@ALL_RULES
def test_a_contiguous_call_empties_all(rules):
    world = s, m = specimens(10, rules=rules, cpus=2)
    do(world, WRITE, np.arange(5))
    s.conf.this_cpu = 1
    do(world, WRITE, np.arange(5, 10))
    assert sum(ask(world, ON_BATCH, np.arange(10))) == 10
    assert m.batched.tolist() == [5, 5]
    do(world, CALL, 1)
    assert sum(ask(world, ON_BATCH, np.arange(10))) == 0
