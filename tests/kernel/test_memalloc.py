"""Requests under pressure: after reclaim, and of tasks that free memory themselves."""

from tests.machines import booted
from zonecma.kernel.alloc import alloc_pages, alloc_pages_memalloc, alloc_pages_slow, find_no_zone
from zonecma.kernel.jit import from_python
from zonecma.kernel.units import NO_PFN, Cpu, Order, User
from zonecma.kernel.zone import NOT_ASKED, ZONE_BELOW_HIGH, ZONE_DMA32

alloc, slow, memalloc, none = (
    from_python(one) for one in (alloc_pages, alloc_pages_slow, alloc_pages_memalloc, find_no_zone)
)
REQUEST = Cpu(0), User(0), Order(0)


def low(marks):
    """A machine with these marks, above and below what is free."""
    state = booted()
    state.zone[ZONE_DMA32].watermark[:] = marks
    return state


def test_who_frees_memory_ignores_the_watermarks_at_last():
    state = low(1 << 30)
    assert alloc(state, *REQUEST) == NO_PFN
    assert memalloc(state, *REQUEST) != NO_PFN


def test_with_nomemalloc_nobody_does():
    state = low(1 << 30)
    state.gfp[0].reserve_flags = 0
    assert memalloc(state, *REQUEST) == NO_PFN


def test_after_reclaim_the_lowest_mark_counts():
    assert slow(low([0, 1 << 30, 1 << 30, 1 << 30]), *REQUEST) != NO_PFN
    assert slow(low(1 << 30), *REQUEST) == NO_PFN


def test_who_finds_nothing_asks_kswapd_and_the_zones_note_it():
    state = low(1 << 30)
    none(state, User(0), Order(0))
    assert state.zone[ZONE_DMA32].zone_flags & ZONE_BELOW_HIGH
    assert state.conf.kswapd_asked != NOT_ASKED


def test_who_would_have_found_something_had_not_looked_yet():
    state = booted()
    none(state, User(0), Order(0))
    assert state.conf.kswapd_asked == NOT_ASKED
