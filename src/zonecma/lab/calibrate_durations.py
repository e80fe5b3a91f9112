"""calibrate: how long pages of a recorded machine were bound, as far as its trace tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.machine.durations import read_durations
from zonecma.workload.bonds import bonds_of

FEWEST = 20
"""Samples: of fewer no percentile is taken."""


@dataclass(frozen=True)
class BondEstimate:
    """How long a bond lasts."""

    bond: str
    samples: int
    told: bool
    """by enough samples; if not, the figures are the default table's"""
    median_ns: float
    p99_ns: float
    default_median_ns: float
    default_p99_ns: float


def calibrate_durations(events: NDArray[Any], texts: tuple[str, ...]) -> tuple[BondEstimate, ...]:
    """Every bond, by a load's events."""
    samples = bonds_of(events, texts)
    nothing = np.zeros(0, np.int64)
    return tuple(
        _estimate(bond, samples.get(bond, nothing), default.median_ns, default.p99_ns)
        for bond, default in read_durations().items()
    )


def _estimate(bond: str, lasted: NDArray[np.int64], median: float, p99: float) -> BondEstimate:
    told = len(lasted) >= FEWEST
    found = np.quantile(lasted, [0.5, 0.99], method="inverted_cdf") if told else [median, p99]
    return BondEstimate(bond, len(lasted), told, float(found[0]), float(found[1]), median, p99)
