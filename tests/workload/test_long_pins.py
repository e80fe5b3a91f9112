"""Pins that a trace does not show: buffers written by hand, area frames from 0x1000 on."""

import numpy as np

from tests.traces import PINNING, free, moves, trace_of
from tests.workload.touching import fault, register, sound, touched_of
from zonecma.workload.long_pins import with_untold_pins
from zonecma.workload.requests import PIN

NR_FRAMES, INSIDE = 0x50000, np.arange(0x50000) >= 0x40000


def leaves(source, target):
    """A page leaves the area to be pinned."""
    return moves(source, target, "a-1", "migratetype=0 gfp_flags=GFP_USER|__GFP_NOWARN", PINNING)


def pinned(*parts):
    """The objects that are pinned, in order, those that the trace tells among them."""
    trace = trace_of(*(event for part in parts for event in part))
    load = sound(with_untold_pins(touched_of(trace, NR_FRAMES), trace.events, INSIDE))
    return load.requests["object"][load.requests["op"] == PIN].tolist()


def test_nobody_pins():
    assert pinned(fault(0x40001, 0x201), register(0x300)) == []


def test_what_lay_outside_the_area_is_pinned_with_what_left_it():
    assert pinned(fault(0x40001, 0x201), leaves(0x40001, 0x202), register(0x300)) == [0, 1]


def test_each_buffer_for_itself():
    """Objects 0 and 1 are pinned; 3 stayed in the area, and so 4 is not."""
    first = [*fault(0x40001, 0x201), *leaves(0x40001, 0x202), *register(0x300)]
    assert pinned(first, fault(0x40003, 0x203), register(0x301)) == [0, 1]


def test_a_buffer_that_never_was_in_an_area_is_as_others_are():
    first = [*fault(0x40001, 0x201), *leaves(0x40001, 0x202), *register(0x300)]
    assert pinned(first, fault(0x203, 0x204), register(0x301)) == [0, 1, 3, 4]


def test_a_share_of_them_is():
    """One page in five is pinned where it is told, and so 20 % of 400 buffers."""
    told = [*fault(0x40001), *leaves(0x40001, 0x202), *register(0x300)]
    stays = [*fault(0x40002, 0x40003, 0x40004, 0x40005), *register(0x301)]
    untold = [event for i in range(400) for event in (*fault(0x1000 + i), *register(0x2000 + i))]
    assert 50 < len(pinned(told, stays, untold)) < 110


def test_another_task_does_not_pin():
    first = [*fault(0x40001), *leaves(0x40001, 0x202), *register(0x300)]
    assert pinned(first, fault(0x203, task="b-2"), register(0x301, "b-2")) == [0]


def test_what_was_freed_by_then_is_not_pinned():
    first = [*fault(0x40001, 0x201), *leaves(0x40001, 0x202), free("a-1", 0x201)]
    assert pinned(first, register(0x300)) == [0]


def test_the_last_buffer_ends_with_a_request_or_not_at_all():
    first = [*fault(0x40001), *leaves(0x40001, 0x202), *register(0x300)]
    assert pinned(first, fault(0x203)) == [0]
