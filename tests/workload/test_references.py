"""References that a trace does not show: what contiguous calls met, written by hand."""

import numpy as np
import pytest

from tests.traces import KERNEL, MACHINE, alloc, failing, free, moves, trace_of
from tests.workload.touching import fault, register, sound, touched_of
from zonecma.workload.contiguous import contiguous_calls
from zonecma.workload.references import with_references
from zonecma.workload.requests import HOLD

PASSES = [alloc("b-2", 0x900 + i, KERNEL) for i in range(120)]
"""120 ms in which another task does something."""


def held(*parts):
    """The objects that are held, in order, and how many requests come before the first of them."""
    trace = trace_of(*(event for part in parts for event in part))
    attempts = contiguous_calls(trace, 0x50000, MACHINE.pageblock_order).attempts
    load = sound(with_references(touched_of(trace, 0x50000), trace, attempts))
    rows = np.flatnonzero(load.requests["op"] == HOLD)
    return load.requests["object"][rows].tolist(), rows[:1].tolist()


def test_nothing_is_in_the_way():
    assert held(fault(0x40001), register(), failing(), PASSES) == ([], [])


def test_a_page_that_stays_in_the_way_is_held_with_its_buffer():
    """From the request for kernel memory on, which is the third request."""
    assert held(fault(0x40001, 0x201), register(), failing(0x40001, 0x40001), PASSES) == ([0, 1], [3])


def test_it_is_held_from_the_first_look_where_no_request_comes_before():
    """Object 0 alone: its buffer has no end."""
    assert held(fault(0x40001, 0x201), failing(0x40001, 0x40001), PASSES)[0] == [0]


@pytest.mark.parametrize(
    "after",
    [
        [*failing(0x40001), *PASSES],
        [*failing(0x40001, 0x40001), free("a-1", 0x40001), *PASSES],
        [*failing(0x40001, 0x40001), *moves(0x40001, 0x202), *PASSES],
        [*failing(0x40001, 0x40001), *PASSES, *moves(0x40001, 0x202)],
        [*failing(0x40001, 0x40001), *PASSES, free("kswapd0-30", 0x40001)],
    ],
    ids=["one look", "freed soon", "moved soon", "moved in the end", "evicted"],
)
def test_what_is_bound_in_passing_is_not_held(after):
    assert held(fault(0x40001), register(), after) == ([], [])


def test_pages_of_the_kernel_are_not_held():
    kernel = [alloc("a-1", 0x40001, KERNEL)]
    assert held(kernel, register(), failing(0x40001, 0x40001), PASSES) == ([], [])


def test_until_its_program_gives_it_back():
    ends = [free("a-1", 0x40001)]
    assert held(fault(0x40001), register(), failing(0x40001, 0x40001), PASSES, ends)[0] == [0]


def test_a_buffer_whose_pages_moved_is_not_held():
    """Objects 0 and 2 are two buffers; of 4, nothing is known, and half are held where it is known."""
    first = [*fault(0x40001), *register(), *fault(0x40003), *register(0x301)]
    calls = [*moves(0x40003, 0x203), *failing(0x40001, 0x40001), *PASSES]
    assert held(first, calls)[0] == [0]
    untold = [event for i in range(200) for event in (*fault(0x1000 + i), *register(0x2000 + i))]
    assert 70 < len(held(first, untold, calls)[0]) < 130
