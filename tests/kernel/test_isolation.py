"""Isolation takes blocks out of use and gives them back."""

from tests.machines import ISOLATE, UNISOLATE, act, bare, booted, lists
from zonecma.kernel import boot
from zonecma.kernel.migratetype import MIGRATE_CMA, MIGRATE_ISOLATE, MIGRATE_MOVABLE
from zonecma.kernel.units import Pfn
from zonecma.kernel.validate import validate
from zonecma.kernel.zone import ZONE_DMA32

M, C, ISOLATED = int(MIGRATE_MOVABLE), int(MIGRATE_CMA), int(MIGRATE_ISOLATE)


def test_isolated_pages_are_not_free():
    state = booted()
    base, before = int(state.cma[0].base_pfn), int(state.zone[ZONE_DMA32].nr_free_pages)
    assert act(state, ISOLATE, base, base + 1024, C, 0)
    record = state.zone[ZONE_DMA32]
    assert record.nr_free_pages == before - 1024
    assert record.nr_free_cma == state.cma[0].count - 1024
    assert all(block == ISOLATED for block in state.block[base >> 9 : (base + 1024) >> 9])
    validate(state)


def test_undoing_restores_counts_and_merges():
    state = booted()
    base, before = int(state.cma[0].base_pfn), int(state.zone[ZONE_DMA32].nr_free_pages)
    act(state, ISOLATE, base, base + 1024, C, 0)
    act(state, UNISOLATE, base, base + 1024, C, 0)
    assert state.zone[ZONE_DMA32].nr_free_pages == before
    assert base in lists(state)[10, C]
    assert lists(state)[10, C][-1] == base  # given back at the tail
    validate(state)


def test_one_block_of_a_larger_chunk_is_cut_out():
    state = bare()
    boot.memblock_free_pages(state, Pfn(0x400), Pfn(0x800))
    assert act(state, ISOLATE, 0x600, 0x800, M, 0)
    assert lists(state) == {(9, M): [0x400], (9, ISOLATED): [0x600]}
    validate(state)
    act(state, UNISOLATE, 0x600, 0x800, M, 0)
    assert lists(state) == {(10, M): [0x400]}
    validate(state)


def test_what_is_isolated_already_is_refused_and_nothing_changes():
    state = booted()
    base = int(state.cma[0].base_pfn)
    act(state, ISOLATE, base + 1024, base + 1536, C, 0)
    before = lists(state)
    assert not act(state, ISOLATE, base, base + 2048, C, 0)
    assert {key: sorted(frames) for key, frames in lists(state).items()} == {
        key: sorted(frames) for key, frames in before.items()
    }
    validate(state)


def test_ranges_are_rounded_to_blocks():
    state = booted()
    base = int(state.cma[0].base_pfn)
    act(state, ISOLATE, base + 100, base + 600, C, 0)
    assert state.block[base >> 9] == state.block[(base >> 9) + 1] == ISOLATED
    assert state.zone[ZONE_DMA32].nr_free_pages + 1024 == state.zone[ZONE_DMA32].managed
