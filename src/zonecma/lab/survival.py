"""How long something goes on: the share that still does after a time, where some were not seen to end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Survival:
    """Kaplan and Meier's estimate (scipy.stats.ecdf)."""

    times: NDArray[np.float64]
    """f8[]: ns at which some ended, ascending"""
    shares: NDArray[np.float64]
    """f8[]: share that goes on after each"""
    count: int
    ended: int
    """how many were seen to end"""

    def after(self, ns: float) -> float:
        """The share that still goes on after so long."""
        passed = int(np.searchsorted(self.times, ns, side="right"))
        return float(self.shares[passed - 1]) if passed else 1.0

    def quantile(self, share: float) -> float | None:
        """Nanoseconds after which this share has ended; None when too few were seen to end."""
        done = np.flatnonzero(self.shares <= 1 - share + 1e-12)
        return float(self.times[done[0]]) if len(done) else None


def survival_of(lasted: Sequence[float], ended: Sequence[bool]) -> Survival:
    """``lasted``: ns; of those not ``ended`` up to when they were seen to go on."""
    from scipy.stats import CensoredData, ecdf

    times, over = np.asarray(lasted, float), np.asarray(ended, bool)
    if not over.any():
        return Survival(np.zeros(0), np.zeros(0), len(times), 0)
    found = ecdf(CensoredData(uncensored=times[over], right=times[~over])).sf
    some = np.isin(found.quantiles, times[over])  # it has the times of those not seen to end, too
    return Survival(found.quantiles[some], found.probabilities[some], len(times), int(over.sum()))


def share_interval(hits: int, of: int) -> tuple[float, float]:
    """Where a share lies with 95 % confidence (Wilson)."""
    from scipy.stats import binomtest

    if not of:
        return 0.0, 1.0
    found = binomtest(hits, of).proportion_ci(method="wilson")
    return float(found.low), float(found.high)
