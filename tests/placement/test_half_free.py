"""half-free: the share, as a number and as a fraction."""

from fractions import Fraction

import pytest

from tests.machines import MOVABLE, booted, enters
from zonecma.errors import InputError
from zonecma.lab.placements import parse_placement
from zonecma.placement import HalfFree


def test_raspberry_pis_sixteenths():
    assert parse_placement("half-free,fraction=12/16") == parse_placement("half-free,fraction=0.75")
    assert parse_placement("half-free,fraction=12/16").cma_first_above() == Fraction(12, 16)
    assert "12/16" in HalfFree.kernels


def test_12_of_16_waits_longer_than_a_half():
    """44 of 64 MiB free are CMA: 69 %."""
    assert enters(booted(cma_mib=44, placement=HalfFree()), MOVABLE)
    assert not enters(booted(cma_mib=44, placement=HalfFree(12 / 16)), MOVABLE)


@pytest.mark.parametrize("text", ["12/0", "1/2/3", "a/2", "", "half"])
def test_what_is_no_fraction(text):
    with pytest.raises(InputError, match="expected a number or a fraction like 12/16"):
        parse_placement(f"half-free,fraction={text}")
