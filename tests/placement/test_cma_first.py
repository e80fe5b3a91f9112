"""cma-first: who may enter, enters at once."""

from fractions import Fraction

from tests.machines import BUFFER, COLD, FAULT, MOVABLE, READ, TARGET, WRITTEN, booted, runs, who_enters
from zonecma.kernel.gfp import GFP_HIGHUSER_MOVABLE, GFP_KERNEL, GFP_NOFS, Gfp
from zonecma.placement import CmaFirst


def test_decisions():
    policy = CmaFirst()
    assert policy.cma_first_above() == Fraction(0)
    assert policy.may_use_cma_lists(GFP_HIGHUSER_MOVABLE)
    assert policy.may_use_cma_lists(GFP_NOFS | Gfp.MOVABLE)
    assert not policy.may_use_cma_lists(GFP_KERNEL)


def test_all_that_is_movable_enters():
    assert who_enters(booted(placement=CmaFirst())) == {MOVABLE, BUFFER, TARGET, FAULT, READ, WRITTEN, COLD}


def test_the_area_is_used_up_first():
    """16 MiB are 256 chunks of order 4."""
    assert runs(booted(placement=CmaFirst()), MOVABLE, 4, 300) == [(True, 256), (False, 44)]
