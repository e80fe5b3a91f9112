"""A recorded machine under another kernel's rules."""

from __future__ import annotations

from zonecma.kernel.features import follow
from zonecma.kernel.jit import entry
from zonecma.kernel.pcp import drain_all_zones
from zonecma.kernel.rules import Rules
from zonecma.kernel.state import State
from zonecma.kernel.thresholds import Tunables, zone_set_pageset_high_and_batch
from zonecma.kernel.zone import MAX_NR_ZONES


@entry
def _drain(s: State) -> None:
    drain_all_zones(s)


def hand_over(state: State, recorded: Rules, tunables: Tunables) -> None:
    """Let a state of a ``recorded`` kernel follow the rules of ``tunables``.

    The buddy lists and the marks stay.  What the recorded kernel's per-cpu lists hold is freed by its
    own rules: another kernel may not have these lists.  Their new bounds are its own, and what they
    learnt means something else there, or nothing.
    """
    follow(state, recorded)
    _drain(state)
    follow(state, tunables.rules)
    for field in ("alloc_factor", "free_count", "pcp_flags", "high_before_decay"):
        state.pcp[field] = 0
    for zone in range(MAX_NR_ZONES):
        zone_set_pageset_high_and_batch(state, zone, tunables)
