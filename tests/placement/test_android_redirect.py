"""android-redirect: a mark decides."""

from fractions import Fraction

import pytest

from tests.machines import BUFFER, COLD, FAULT, MOVABLE, READ, TARGET, WRITTEN, booted, runs, who_enters
from zonecma.errors import InputError
from zonecma.kernel.gfp import GFP_HIGHUSER_MOVABLE, GFP_KERNEL, GFP_NOIO, GFP_USER, Gfp
from zonecma.lab.placements import parse_placement
from zonecma.placement import AndroidRedirect

UNRESTRICTED = AndroidRedirect(restrict=False)


@pytest.mark.parametrize(
    ("gfp", "marked"),
    [
        (GFP_HIGHUSER_MOVABLE | Gfp.ZERO, True),
        (GFP_NOIO | Gfp.HIGHMEM | Gfp.MOVABLE, True),  # zram
        (GFP_HIGHUSER_MOVABLE, False),  # copy on write
        (GFP_HIGHUSER_MOVABLE | Gfp.WRITE, False),
        (GFP_USER | Gfp.MOVABLE | Gfp.ZERO, False),
        (GFP_KERNEL | Gfp.ZERO, False),
    ],
)
def test_who_is_marked(gfp, marked):
    assert AndroidRedirect().may_use_cma_lists(gfp) is marked
    assert AndroidRedirect().counts_free_cma(gfp) is marked
    assert UNRESTRICTED.may_use_cma_lists(gfp) == bool(gfp & Gfp.MOVABLE)


def test_marked_requests_come_first_and_others_never():
    state = booted(placement=AndroidRedirect())
    assert who_enters(state) == {FAULT}
    assert runs(state, FAULT, 4, 300) == [(True, 255), (False, 45)]


def test_without_restriction_it_is_the_balance_rule():
    assert UNRESTRICTED.cma_first_above() == Fraction(1, 2)
    assert who_enters(booted(cma_mib=16, placement=UNRESTRICTED)) == set()
    everyone = {MOVABLE, BUFFER, TARGET, FAULT, READ, WRITTEN, COLD}
    assert who_enters(booted(cma_mib=48, placement=UNRESTRICTED)) == everyone


def test_on_the_command_line():
    assert parse_placement("android-redirect,restrict=no") == UNRESTRICTED
    assert parse_placement(UNRESTRICTED.label) == UNRESTRICTED
    with pytest.raises(InputError, match="restrict is 'maybe'; expected yes or no"):
        parse_placement("android-redirect,restrict=maybe")
