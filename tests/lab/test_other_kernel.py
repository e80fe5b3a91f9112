"""What another kernel's rules make of a recorded one's per-cpu lists."""

from tests.machines import booted
from zonecma.kernel.rules import NEWEST, RULES
from zonecma.kernel.thresholds import Tunables
from zonecma.kernel.validate import validate
from zonecma.lab.other_kernel import hand_over


def test_lists_are_emptied_and_what_they_learnt_is_forgotten():
    """6.12 counts frames where 6.1 has a shift: 710 of them would be no shift at all."""
    state = booted(64, 16)
    state.pcp.free_count, state.pcp.alloc_factor = 710, 3
    hand_over(state, NEWEST, Tunables(RULES["6.1"]))
    validate(state)
    assert not state.pcp["count"].any()
    assert not state.pcp.free_count.any()
    assert not state.pcp.alloc_factor.any()
    assert (state.pcp.high == state.pcp.high_min).all()
