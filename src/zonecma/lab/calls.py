"""A recorded contiguous call, step by step, as its trace tells it.

The recorded targets, source frees and failures within the call are requests of their own;
which range is tried, what isolation and the drain do to the lists, and whether every frame
is free in the end, the model finds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.cma import (
    FIRST_BIT,
    FREE,
    NO_BIT,
    TAKEN,
    bit_to_pfn,
    find_zero_bits,
    mark_bits,
    next_try,
    own_range,
    pfn_to_bit,
)
from zonecma.kernel.isolation import (
    find_large_buddy,
    first_busy_pfn,
    isolate_freepages_range,
    start_isolate_page_range,
    undo_isolate_page_range,
)
from zonecma.kernel.jit import jit
from zonecma.kernel.pageblock import get_pageblock_migratetype
from zonecma.kernel.state import State
from zonecma.kernel.units import NO_PFN, Area, Bit, Migratetype, Order, Pages, Pfn

CALL = np.dtype(
    [
        ("start", "i8"),  # first frame of the range that is tried; NO_PFN: no range was found
        ("end", "i8"),
        ("migratetype", "i8"),  # of the range's pageblocks before isolation
        ("isolated", "i8"),  # 1 where they could be isolated; a drain follows then
        ("taken", "i8"),  # 1 once the frames were taken
        ("first", "i8"),  # first frame of the first range that was tried; NO_PFN: there was none
        ("chosen", "i8"),  # first frame of the first range that the model found free; NO_PFN
    ],
    align=True,
)
"""The contiguous call that runs in an area."""


def no_calls(areas: int) -> NDArray[Any]:
    """CALL[areas], none running."""
    calls = np.zeros(areas, CALL).view(np.recarray)
    calls.start = calls.first = calls.chosen = NO_PFN
    return calls


@jit
def begin_call(s: State, call: Any, area: Area, count: Pages, align: Order) -> None:
    """A contiguous call, and the first range that it tries."""
    call.chosen = NO_PFN
    begin_range(s, call, area, count, align, FIRST_BIT)
    call.first = call.start


@jit
def begin_range(s: State, call: Any, area: Area, count: Pages, align: Order, first_bit: Bit) -> None:
    """Find a range, mark its bits and isolate it.

    Requests of their own stand where the CPUs' lists are drained (DRAIN_CPU).
    """
    call.start, call.taken, call.isolated = NO_PFN, 0, 0
    bit = find_zero_bits(s, area, count, align, first_bit)
    if bit == NO_BIT:
        return
    start = bit_to_pfn(s, area, bit)
    call.start, call.end = start, start + count
    call.migratetype = get_pageblock_migratetype(s, start)
    mark_bits(s, area, start, count, TAKEN)
    call.isolated = start_isolate_page_range(s, start, Pfn(call.end), Migratetype(call.migratetype))


@jit
def end_range(s: State, call: Any, area: Area) -> None:
    """Give the range's pageblocks back, and its bits too unless the frames were taken."""
    if call.start == NO_PFN:
        return
    undo_isolate_page_range(s, Pfn(call.start), Pfn(call.end), Migratetype(call.migratetype))
    if not call.taken:
        mark_bits(s, area, Pfn(call.start), Pages(call.end - call.start), FREE)
    call.start = NO_PFN


@jit
def next_range(s: State, call: Any, area: Area, count: Pages, align: Order) -> None:
    """Leave a busy range and go for the next, one alignment further on."""
    first_bit = FIRST_BIT
    if call.start != NO_PFN:
        first_bit = next_try(s, area, align, pfn_to_bit(s, area, Pfn(call.start)))
        end_range(s, call, area)
    begin_range(s, call, area, count, align, first_bit)


@jit
def test_range(s: State, call: Any) -> Pfn:
    """Take the range if all of it is free; the first frame that is not, or one past the range."""
    if call.start == NO_PFN:
        return NO_PFN
    start, end = Pfn(call.start), Pfn(call.end)
    busy = first_busy_pfn(s, start, end)
    outer_start = find_large_buddy(s, start)
    outer_end = isolate_freepages_range(s, start, end)
    if outer_end != NO_PFN:
        own_range(s, outer_start, outer_end)
        call.taken = 1
        if call.chosen == NO_PFN:
            call.chosen = start
    return busy
