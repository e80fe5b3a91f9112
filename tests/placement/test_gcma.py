"""gcma: nothing but file pages that were read."""

from tests.machines import ALLOC, READ, act, booted, who_enters
from zonecma.kernel.gfp import GFP_HIGHUSER_MOVABLE, GFP_KERNEL, GFP_NOFS, Gfp
from zonecma.kernel.state import NO_OBJECT
from zonecma.kernel.zone import ZONE_DMA32
from zonecma.placement import Gcma


def test_decisions():
    policy = Gcma()
    assert policy.may_use_cma_lists(GFP_HIGHUSER_MOVABLE | Gfp.NORETRY | Gfp.NOWARN)
    assert not policy.may_use_cma_lists(GFP_HIGHUSER_MOVABLE | Gfp.WRITE)
    assert not policy.may_use_cma_lists(GFP_HIGHUSER_MOVABLE | Gfp.NORETRY | Gfp.WRITE)
    assert not policy.may_use_cma_lists(GFP_HIGHUSER_MOVABLE | Gfp.ZERO)
    assert not policy.may_use_cma_lists(GFP_NOFS | Gfp.MOVABLE)
    assert not policy.may_use_cma_lists(GFP_KERNEL)


def test_only_what_was_read_enters():
    assert who_enters(booted(placement=Gcma())) == {READ}


def test_the_area_is_free_memory_for_nobody():
    """Once the rest is at its watermark a request fails, whatever is free in the area."""
    state = booted(placement=Gcma())
    state.zone[ZONE_DMA32].watermark[:] = 12_288
    assert not any(Gcma().counts_free_cma(gfp) for gfp in (GFP_HIGHUSER_MOVABLE, GFP_KERNEL))
    assert act(state, ALLOC, 0, READ, 4, NO_OBJECT) == -1
