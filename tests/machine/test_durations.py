"""How long pages are bound: the default table, and files with a machine's own."""

import math
import statistics
import tomllib

import pytest

from zonecma.errors import InputError
from zonecma.machine.costs import read_costs
from zonecma.machine.durations import DEFAULT, Duration, default_sources, read_durations

BONDS = {"read", "write", "commit", "commit_log", "direct_io", "get_user_pages", "long_pin", "splice"}


def read(tmp_path, text):
    file = tmp_path / "board.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_durations(file)


def test_the_default_names_every_bond():
    durations = read_durations()
    assert durations.keys() == default_sources().keys() == BONDS
    assert all(0 < one.median_ns <= one.p99_ns for one in durations.values())


def test_milliseconds_become_nanoseconds():
    commit = tomllib.loads(DEFAULT.read_text())["commit"]
    assert commit["median_ms"] == commit["p99_ms"] == 5000
    assert read_durations()["commit"] == Duration(5e9, 5e9)


@pytest.mark.parametrize("bond", sorted(BONDS))
def test_every_default_says_where_it_is_from(bond):
    """A page to look at, or that it is assumed; in one line of single spaces."""
    source = default_sources()[bond]
    assert "http" in source or "assumed" in source.lower()
    assert source == " ".join(source.split())


def test_the_defaults_agree_with_each_other():
    durations = read_durations()
    order = ["get_user_pages", "splice", "read", "direct_io", "commit_log", "commit", "long_pin"]
    medians = [durations[bond].median_ns for bond in order]
    assert medians == sorted(medians)
    assert durations["write"].median_ns > durations["read"].median_ns


def test_figures_that_follow_from_costs():
    """As their sources say."""
    costs, durations = read_costs(), read_durations()
    one = 63 + 15 + costs["copy_page"]
    assert durations["get_user_pages"] == Duration(pytest.approx(one), pytest.approx(16 * one))
    assert durations["splice"].p99_ns == pytest.approx(16 * costs["disk_page"], rel=1e-2)
    assert durations["splice"].median_ns == pytest.approx(1e9 * 2**16 / (3.5 * 2**30), rel=0.05)


@pytest.mark.parametrize(
    ("bond", "mean_ms", "within"),
    [
        ("read", 4 / 28_973 * 1e3, 0.01),
        ("direct_io", 0.605, 0.01),
        ("write", 25.99 - (23.46 - 1.72), 0.05),  # of 1 MiB, without what takes 23.46 ms less 1.72 ms
        ("commit_log", 100, 0.2),  # its tail is the longest one's
    ],
)
def test_the_averages_are_those_of_the_sources(bond, mean_ms, within):
    one = read_durations()[bond]
    assert one.median_ns * math.exp(one.sigma**2 / 2) == pytest.approx(mean_ms * 1e6, rel=within)


def test_sigma():
    """Against the standard library's normal distribution."""
    one = Duration(2e6, 9e6)
    of_logarithms = statistics.NormalDist(math.log(2e6), one.sigma)
    assert of_logarithms.cdf(math.log(9e6)) == pytest.approx(0.99, abs=1e-12)


@pytest.mark.parametrize("ns", [0.0, 5e-324, 5e9])
def test_a_fixed_time_has_no_spread(ns):
    assert Duration(ns, ns).sigma == 0


def test_any_two_figures_have_a_spread():
    assert math.isfinite(Duration(5e-324, 8.64e13).sigma)


def test_a_file_names_what_differs(tmp_path):
    text = '[read]\nmedian_ms = 2\np99_ms = 3.5\nsource = "blktrace"\n[splice]\nmedian_ms = 0\np99_ms = 0\n'
    assert read(tmp_path, text) == read_durations() | {
        "read": Duration(2e6, 3.5e6),
        "splice": Duration(0.0, 0.0),
    }
    assert read(tmp_path, "") == read_durations()
    longest = read(tmp_path, "[long_pin]\nmedian_ms = 1\np99_ms = 86400000")["long_pin"]
    assert longest.p99_ns == 86_400 * 1e9


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[raed]\nmedian_ms = 1", r"board.toml: raed is not known; there are read, write, commit"),
        ("read = 5", "read has no median_ms; expected a table such as"),
        ("[read]\nmedian_ms = 1", "read has no p99_ms; expected a table such as"),
        (
            "[read]\nmedian_ms = 1\np99_ms = 1\nns = 2",
            "'ns' is not known; there are median_ms, p99_ms and source",
        ),
        ("[read]\nmedian_ms = 2\np99_ms = 1.5", r"read: p99_ms: expected median_ms \(2\) or more, found 1.5"),
        ("[read]\nmedian_ms = 0\np99_ms = 1", "read: median_ms: expected more than 0, as p99_ms is, found 0"),
        ("[read]\nmedian_ms = -1\np99_ms = 1", "expected milliseconds from 0 to 8.64e.07, found -1"),
        ("[read]\nmedian_ms = 1\np99_ms = 86400001", "read: p99_ms: expected milliseconds .* found 86400001"),
        ('[read]\nmedian_ms = "5"\np99_ms = 1', "found '5'"),
        ("[read]\nmedian_ms = true\np99_ms = 1", "found True"),
        ("[read]\nmedian_ms = nan\np99_ms = nan", "found nan"),
        ("[read]\nmedian_ms = 1\np99_ms = inf", "found inf"),
        ("[read\nmedian_ms = 1", "expected TOML, as durations.toml is"),
        (b"\xff", "expected TOML"),
        ("a = " + "[" * 100_000, "expected TOML"),
    ],
)
def test_what_is_no_duration_is_refused(tmp_path, text, said):
    with pytest.raises(InputError, match=said):
        read(tmp_path, text)


def test_a_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.toml: No such file.*expected a file of durations"):
        read_durations(tmp_path / "nowhere.toml")
    with pytest.raises(InputError, match="Is a directory"):
        read_durations(tmp_path)
