"""A parameter's value by the type of its field."""

import enum
from fractions import Fraction

import pytest

from zonecma.placement.policy import shown
from zonecma.placement.values import value_of


class Series(enum.Enum):
    V3 = "v3"
    V6 = "v6"


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (float, "0.25", 0.25),
        (float, "12/16", 0.75),
        (int, "48", 48),
        (Fraction, "1/3", Fraction(1, 3)),
        (bool, "yes", True),
        (bool, "false", False),
        (str, "open", "open"),
        (Series, "v6", Series.V6),
    ],
)
def test_values(kind, text, value):
    assert value_of(kind, text) == value
    assert type(value_of(kind, text)) is type(value)
    assert value_of(kind, shown(value)) == value


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (float, "much", "a number or a fraction like 12/16"),
        (float, "1/0", "a number or a fraction like 12/16"),
        (int, "0.5", "a whole number"),
        (Fraction, "inf", "a number or a fraction like 12/16"),
        (bool, "perhaps", "yes or no"),
        (Series, "v7", "one of v3, v6"),
        (list, "1", "bool, int, float, Fraction, str or an Enum"),
    ],
)
def test_what_was_expected(kind, text, expected):
    with pytest.raises(ValueError, match=f"expected {expected}"):
        value_of(kind, text)
