"""How long something goes on, of figures that books print and others that a hand can compute."""

import pytest

from zonecma.lab.survival import share_interval, survival_of

REMISSION = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
"""Weeks in remission with 6-mercaptopurine (Freireich and others, 1963); +: it went on."""


def of(text):
    words = text.split()
    return survival_of(
        [float(word.rstrip("+")) for word in words], [not word.endswith("+") for word in words]
    )


def test_the_textbooks_remissions():
    found = of(REMISSION)
    assert (found.count, found.ended) == (21, 9)
    printed = {5.9: 1, 6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448, 99: 0.448}
    for weeks, share in printed.items():
        assert found.after(weeks) == pytest.approx(share, abs=5e-4), weeks
    assert found.quantile(0.5) == 23
    assert found.quantile(0.6) is None


def test_by_hand_with_some_not_seen_to_end():
    """3 of 4 go on after 1; of the 2 that are still seen 1 ends at 3, and nobody is seen after 4."""
    found = of("1 2+ 3 4+")
    assert [found.after(time) for time in (0, 1, 2, 3, 4)] == [1, 0.75, 0.75, 0.375, 0.375]
    assert (found.quantile(0.25), found.quantile(0.5), found.quantile(0.7)) == (1, 3, None)


def test_times_are_those_at_which_some_ended():
    found = of("1 2+ 3 3 4+")
    assert (list(found.times), list(found.shares)) == ([1, 3], [0.8, pytest.approx(0.8 / 3)])


def test_who_is_not_seen_further_at_the_same_time_was_there():
    assert of("5 5+").after(5) == 0.5


def test_all_were_seen_to_end():
    found = of("40 10 30 20")
    assert [found.quantile(share) for share in (0.25, 0.5, 0.75, 0.99)] == [10, 20, 30, 40]
    assert found.after(40) == 0


def test_nobody_was_seen_to_end():
    found = of("1+ 2+")
    assert (found.count, found.ended) == (2, 0)
    assert (found.after(5), found.quantile(0.01)) == (1, None)


def test_nobody_at_all():
    found = survival_of([], [])
    assert (found.count, found.ended, found.after(1), found.quantile(0.5)) == (0, 0, 1, None)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilsons_interval_as_it_was_printed(hits, of, low, high):
    """Newcombe, Statistics in Medicine 17, 1998, table I, method 3."""
    assert share_interval(hits, of) == pytest.approx((low, high), abs=5e-5)


def test_of_nothing_any_share_may_be():
    assert share_interval(0, 0) == (0, 1)
