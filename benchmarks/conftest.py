"""Recordings to measure with, and rates: how many things a second, as a ratio of the slowest way."""

import io
from pathlib import Path

import pytest
import zstandard

from benchmarks.c_buddy import buddy

__all__ = ["buddy"]  # a fixture
CAPTURES = Path(__file__).resolve().parent.parent / "captures"
RATES = pytest.StashKey[dict[str, list[tuple[str, float]]]]()


def pytest_configure(config):
    config.stash[RATES] = {}


@pytest.fixture
def rate(benchmark, request):
    """Measure ``function()``, which handles ``items`` of a thing; the best round counts."""

    def measure(function, items, things, rounds=5, seconds=None):
        """``seconds`` reads from a round's result how long it took; left out, the whole call counts."""
        told = []  # results themselves are let go, or each round would pay for fresh memory

        def run():
            result = function()
            if seconds:
                told.append(seconds(result))

        benchmark.group = things
        benchmark.pedantic(run, rounds=rounds, warmup_rounds=1)
        best = min(told) if seconds else benchmark.stats.stats.min
        name = request.node.name.removeprefix("test_")
        request.config.stash[RATES].setdefault(things, []).append((name, items / best))

    return measure


def pytest_terminal_summary(terminalreporter, config):
    for things, rates in config.stash[RATES].items():
        slowest = min(rate for _, rate in rates)
        terminalreporter.write_line(f"\n{things} a second, and how many times the slowest")
        for name, rate in sorted(rates, key=lambda pair: pair[1]):
            terminalreporter.write_line(f"  {name:44} {rate / 1e6:9.3f} million {rate / slowest:8.1f}")


@pytest.fixture(scope="session")
def text(tmp_path_factory):
    """A recording's trace as a plain file."""
    path = tmp_path_factory.mktemp("trace") / "trace.txt"
    with (CAPTURES / "cma256-mix-6.12" / "trace.txt.zst").open("rb") as file:
        path.write_bytes(zstandard.ZstdDecompressor().stream_reader(file).read())
    return path


@pytest.fixture(scope="session")
def lines(text):
    """How many lines it has."""
    return sum(1 for _ in io.FileIO(text))
