"""The size of a state, and that it is plain memory."""

import numpy as np

from tests.machines import booted
from zonecma.kernel.state import FRAME, empty_state
from zonecma.kernel.validate import validate


def test_at_most_24_bytes_a_frame():
    frames = 1 << 20
    state = empty_state(frames, nr_cpus=4, nr_areas=1, nr_bits=1 << 16, nr_objects=1 << 18)
    size = sum(array.nbytes for array in state)
    assert FRAME.itemsize == 16
    assert size / frames <= 24


def test_every_part_is_memory_of_its_own():
    state = booted()
    parts = [array for array in state if array.size]
    assert not any(np.shares_memory(a, b) for i, a in enumerate(parts) for b in parts[:i])


def test_an_empty_state_is_sound():
    validate(empty_state(0x1000))
