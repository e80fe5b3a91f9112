"""interleave: turns computed by hand, from the rule as it was posted."""

from tests.machines import BUFFER, KERNEL, MOVABLE, booted, enters, runs
from zonecma.kernel.alloc_flags import WMARK_HIGH
from zonecma.kernel.preference import BY_SHARE, IN_TURNS_BY_FREE, IN_TURNS_BY_SIZE
from zonecma.kernel.zone import ZONE_DMA32
from zonecma.lab.placements import parse_placement
from zonecma.placement import HalfFree, Interleave
from zonecma.placement.interleave import Version

V1, V2 = Interleave(Version.V1), Interleave(Version.V2)


def machine(policy, high, cma_mib=16):
    """64 MiB, 16,384 pages, no watermark but the high one, no page in stock on a per-cpu list."""
    state = booted(mib=64, cma_mib=cma_mib, placement=policy)
    state.pcp.batch, state.pcp.high_min, state.pcp.high_max = 1, 0, 0
    state.zone["watermark"] = 0
    state.zone[ZONE_DMA32].watermark[WMARK_HIGH] = high
    return state


def turns_left(state):
    zone = state.zone[ZONE_DMA32]
    return int(zone.nr_try_movable), int(zone.nr_try_cma)


def test_decisions():
    assert (V1.cma_order(), V2.cma_order()) == (IN_TURNS_BY_FREE, IN_TURNS_BY_SIZE)
    assert HalfFree().cma_order() == BY_SHARE
    assert parse_placement("interleave,version=v2") == V2
    assert V2.label == "interleave,version=v2"


def test_v1_by_hand():
    """12,288 pages outside, 4,096 above the high mark off; 4,096 of CMA: 8,192 : 4,096.

    A turn of CMA is a pageblock, 512; the movable one 8,192 * 512 / 4,096 = 1,024.  After them
    7,168 : 3,584 are left, the same ratio.
    """
    assert runs(machine(V1, 4096), MOVABLE, 0, 4000) == [
        (False, 1024), (True, 512), (False, 1024), (True, 512), (False, 928),
    ]  # fmt: skip


def test_v1_where_cma_is_the_larger_part():
    """4,096 outside, 12,288 of CMA: a pageblock outside, then 12,288 * 512 / 4,096 = 1,536 inside."""
    assert runs(machine(V1, 0, cma_mib=48), MOVABLE, 0, 2100) == [(False, 512), (True, 1536), (False, 52)]


def test_v1_where_they_are_nearly_equal():
    """4,608 above the mark, 4,096 of CMA: 4,608 * 512 / 4,096 = 576 outside, a pageblock inside."""
    assert runs(machine(V1, 7680), MOVABLE, 0, 1200) == [(False, 576), (True, 512), (False, 112)]


def test_v1_below_the_high_mark_takes_cma_alone():
    """Nothing is left above the mark: a pageblock of CMA, and again, until its 4,096 pages are gone."""
    assert runs(machine(V1, 16384), MOVABLE, 0, 4200) == [(True, 4096), (False, 104)]


def test_v1_counts_attempts_and_v2_pages():
    """8,192 : 4,096 again, in chunks of 16 pages: v1's turn of 1,024 attempts, v2's of 1,024 pages."""
    assert runs(machine(V2, 4096), MOVABLE, 4, 100) == [(False, 64), (True, 32), (False, 4)]
    assert runs(machine(V1, 4096), MOVABLE, 4, 100) == [(False, 100)]


def test_v2_sizes_turns_by_the_zone_whatever_is_free():
    """Half of the pages outside are taken by others: v2's turns stay, v1's become shorter.

    v1: 12,288 - 4,096 taken - 4,096 = 4,096, as much as there is of CMA: a pageblock each.
    """
    for policy, expected in (
        (V2, [(False, 1024), (True, 512), (False, 64)]),
        (V1, [(False, 512), (True, 512)]),
    ):
        state = machine(policy, 4096)
        for _ in range(8):
            enters(state, KERNEL, 9)
        assert runs(state, MOVABLE, 0, sum(count for _, count in expected)) == expected


def test_others_have_no_turn():
    state = machine(V1, 4096)
    assert not any(enters(state, KERNEL, 0) for _ in range(600))
    assert runs(state, BUFFER, 4, 10) == [(False, 10)]


def test_v1_gives_an_empty_area_no_turn():
    """After 8,192 and 4,096 pages the next turn is movable alone, of a pageblock."""
    state = machine(V1, 4096)
    served = runs(state, MOVABLE, 0, 12_288 + 1)
    assert sum(count for inside, count in served if inside) == 4096
    assert turns_left(state) == (511, 0)


def test_v2_ends_a_turn_that_finds_the_area_empty():
    """Eight turns of 1,024 and 512 use it up; in the ninth the first attempt at CMA ends its turn."""
    state = machine(V2, 4096)
    served = runs(state, MOVABLE, 0, 8 * 1536 + 1024)
    assert served[-1] == (False, 1024)
    assert turns_left(state) == (0, 512)
    assert not enters(state, MOVABLE, 0)
    assert turns_left(state) == (0, 0)
