"""Each broken invariant is found, and said to be what it is."""

import numpy as np
import pytest

from tests.machines import ALLOC, KERNEL, MOVABLE, act, booted, lists
from zonecma.kernel.boot import fill_pcp_list
from zonecma.kernel.state import IN_BUDDY
from zonecma.kernel.units import Cpu, Pindex
from zonecma.kernel.validate import InvariantError, validate
from zonecma.kernel.zone import ZONE_DMA32


@pytest.fixture
def state():
    state = booted()
    act(state, ALLOC, 0, MOVABLE, 0, 7)
    act(state, ALLOC, 0, KERNEL, 2, 8)
    validate(state)
    return state


def first_free(state):
    return next(frames[0] for (order, _), frames in sorted(lists(state).items()) if order >= 5)


def broken(state, message):
    with pytest.raises(InvariantError, match=message):
        validate(state)


def test_links(state):
    state.frame.prev[first_free(state)] += 1
    broken(state, "list links")


def test_place(state):
    state.frame.order[first_free(state)] += 1
    broken(state, "own entry does not name")


def test_stray(state):
    state.frame.where[first_free(state) + 1] = IN_BUDDY
    broken(state, "says that it is free but is on no list")


def test_overlap(state):
    """A page of a free chunk is on a per-cpu list too."""
    inside = first_free(state) + 1
    fill_pcp_list(state, ZONE_DMA32, Cpu(0), Pindex(1), np.array([inside]))
    broken(state, f"frame {inside} is in two free chunks")


def test_block_type(state):
    state.block[first_free(state) >> 9] = 2
    broken(state, "pageblock's type")


def test_chunk_count(state):
    state.zone[ZONE_DMA32].nr_free[3] += 1
    broken(state, "miscounts the chunks of order 3")


@pytest.mark.parametrize("field", ["nr_free_pages", "nr_free_cma", "nr_free_highatomic"])
def test_free_pages(state, field):
    state.zone[ZONE_DMA32][field] += 1
    broken(state, "miscounts its free pages")


def test_pcp_count(state):
    state.pcp[ZONE_DMA32, 0].count -= 1
    broken(state, "lists of CPU 0")


def test_object(state):
    state.object_pfn[7] += 1
    broken(state, "object 7")


def test_unmerged():
    from zonecma.kernel.buddy import add_to_free_list
    from zonecma.kernel.jit import from_python
    from zonecma.kernel.lists import HEAD
    from zonecma.kernel.units import Migratetype, Order, Pfn

    state = booted()
    chunk = act(state, ALLOC, 0, KERNEL, 4, -1)
    for part in (chunk, chunk + 8):
        kind = Migratetype(state.block[chunk >> 9])
        from_python(add_to_free_list)(state, Pfn(part), ZONE_DMA32, Order(3), kind, HEAD)
    state.zone[ZONE_DMA32].nr_free_pages += 16
    broken(state, "should have merged")
