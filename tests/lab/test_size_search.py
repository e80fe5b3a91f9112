"""The search against machines that are a function of size and seed, no model behind them."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zonecma.lab.size_search import Range, search

UNIT = 2


@dataclass(frozen=True)
class Outcome:
    trial: SimpleNamespace
    good: tuple[bool, ...]

    def success(self, need):
        return self.good[need]


def answered(where, probabilities, machine, most_runs=80):
    """Run a search; ``machine`` says of a size and a seed which needs are met."""
    asking, wanted = search(where, probabilities, most_runs), None
    try:
        wanted = next(asking)
        while True:
            made = [
                Outcome(SimpleNamespace(seed=seed), machine(wanted.size, seed))
                for seed in reversed(wanted.seeds)
            ]
            wanted = asking.send(made)
    except StopIteration as end:
        return end.value


@given(st.integers(1, 200), st.integers(0, 300))
def test_the_smallest_size_that_serves(least, more):
    enough = least + more
    found = answered(Range(least * UNIT, 300 * UNIT, UNIT), (0.9,), lambda size, _: (size >= enough * UNIT,))
    assert found.size == (enough * UNIT if enough <= 300 else None)
    if found.size is not None:
        assert (found.shown[0].runs, found.shown[0].failures) == (33, 0)
        assert all(one.failures(0) == 0 for one in found.neighbours if one.size > found.size)


def test_what_the_test_sees_was_not_seen_by_the_search():
    found = answered(Range(10, 100, UNIT), (0.9,), lambda size, _: (size >= 40,))
    seeds = [{outcome.trial.seed for outcome in one.outcomes} for one in found.steps if one.size == 40]
    assert len(seeds) > 1
    assert not set.intersection(*seeds)
    assert [outcome.trial.seed for outcome in found.test.outcomes] == list(range(1000, 1033))


def test_a_size_that_was_lucky_is_refused_for_the_next_larger():
    """Good with the seeds of the search, bad with fresh ones."""
    found = answered(
        Range(10, 100, UNIT), (0.9,), lambda size, seed: (size >= 40 if seed < 900 else size >= 46,)
    )
    assert (found.size, found.shown[0].attempt) == (46, 2)
    assert found.shown[0].confidence >= 0.95


def test_one_failure_costs_more_runs():
    found = answered(Range(10, 100, UNIT), (0.9,), lambda size, seed: (size >= 40 and seed != 1003,))
    assert (found.size, found.shown[0].failures) == (40, 1)
    assert found.shown[0].runs > 33


def test_every_need_has_a_test_of_its_own():
    found = answered(Range(10, 100, UNIT), (0.5, 0.9), lambda size, _: (size >= 30, size >= 50))
    assert found.size == 50
    assert [one.runs for one in found.shown] == [5, 33]


def test_nothing_suffices():
    found = answered(Range(10, 100, UNIT), (0.9,), lambda *_: (False,))
    assert (found.size, found.test) == (None, None)
    assert max(one.size for one in found.steps) == 100


def test_larger_need_not_be_better():
    """What the neighbours are run for."""
    found = answered(Range(10, 100, UNIT), (0.9,), lambda size, _: (size == 10,))
    assert found.size == 10
    assert [(one.size, one.failures(0)) for one in found.neighbours] == [(12, 4)]


def test_too_few_runs_are_said_to_be_too_few():
    found = answered(Range(10, 100, UNIT), (0.999,), lambda *_: (True,), most_runs=20)
    assert (found.shown[0].runs, found.shown[0].confidence) == (20, 0)
    one = answered(Range(10, 100, UNIT), (0.9,), lambda *_: (True,), most_runs=20).shown[0]
    assert one.confidence == pytest.approx(1 - 0.9**20 / 0.64)
