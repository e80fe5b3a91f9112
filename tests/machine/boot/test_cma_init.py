"""cma_init_reserved_areas: activation, refusal, trimming, and what FLATMEM makes of it."""

import numpy as np
import pytest

from tests.machine.boot.boards import area, boot_of, series
from zonecma.kernel.migratetype import MIGRATE_CMA, MIGRATE_MOVABLE, MIGRATE_UNMOVABLE
from zonecma.kernel.state import RESERVED
from zonecma.kernel.validate import validate
from zonecma.kernel.zone import ZONE_CMA, ZONE_DMA32, ZONE_NORMAL
from zonecma.machine.architecture import GIB, MIB, X86_32_HIGHMEM
from zonecma.machine.board import MemoryModel
from zonecma.placement import Carveout, HalfFree

FLAT = MemoryModel.FLATMEM
AREA = area(512 * MIB, 64 * MIB)


def types_of(boot, one):
    order = boot.board.architecture.pageblock_order
    counts = np.bincount(boot.nodes[0].block[one.base_pfn >> order : one.end_pfn >> order], minlength=6)
    return {kind: int(counts[kind]) for kind in (MIGRATE_UNMOVABLE, MIGRATE_MOVABLE, MIGRATE_CMA)}


@pytest.mark.parametrize("rules", ["4.7", "6.1", "6.12"])
def test_a_stock_kernel_frees_pageblocks_of_type_cma_where_they_lie(rules):
    boot = boot_of((0, GIB), series=rules, areas=[AREA])
    zone = boot.nodes[0].zone[ZONE_DMA32]
    assert types_of(boot, AREA)[MIGRATE_CMA] == 32
    assert (zone.cma, zone.nr_free_cma, zone.managed, zone.present) == (16384, 16384, 258048, 258048)
    validate(boot.nodes[0])


def test_a_carveout_stays_reserved():
    boot = boot_of((0, GIB), areas=[AREA], placement=Carveout())
    assert (boot.nodes[0].frame.where[AREA.base_pfn : AREA.end_pfn] == RESERVED).all()
    assert boot.nodes[0].zone[ZONE_DMA32].managed == 258048 - 16384
    assert not boot.lends_areas


@pytest.mark.parametrize("posting", ["v2", "v3"])
def test_flatmem_types_shift_where_trimming_follows_activation(posting):
    """A recorded boot: 128 pageblocks of 1024 frames from frame 64512 read 63 Unmovable, 65 Movable.

    Its zone starts with the node, at frame 1: pageblock 63 + n is asked for as entry n once the
    zone starts at frame 64512, and the first 63 entries were never set.
    """
    one = area(64512 << 12, 512 * MIB)
    boot = boot_of(
        (0x1000, 0x9F000), (0x100000, 768 * MIB),
        series="4.7", architecture=X86_32_HIGHMEM, memory_model=FLAT, areas=[one], placement=series(posting),
    )  # fmt: skip
    assert types_of(boot, one) == {MIGRATE_UNMOVABLE: 63, MIGRATE_MOVABLE: 65, MIGRATE_CMA: 0}
    order = X86_32_HIGHMEM.pageblock_order
    first = one.base_pfn >> order
    assert (boot.nodes[0].block[first : first + 63] == MIGRATE_UNMOVABLE).all()


@pytest.mark.parametrize("posting", ["v1", "v3-flatmem-fix", "v4", "v5", "v6", "v7"])
def test_flatmem_types_are_right_elsewhere(posting):
    boot = boot_of((0, GIB), memory_model=FLAT, areas=[AREA], placement=series(posting))
    assert types_of(boot, AREA)[MIGRATE_MOVABLE] == 32
    validate(boot.nodes[0])


@pytest.mark.parametrize("posting", ["v3", "v6"])
def test_sparsemem_types_do_not_shift(posting):
    boot = boot_of((0, GIB), areas=[AREA], placement=series(posting))
    assert types_of(boot, AREA)[MIGRATE_MOVABLE] == 32


@pytest.mark.parametrize("posting", ["v3", "v6"])
def test_an_area_further_from_the_start_than_it_is_long_reads_unmovable_whole(posting):
    """128 MiB at frame 162816: 159 pageblocks to the start, 32 in the area."""
    one = area(162816 << 12, 128 * MIB)
    boot = boot_of(
        (0x1000, 0x9F000), (0x100000, 768 * MIB),
        series="4.7", architecture=X86_32_HIGHMEM, memory_model=FLAT, areas=[one], placement=series(posting),
    )  # fmt: skip
    kind = MIGRATE_UNMOVABLE if posting == "v3" else MIGRATE_MOVABLE
    assert types_of(boot, one)[kind] == 32


MEMORY = (3 * GIB, 5 * GIB)
STRADDLES = area(4 * GIB - 32 * MIB, 64 * MIB)
"""Half in DMA32, half in NORMAL."""
BESIDE = area(4 * GIB + 512 * MIB, 64 * MIB, "beside")


def test_4_7_moves_the_first_half_of_a_straddling_area_and_gives_up_all_the_others():
    boot = boot_of(MEMORY, series="4.7", areas=[STRADDLES, BESIDE])
    frame = boot.nodes[0].frame
    assert boot.refused == ["a"]
    assert types_of(boot, STRADDLES)[MIGRATE_CMA] == 16
    assert (frame.where[4 * GIB >> 12 : STRADDLES.end_pfn] == RESERVED).all()
    assert (frame.where[BESIDE.base_pfn : BESIDE.end_pfn] == RESERVED).all()
    assert boot.nodes[0].zone[ZONE_NORMAL].managed == (GIB >> 12) - 8192 - 16384
    assert "a: 16 of 32 pageblocks to zone DMA32, then refused: it straddles zones" in said(boot)


@pytest.mark.parametrize("rules", ["6.1", "6.12"])
def test_6_x_frees_a_straddling_area_as_ordinary_memory_and_goes_on(rules):
    boot = boot_of(MEMORY, series=rules, areas=[STRADDLES, BESIDE])
    zones = boot.nodes[0].zone
    assert boot.refused == ["a"]
    assert types_of(boot, STRADDLES)[MIGRATE_CMA] == 0
    assert types_of(boot, BESIDE)[MIGRATE_CMA] == 32
    assert (zones[ZONE_DMA32].managed, zones[ZONE_NORMAL].managed) == (262144, 262144)
    assert zones[ZONE_NORMAL].nr_free_cma == 16384
    validate(boot.nodes[0])


def said(boot):
    return [line for step in boot.steps for line in step.lines]


def test_pages_move_from_zone_to_zone_and_none_is_lost():
    stock, moved = (
        boot_of((0, GIB), areas=[AREA], placement=placement) for placement in (HalfFree(), series("v6"))
    )
    for name in ("present", "managed", "nr_free_pages"):
        assert sum(stock.nodes[0].zone[name]) == sum(moved.nodes[0].zone[name]), name
    assert moved.nodes[0].zone[ZONE_CMA].managed == 16384
    assert "a: 32 of 32 pageblocks to zone CMA, 16384 frames stolen from DMA32" in said(moved)
