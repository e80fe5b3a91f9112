"""balanced: a limit in percent."""

from fractions import Fraction

import pytest

from tests.machines import FAULT, MOVABLE, booted, enters, runs
from zonecma.errors import InputError
from zonecma.lab.placements import parse_placement
from zonecma.placement import Balanced


def test_the_kernel_rounds_the_percentage_down():
    """free_cma * 100 / free > limit: 50.9 % is 50 and not above it, 51.0 % is."""
    above = Balanced(50).cma_first_above()
    assert not Fraction(509, 1000) > above
    assert Fraction(5101, 10_000) > above


def test_0_is_always_and_100_never():
    assert Balanced(0).cma_first_above() == 0
    assert Balanced(100).cma_first_above() == 1
    assert enters(booted(placement=Balanced(0)), MOVABLE)
    assert not enters(booted(cma_mib=48, placement=Balanced(100)), MOVABLE)


def test_cma_comes_first_down_to_the_limit():
    """48 of 64 MiB are CMA, 75 %: chunks of 64 KiB until (48 - n) / (64 - n) is 71 %.

    That is 48 - n = 0.71 * (64 - n): n = 8.828 MiB, 141.2 chunks, so the 142nd is the last.
    """
    served = runs(booted(cma_mib=48, placement=Balanced(70)), FAULT, 4, 143)
    assert served == [(True, 142), (False, 1)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("balanced,limit=101", "limit is 101; expected 0 to 100 percent"),
        ("balanced,limit=12.5", "limit is '12.5'; expected a whole number"),
    ],
)
def test_what_is_no_limit(text, expected):
    with pytest.raises(InputError, match="placement balanced") as error:
        parse_placement(text)
    assert expected in str(error.value)
