"""Each CPU remembers the 16 buffers that it looked up last (bh_lrus)."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernel.closed import CALL, LOOK_UP, ON_BH_LRU, TOUCH, ask, do, specimens
from tests.machines import BUFFER
from zonecma.kernel.memory import BLOCKDEV
from zonecma.kernel.rules import RULES

WORLD = specimens(0, 40, cpus=2)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 25)), max_size=80))
def test_they_are_those_looked_up_last(looked_up):
    _, m = WORLD
    m.buffer_heads[:] = -1
    expected = [[], []]
    for cpu, obj in looked_up:
        ask(WORLD, LOOK_UP, obj, cpu)
        expected[cpu] = [obj, *(one for one in expected[cpu] if one != obj)][:16]
    for cpu in range(2):
        assert m.buffer_heads[cpu].tolist() == expected[cpu] + [-1] * (16 - len(expected[cpu]))
    answers = ask(WORLD, ON_BH_LRU, np.arange(26))
    assert answers == [int(any(obj in one for one in expected)) for obj in range(26)]


def test_an_access_to_a_block_device_is_a_look_up_and_no_other_is():
    world = s, m = specimens(1, 3, cpus=2)
    m.page.kind[1:3], m.page.gfp[1:3] = BLOCKDEV, BUFFER
    do(world, TOUCH, [0, 1, 3])
    s.conf.this_cpu = 1
    do(world, TOUCH, [2, 1])
    assert m.buffer_heads[0, :2].tolist() == [1, -1]
    assert m.buffer_heads[1, :3].tolist() == [1, 2, -1]


def test_a_contiguous_call_makes_cpus_forget_them_since_5_13():
    for rules in RULES.values():
        world = _, m = specimens(0, 1, rules=rules)
        m.page.kind[0], m.page.gfp[0] = BLOCKDEV, BUFFER
        do(world, TOUCH, 0)
        do(world, CALL, 1)
        assert ask(world, ON_BH_LRU, 0) == [int(rules.series == "4.7")]
