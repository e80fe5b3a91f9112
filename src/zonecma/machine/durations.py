"""How long pages are bound to their frames on a machine: a TOML file, a table for each bond.

``[write]``, ``median_ms = 1.7``, ``p99_ms = 37.8`` and, for the reader, ``source = "..."``: a log-normal
distribution with these two, or a fixed time where they are equal.  The default table names every bond.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from zonecma.errors import InputError
from zonecma.machine import figures_file

DEFAULT = Path(__file__).with_name("durations.toml")
"""The table that ships with the package; each bond says where its figures are from."""
_FORM = figures_file.Form(
    default=DEFAULT,
    content="durations",
    figures=("median_ms", "p99_ms"),
    unit="milliseconds",
    largest=86_400_000,  # a day
    example="[read] with median_ms = 0.1 and p99_ms = 0.7",
)
_NS = 1e6
_Z99 = 2.3263478740408408
"""The 99th percentile of the standard normal distribution."""


@dataclass(frozen=True)
class Duration:
    """How long a bond lasts: log-normal."""

    median_ns: float
    p99_ns: float
    """99 of 100 last no longer"""

    @property
    def sigma(self) -> float:
        """The standard deviation of the duration's logarithm; 0 of a fixed time."""
        if self.median_ns == self.p99_ns:
            return 0.0
        return (math.log(self.p99_ns) - math.log(self.median_ns)) / _Z99


def read_durations(path: Path = DEFAULT) -> dict[str, Duration]:
    """How long each bond lasts: the file's figures, and the default table's for the others.

    Raises InputError with the file and the bond.
    """
    return _durations(DEFAULT) | _durations(path)


def default_sources() -> dict[str, str]:
    """Where the figures of each bond in the default table are from."""
    return figures_file.default_sources(_FORM)


def _durations(path: Path) -> dict[str, Duration]:
    figures = figures_file.figures_of(_FORM, path)
    return {bond: _duration(median, p99, f"{path}: {bond}") for bond, (median, p99) in figures.items()}


def _duration(median: float, p99: float, place: str) -> Duration:
    if p99 < median:
        raise InputError(f"{place}: p99_ms: expected median_ms ({median:g}) or more, found {p99:g}")
    if median == 0 < p99:
        raise InputError(f"{place}: median_ms: expected more than 0, as p99_ms is, found 0")
    return Duration(median * _NS, p99 * _NS)
