"""What kswapd's rounds change: per-cpu lists are kept short, boosts go."""

import pytest

from tests.machines import ALLOC, FREE_PAGES, MOVABLE, act, booted, log
from zonecma.kernel.jit import from_python
from zonecma.kernel.kswapd import begin_balance, end_balance, wakeup_kswapd
from zonecma.kernel.rules import RULES
from zonecma.kernel.tracepoint import MM_PAGE_PCPU_DRAIN
from zonecma.kernel.zone import ZONE_DMA32, ZONE_MOVABLE, ZONE_NORMAL, ZONE_RECLAIM_ACTIVE

wake, begin, end = (from_python(one) for one in (wakeup_kswapd, begin_balance, end_balance))


def active(state):
    return [zone for zone in range(6) if state.zone[zone].zone_flags & ZONE_RECLAIM_ACTIVE]


def test_a_round_is_for_the_zones_up_to_the_highest_asked_for():
    state = booted()
    state.zone[ZONE_MOVABLE].managed = 1000
    wake(state, ZONE_NORMAL)
    begin(state)
    assert active(state) == [ZONE_DMA32]
    end(state)
    assert not active(state)
    wake(state, ZONE_MOVABLE)
    wake(state, ZONE_NORMAL)
    begin(state)
    assert active(state) == [ZONE_DMA32, ZONE_MOVABLE]


def test_where_nobody_asks_anew_the_zones_are_those_of_the_last_round():
    state = booted()
    state.zone[ZONE_MOVABLE].managed = 1000
    wake(state, ZONE_NORMAL)
    for _ in range(2):
        begin(state)
        assert active(state) == [ZONE_DMA32]
        end(state)


def test_the_boost_that_a_round_found_is_taken_off_and_no_other():
    state = booted()
    zone = state.zone[ZONE_DMA32]
    zone.watermark_boost = 1024
    begin(state)
    zone.watermark_boost += 512
    end(state)
    assert zone.watermark_boost == 512
    end(state)
    assert zone.watermark_boost == 512


@pytest.mark.parametrize("series", ["6.1", "6.12"])
def test_lists_keep_four_batches_while_kswapd_reclaims(series):
    """nr_pcp_high: min(batch << 2, high), so that batches go as soon as they are there."""
    state = booted(mib=512, rules=RULES[series])
    pcp = state.pcp[ZONE_DMA32, 0]
    frames = [act(state, ALLOC, 0, MOVABLE, 0, -1) for _ in range(2000)]
    pcp.high = pcp.high_min = 4000
    pcp.high_max = 8000
    begin(state)
    drained = 0
    for pfn in frames:
        act(state, FREE_PAGES, 0, pfn, 0, 0)
        drained += sum(event == MM_PAGE_PCPU_DRAIN for event, _, _ in log(state))
    assert drained > 0
    assert pcp.count < 4 * pcp.batch
    end(state)
    frames = [act(state, ALLOC, 0, MOVABLE, 0, -1) for _ in range(1000)]
    for pfn in frames:
        act(state, FREE_PAGES, 0, pfn, 0, 0)
    assert pcp.count > 4 * pcp.batch
