"""NamedTuples that compiled code passes as one pointer."""

from typing import Any, NamedTuple

import numpy as np
import pytest

from zonecma.kernel.jit import entry, jit
from zonecma.kernel.reference import by_reference
from zonecma.kernel.state import empty_state


@by_reference
class Inner(NamedTuple):
    """Held by another."""

    counts: Any


@by_reference
class Outer(NamedTuple):
    """A record array, a matrix, a number and another reference."""

    records: Any
    matrix: Any
    number: int
    inner: Inner


def outer(size=3, number=7):
    records = np.zeros(size, np.dtype([("a", "i8"), ("b", "u1")], align=True)).view(np.recarray)
    matrix = np.arange(size * 2, dtype=np.int64).reshape(size, 2)
    return Outer(records, matrix, number, Inner(np.zeros(1, np.int64)))


@jit
def step(held, i):
    held.records[i].a = held.number + held.matrix[i, 1]
    held.records[i].b += 1
    held.inner.counts[0] += held.records.size


@entry
def fill(held):
    for i in range(held.records.size):
        step(held, i)
    return held.matrix.shape[0] + held.number


def test_fields_are_read_and_written_in_place():
    held = outer()
    assert fill(held) == 3 + 7
    assert held.records.a.tolist() == [7 + 1, 7 + 3, 7 + 5]
    assert held.records.b.tolist() == [1, 1, 1]
    assert held.inner.counts[0] == 9


def test_each_call_sees_its_own_arrays():
    """What one call knows of its arrays is not taken for true by the next."""
    for size in (5, 2, 9, 1):
        held = outer(size, number=size)
        assert fill(held) == 2 * size
        assert held.inner.counts[0] == size * size


@jit
def add(one, other):
    for i in range(one.records.size):
        other.records[i].a += one.matrix[i, 0] + one.number
    other.inner.counts[0] = one.inner.counts[0] + 1


@entry
def add_twice(one, other):
    add(one, other)
    add(other, one)


def test_two_at_once_stay_apart():
    one, other = outer(number=1), outer(number=100)
    add_twice(one, other)
    assert other.records.a.tolist() == [1, 3, 5]
    assert one.records.a.tolist() == [100, 102, 104]
    assert (one.inner.counts[0], other.inner.counts[0]) == (2, 1)


@entry
def beyond(held):
    return held.records[held.records.size].a


def test_indices_are_checked_in_tests():
    with pytest.raises(IndexError):
        beyond(outer())


@entry
def set_frame(state):
    state.frame[3].order = 5
    return state.config[0].nr_frames


def test_the_state_is_one():
    state = empty_state(1024)
    assert set_frame(state) == 1024
    assert state.frame[3].order == 5
