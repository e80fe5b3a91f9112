"""page-cache-only: the gate, and whom it lets in."""

import pytest

from tests.machines import ALLOC, BUFFER, KERNEL, MOVABLE, READ, WRITTEN, act, booted, enters, who_enters
from zonecma.errors import InputError
from zonecma.kernel.alloc_flags import WMARK_HIGH
from zonecma.kernel.gfp import (
    GFP_HIGHUSER_MOVABLE,
    GFP_KERNEL,
    GFP_MIGRATION_TARGET,
    GFP_NOFS,
    GFP_TRANSHUGE_LIGHT,
    Gfp,
)
from zonecma.kernel.state import NO_OBJECT
from zonecma.kernel.zone import ZONE_DMA32
from zonecma.lab.placements import parse_placement
from zonecma.placement import PageCacheOnly

OUTSIDE, INSIDE = 12_288, 4_096
"""Free pages of a booted machine of 64 MiB with 16 MiB of CMA."""


@pytest.mark.parametrize(
    ("gfp", "may"),
    [
        (GFP_HIGHUSER_MOVABLE | Gfp.WRITE, True),
        (GFP_HIGHUSER_MOVABLE | Gfp.NORETRY | Gfp.NOWARN, True),
        (GFP_HIGHUSER_MOVABLE & ~Gfp.FS, True),
        (GFP_NOFS | Gfp.NOFAIL | Gfp.MOVABLE, True),  # find_or_create_page marks buffers too
        (GFP_HIGHUSER_MOVABLE | Gfp.ZERO, False),
        (GFP_HIGHUSER_MOVABLE, False),
        (GFP_TRANSHUGE_LIGHT | Gfp.NORETRY, False),
        (GFP_MIGRATION_TARGET, False),
        (GFP_KERNEL, False),
    ],
)
def test_who_is_page_cache(gfp, may):
    policy = PageCacheOnly()
    assert policy.may_use_cma_lists(gfp) is may
    assert policy.counts_free_cma(gfp) == bool(gfp & Gfp.MOVABLE)  # the patch changes no watermark


def test_the_documented_gate_is_48_mib():
    assert PageCacheOnly().cma_gate() == (48 * 256, 48 * 256)


def test_reserves_are_off_what_is_free():
    state = booted(placement=PageCacheOnly(gate=100, keep=7))
    zone = state.zone[ZONE_DMA32]
    reserve = zone.watermark[WMARK_HIGH] + max(zone.lowmem_reserve)
    assert (state.conf.cma_gate_outside, state.conf.cma_gate_inside) == (100 + reserve, 7)


def test_an_open_gate_lets_page_cache_in_alone():
    assert who_enters(booted(placement=PageCacheOnly(OUTSIDE, 100))) == {BUFFER, READ, WRITTEN}


def test_it_opens_when_memory_is_short_and_closes_when_the_area_is():
    policy = PageCacheOnly(gate=OUTSIDE - 2048, keep=INSIDE - 64)
    state = booted(placement=policy)
    reserve = int(state.conf.cma_gate_outside) - policy.gate
    while int(state.zone[ZONE_DMA32].nr_free_pages) - INSIDE - 16 > OUTSIDE - 2048 + reserve:
        assert not enters(state, READ)
    enters(state, KERNEL)
    assert [enters(state, READ) for _ in range(6)] == [True] * 5 + [False]  # 4,096 down to 4,016 pages


def test_a_closed_gate_is_no_last_resort():
    """Not even when nothing else is left."""
    state = booted(placement=PageCacheOnly(gate=OUTSIDE, keep=INSIDE + 1))
    state.zone["watermark"] = 0
    while int(state.zone[ZONE_DMA32].nr_free_pages) > INSIDE:
        assert not enters(state, MOVABLE)
    assert act(state, ALLOC, 0, READ, 4, NO_OBJECT) == -1


def test_what_it_can_not_be():
    with pytest.raises(InputError, match="gate is -1, keep is 12288; expected 0 or more pages"):
        parse_placement("page-cache-only,gate=-1")
    with pytest.raises(InputError, match="gate is '48M'; expected a whole number"):
        parse_placement("page-cache-only,gate=48M")
    assert parse_placement("page-cache-only,gate=0").label == "page-cache-only,gate=0"
