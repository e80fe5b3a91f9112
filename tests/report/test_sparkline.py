"""Bars, against what the eye expects."""

from hypothesis import given
from hypothesis import strategies as st

from zonecma.report.sparkline import sparkline


def test_a_ramp():
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 7, 8) == "▁▂▃▄▅▆▇█"


def test_values_are_averaged_into_cells():
    assert sparkline([0, 0, 7, 7], 7, 2) == "▁█"
    assert sparkline([0, 7, 0, 7], 7, 2) == "▅▅"


def test_no_use_at_all_is_a_flat_line():
    assert sparkline([0.0] * 6, 0.0, 3) == "▁▁▁"


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.integers(1, 80))
def test_never_wider_than_asked(values, cells):
    bars = sparkline(values, max(values), cells)
    assert len(bars) == min(cells, len(values))
    assert ("█" in bars) or len(values) > cells or max(values) == 0
