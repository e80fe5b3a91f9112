"""The smallest area that serves, for one placement: a bisection with few runs, then a test with fresh ones.

Success need not grow with the area: a larger one takes memory from where pages are moved to, or lies
elsewhere.  So the bisection only proposes a size.  What is claimed rests on the test, whose drawings the
bisection has not seen; where the test refuses the next larger size is tested, with fresh drawings again.
At last a smaller and a larger neighbour are run, too.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from zonecma.lab.size_trial import TrialOutcome
from zonecma.lab.success import Look, confidence, looks

_SCREENED, _PART = 4, 2
"""Runs of a step of the bisection, and how many of them are made at once: most that fail do so at once."""
_BATCH = 8
"""Runs of the test between two looks at whether it can still be passed; whatever number of CPUs there is."""
_NEIGHBOUR = 4
"""Runs of a neighbour."""
_FRESH = 1000
"""The first seed of the first test; each further one begins so many higher."""
_BESIDE = 500
"""The first seed of the neighbours'."""


@dataclass(frozen=True)
class Wanted:
    """Runs that a search asks for."""

    size: int
    """of the area, bytes"""
    seeds: range


@dataclass(frozen=True)
class Tried:
    """A size that was run."""

    size: int
    outcomes: tuple[TrialOutcome, ...]
    """in the order of their seeds"""

    def failures(self, need: int) -> int:
        """Runs that a need was not met in."""
        return sum(not outcome.success(need) for outcome in self.outcomes)


@dataclass(frozen=True)
class Shown:
    """What the test says of a need."""

    runs: int
    failures: int
    attempt: int
    """how many sizes were tested before"""
    confidence: float
    """with which the need is met as often as it must be"""


@dataclass(frozen=True)
class Found:
    """The outcome of a search."""

    size: int | None
    """bytes; None: nothing suffices"""
    test: Tried | None
    """that the size has passed"""
    shown: tuple[Shown, ...]
    """by need"""
    steps: tuple[Tried, ...]
    """all sizes that were run, in the order in which they were"""
    neighbours: tuple[Tried, ...] = ()


Search = Generator[Wanted, Sequence[TrialOutcome], Found]
"""Asks for runs, is given their outcomes, and ends with what it found."""


@dataclass
class Range:
    """Where to look, bytes: multiples of ``unit``."""

    least: int
    most: int
    unit: int


@dataclass
class _Steps:
    """What was run so far."""

    probabilities: tuple[float, ...]
    tried: list[Tried]

    def run(self, size: int, seeds: range) -> Generator[Wanted, Sequence[TrialOutcome], Tried]:
        """Run a size with these seeds."""
        outcomes = yield Wanted(size, seeds)
        one = Tried(size, tuple(sorted(outcomes, key=lambda outcome: outcome.trial.seed)))
        self.tried.append(one)
        return one

    def screen(self, size: int) -> Generator[Wanted, Sequence[TrialOutcome], bool]:
        """Whether a few runs speak for a size: no more of them fail than may."""
        allowed = [int((1 - probability) * _SCREENED) for probability in self.probabilities]
        failures = [0] * len(allowed)
        for first in range(0, _SCREENED, _PART):
            one = yield from self.run(size, range(first, first + _PART))
            failures = [some + one.failures(need) for need, some in enumerate(failures)]
            if any(some > most for some, most in zip(failures, allowed, strict=True)):
                return False
        return True


def search(where: Range, probabilities: tuple[float, ...], most_runs: int) -> Search:
    """Find the smallest size at which each need is met with its probability; ``most_runs`` of a test."""
    steps = _Steps(probabilities, [])
    size = yield from _proposed(steps, where)
    attempt = 0
    while size is not None:
        test, shown = yield from _tested(steps, size, attempt, most_runs)
        if shown is not None:
            beside = yield from _beside(steps, size, where)
            return Found(size, test, shown, tuple(steps.tried), beside)
        size = _next(size, attempt, where)
        attempt += 1
    return Found(None, None, (), tuple(steps.tried))


def _next(size: int, attempt: int, where: Range) -> int | None:
    """The next size to test: steps grow; the largest is not passed over."""
    return min(size + where.unit * (1 << attempt), where.most) if size < where.most else None


def _proposed(steps: _Steps, where: Range) -> Generator[Wanted, Sequence[TrialOutcome], int | None]:
    """The smallest size that a few runs speak for; steps double upward, then are halved downward."""
    if where.least > where.most:
        return None
    below, step, size = where.least - where.unit, where.unit, where.least
    while not (yield from steps.screen(size)):
        if size == where.most:
            return None
        below, size, step = size, min(size + step, where.most), 2 * step
    while size - below > where.unit:
        middle = below + (size - below) // where.unit // 2 * where.unit
        good = yield from steps.screen(middle)
        below, size = (below, middle) if good else (middle, size)
    return size


def _tested(
    steps: _Steps, size: int, attempt: int, most_runs: int
) -> Generator[Wanted, Sequence[TrialOutcome], tuple[Tried, tuple[Shown, ...] | None]]:
    """Run a size until every need has passed a look, or one can't any more; None: it is refused."""
    plans = [looks(probability, most_runs, attempt) for probability in steps.probabilities]
    first, outcomes = _FRESH * (attempt + 1), tuple[TrialOutcome, ...]()
    passed: dict[int, Shown] = {}
    number = len(steps.tried)
    while len(passed) < len(plans):
        stop = _stop(len(outcomes), [plan for need, plan in enumerate(plans) if need not in passed])
        more = yield from steps.run(size, range(first + len(outcomes), first + stop))
        outcomes += more.outcomes
        whole = Tried(size, outcomes)
        steps.tried[number:] = [whole]
        for need, plan in enumerate(plans):
            failures = whole.failures(need)
            if need not in passed and failures > plan[-1].failures:
                return whole, None
            if need not in passed and any(
                look.runs == len(outcomes) and failures <= look.failures for look in plan
            ):
                passed[need] = _shown(whole, need, steps.probabilities[need], attempt)
    return whole, tuple(passed[need] for need in range(len(plans)))


def _stop(runs: int, plans: Sequence[tuple[Look, ...]]) -> int:
    """How many runs to look at next: a batch more, but no further than the next planned look."""
    planned = [look.runs for plan in plans for look in plan if look.runs > runs]
    return min(runs + _BATCH, *planned)


def _shown(test: Tried, need: int, probability: float, attempt: int) -> Shown:
    runs, failures = len(test.outcomes), test.failures(need)
    return Shown(runs, failures, attempt, confidence(runs, failures, probability, attempt))


def _beside(
    steps: _Steps, size: int, where: Range
) -> Generator[Wanted, Sequence[TrialOutcome], tuple[Tried, ...]]:
    """The next smaller size that is possible and the next larger one."""
    sizes = [one for one in (size - where.unit, size + where.unit) if where.least <= one <= where.most]
    first = len(steps.tried)
    for one in sizes:
        yield from steps.run(one, range(_BESIDE, _BESIDE + _NEIGHBOUR))
    return tuple(steps.tried[first:])
