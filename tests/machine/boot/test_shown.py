"""What /proc counts of a booted machine."""

import pytest

from tests.machine.boot.boards import boot_of
from zonecma.kernel.migratetype import MIGRATE_MOVABLE
from zonecma.kernel.zone import ZONE_DMA, ZONE_DMA32, ZONE_HIGHMEM, ZONE_NORMAL
from zonecma.machine.architecture import GIB, MIB, X86_32_HIGHMEM
from zonecma.machine.board import MemoryModel
from zonecma.machine.boot.shown import block_counts, is_shown, present_as_shown


@pytest.mark.parametrize(("series", "shown"), [("4.7", False), ("6.1", True), ("6.12", True)])
def test_zones_without_pages_are_listed_since_4_12(series, shown):
    boot = boot_of((0, GIB), series=series)
    assert is_shown(boot, 0, ZONE_DMA32)
    assert is_shown(boot, 0, ZONE_NORMAL) == shown


def test_a_negative_count_is_printed_as_the_kernels_word_has_it():
    """A real 4.7 with movablecore= said 18446744073709486124; one of 32 bits would say 4294901804."""
    assert present_as_shown(boot_of((0, GIB)), -65492) == 18446744073709486124
    assert present_as_shown(boot_of((0, GIB), architecture=X86_32_HIGHMEM), -65492) == 4294901804


def test_pageblocks_of_each_zone():
    boot = boot_of((0, GIB))
    assert block_counts(boot, 0, ZONE_DMA)[MIGRATE_MOVABLE] == 16 * MIB >> 21
    assert block_counts(boot, 0, ZONE_DMA32)[MIGRATE_MOVABLE] == 1008 * MIB >> 21
    assert sum(block_counts(boot, 0, ZONE_NORMAL)) == 0


@pytest.mark.parametrize(("frames", "blocks"), [(1000, 99), (1021, 99), (1022, 99), (1023, 100)])
def test_a_last_pageblock_is_missed_where_the_zone_starts_further_into_its_first(frames, blocks):
    """HIGHMEM of x86-32 starts at frame 0x377fe, 1022 into a pageblock, and the walk keeps to that.

    From there to frame 320 * 1024 + ``frames`` there are 99 whole steps of 1024, and one more
    where frame 320 * 1024 + 1022 is still memory.
    """
    end = (320 * 1024 + frames) << 12
    boot = boot_of((0, end), architecture=X86_32_HIGHMEM)
    assert sum(block_counts(boot, 0, ZONE_HIGHMEM)) == blocks


@pytest.mark.parametrize(("model", "blocks"), [(MemoryModel.SPARSEMEM, 1528), (MemoryModel.FLATMEM, 2040)])
def test_pageblocks_of_a_hole_count_where_it_has_a_memory_map(model, blocks):
    """DMA32 of a PC spans the GiB of devices below 4 GiB: 512 pageblocks whose sections hold no memory."""
    boot = boot_of((0, 3 * GIB), (4 * GIB, 5 * GIB), memory_model=model)
    assert sum(block_counts(boot, 0, ZONE_DMA32)) == blocks
