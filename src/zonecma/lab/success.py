"""How many runs show that something succeeds often enough: exact binomial tests, looked at more than once.

A claim is "at least so many of all runs succeed".  It is tested at a few numbers of runs that are fixed
before: after the first with no failure, after the second with at most one, and so on.  The first look may
accept wrongly with 4/5 of the error, each further one with a fifth of what the one before may; and so it is
with attempts at one size after the other: all together are wrong in no more than ERROR of all uses (Boole's
inequality).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

ERROR = 0.05
"""How often a claim may be wrong."""
_MOST = 10**7


@dataclass(frozen=True)
class Look:
    """A number of runs at which the claim is accepted if no more than so many of them failed."""

    runs: int
    failures: int


def risk(runs: int, failures: int, probability: float) -> float:
    """How likely no more than ``failures`` of ``runs`` fail where just this share of all succeeds."""
    from scipy.stats import binom

    return float(binom.cdf(failures, runs, 1 - probability))


def penalty(attempt: int, failures: int) -> float:
    """By how much the error of a look must be smaller than that of all looks of all attempts."""
    return float((5 / 4) ** 2 * 5 ** (attempt + failures))


def confidence(runs: int, failures: int, probability: float, attempt: int = 0) -> float:
    """With which confidence a claim holds that was looked at after so many runs; 0: nothing is known."""
    return max(1 - risk(runs, failures, probability) * penalty(attempt, failures), 0.0)


def at_least(runs: int, failures: int, attempt: int = 0) -> float:
    """The share of all runs that succeeds at least, with a confidence of 1 - ERROR (Clopper and Pearson)."""
    from scipy.stats import beta

    if failures >= runs:
        return 0.0
    return float(beta.ppf(ERROR / penalty(attempt, failures), runs - failures, failures + 1))


@cache
def runs_needed(failures: int, probability: float, attempt: int = 0) -> int:
    """The fewest runs after which so many failures leave the claim its confidence."""
    low, high = failures, failures + 1
    while confidence(high, failures, probability, attempt) < 1 - ERROR and high < _MOST:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        enough = confidence(middle, failures, probability, attempt) >= 1 - ERROR
        low, high = (low, middle) if enough else (middle, high)
    return high


def looks(probability: float, most: int, attempt: int = 0) -> tuple[Look, ...]:
    """The looks that ``most`` runs have room for; one without failures where there is room for none.

    Then the claim is not shown with full confidence: ``confidence`` says with which.
    """
    planned: list[Look] = []
    while (needed := runs_needed(len(planned), probability, attempt)) <= most:
        planned.append(Look(needed, len(planned)))
    return tuple(planned) or (Look(most, 0),)
