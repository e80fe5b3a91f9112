"""Contiguous allocation: the bitmap's search, the range taken, sliding past what is busy."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernel.closed import CALL, do
from tests.machines import (
    ALLOC,
    CMA_ALLOC,
    CMA_RELEASE,
    KERNEL,
    MOVABLE,
    TARGET,
    act,
    bare,
    booted,
    lists,
)
from zonecma.kernel.cma import find_zero_bits
from zonecma.kernel.jit import from_python
from zonecma.kernel.state import IN_USE
from zonecma.kernel.units import Area, Bit, Order, Pages
from zonecma.kernel.validate import validate
from zonecma.kernel.zone import ZONE_DMA32
from zonecma.lab.memory import empty_memory

search = from_python(find_zero_bits)


def first_fit(bits, base, count, align, order_per_bit):
    """The search by its definition: the lowest aligned start with enough free bits."""
    wanted = -(-count // (1 << order_per_bit))
    step = 1 << max(align - order_per_bit, 0)
    offset = (base & ((1 << align) - 1)) >> order_per_bit
    for start in range(len(bits) - wanted + 1):
        if (start + offset) % step == 0 and not bits[start : start + wanted].any():
            return start
    return -1


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_search_is_first_fit(data):
    bits = np.array(data.draw(st.lists(st.sampled_from([0, 0, 0, 1]), min_size=1, max_size=80)), np.uint8)
    order_per_bit = data.draw(st.integers(0, 2))
    count, align = data.draw(st.integers(1, 40)), data.draw(st.integers(0, 5))
    base = data.draw(st.integers(0, 8)) << max(align, order_per_bit)
    state = bare(0x400, nr_areas=1, nr_bits=len(bits))
    state.cma[0].base_pfn, state.cma[0].count = base, len(bits) << order_per_bit
    state.cma[0].order_per_bit = order_per_bit
    state.bitmap[:] = bits
    found = search(state, Area(0), Pages(count), Order(align), Bit(0))
    assert found == first_fit(bits, base, count, align, order_per_bit)


def test_an_idle_area_gives_its_first_frames_and_gets_them_back():
    state = booted()
    base = int(state.cma[0].base_pfn)
    before = int(state.zone[ZONE_DMA32].nr_free_cma)
    pfn = act(state, CMA_ALLOC, 0, 0, 1000, 0)
    assert pfn == base
    assert state.bitmap[:1000].all()
    assert not state.bitmap[1000:].any()
    assert state.zone[ZONE_DMA32].nr_free_cma == before - 1000 - pcp_pages(state)
    validate(state)
    act(state, CMA_RELEASE, 0, 0, pfn, 1000)
    assert not state.bitmap.any()
    validate(state)


def pcp_pages(state):
    return int(state.pcp["count"].sum())


def test_ranges_do_not_overlap_and_end_with_the_area():
    state = booted(cma_mib=16)
    starts = [act(state, CMA_ALLOC, 0, 0, 1024, 8) for _ in range(5)]
    base = int(state.cma[0].base_pfn)
    assert starts == [base, base + 1024, base + 2048, base + 3072, -1]
    validate(state)


def test_movable_pages_are_moved_out_of_the_way():
    state = booted()
    objects = iter(range(10**6))
    while state.zone[ZONE_DMA32].nr_free_cma == state.cma[0].count:
        assert act(state, ALLOC, 0, MOVABLE, 0, next(objects)) >= 0
    inside = [number for number in range(next(objects)) if state.object_pfn[number] >= state.cma[0].base_pfn]
    for _ in range(200):
        number = next(objects)
        if act(state, ALLOC, 0, MOVABLE, 0, number) >= state.cma[0].base_pfn:
            inside.append(number)
    assert inside
    pfn = act(state, CMA_ALLOC, 0, 0, int(state.cma[0].count), 0)
    assert pfn == state.cma[0].base_pfn
    assert all(0 <= state.object_pfn[number] < pfn for number in inside)
    validate(state)


def test_an_unmovable_page_makes_the_search_slide():
    state = booted()
    base = int(state.cma[0].base_pfn)
    act(state, CMA_ALLOC, 0, 0, 1, 0)
    state.bitmap[0] = 0  # a page that no CMA user holds and nobody can move
    state.frame.where[base] = IN_USE
    assert act(state, CMA_ALLOC, 0, 0, 512, 9) == base + 512
    assert act(state, CMA_ALLOC, 0, 0, 1, 0) == base + 1
    validate(state)


def test_without_targets_the_call_gives_up():
    state = booted(mib=20, cma_mib=16)
    number = 0
    while act(state, ALLOC, 0, MOVABLE, 0, number) >= 0:
        number += 1
    while act(state, ALLOC, 0, TARGET, 0, -1) >= 0:
        pass
    assert act(state, CMA_ALLOC, 0, 0, 1024, 0) == -1
    assert not state.bitmap.any()
    validate(state)


def test_kernel_requests_never_get_cma():
    state = booted(mib=20, cma_mib=16)
    frames = list(iter(lambda: act(state, ALLOC, 0, KERNEL, 0, -1), -1))
    assert frames
    assert max(frames) < state.cma[0].base_pfn
    assert lists(state)


def test_a_call_for_no_page_gets_none_and_touches_nothing():
    state = booted()
    blocks = state.block.copy()
    assert act(state, CMA_ALLOC, 0, 0, 0, 0) == -1
    assert (state.block == blocks).all()
    assert not state.bitmap.any()


def test_what_could_not_be_moved_does_not_count_as_moved():
    """The machine is full: the first page of the area finds no target."""
    state = booted(mib=12, cma_mib=8)
    number = 0
    while act(state, ALLOC, 0, MOVABLE, 0, number) >= 0:
        number += 1
    _, moved = do((state, empty_memory(state, len(state.object_pfn), closed=False)), CALL, 1024)
    assert moved == 0
