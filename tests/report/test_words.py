"""Words and figures of sentences."""

import pytest

from zonecma.report.words import BLANK, at, count, mib, ms, percent, printable, wrapped


def test_figures():
    assert (count(1, "page"), count(1000, "page"), count(0, "page")) == ("1 page", "1,000 pages", "0 pages")
    assert (percent(1, 8), percent(1, 0)) == ("12.5 %", "-")
    assert [mib(kib).replace(BLANK, " ") for kib in (64, 1024, 131072)] == ["64 KiB", "1 MiB", "128 MiB"]
    assert at(6_921_823_000).replace(BLANK, " ") == "6.922 s"
    assert [ms(time).replace(BLANK, " ") for time in (0, 1_234_000, 12_000_000_000)] == [
        "0.0 ms",
        "1.2 ms",
        "12.0 s",
    ]


def test_a_gfp_mask_is_broken_between_its_names():
    text = wrapped("allocated with GFP_NOFS|__GFP_NOFAIL|__GFP_MOVABLE", 36)
    assert text == "allocated with GFP_NOFS|\n    __GFP_NOFAIL|__GFP_MOVABLE"


@pytest.mark.parametrize("columns", [20, 40, 80])
def test_other_words_are_not_broken(columns):
    text = wrapped("a kworker/u4:2-events_unbound took 1,234.5\u00a0ms of it", columns)
    assert "kworker/u4:2-events_unbound" in text
    assert "1,234.5\u00a0ms" in text


def test_a_name_of_any_bytes():
    assert printable("\x1b[31mred\n") == "?[31mred?"
