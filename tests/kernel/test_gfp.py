"""Masks by name, their zones and lists."""

import pytest

from zonecma.kernel import gfp
from zonecma.kernel.gfp import Gfp, gfp_migratetype, gfp_zone, is_highuser_movable, parse_gfp
from zonecma.kernel.migratetype import MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE
from zonecma.kernel.zone import ZONE_DMA, ZONE_DMA32, ZONE_HIGHMEM, ZONE_MOVABLE, ZONE_NORMAL


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("none", 0),
        ("GFP_KERNEL", 0xCC0),
        ("GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO", 0x140DCA),
        ("GFP_NOFS|__GFP_NOFAIL|__GFP_COMP|__GFP_HARDWALL|__GFP_MOVABLE", 0x148C48),
        ("GFP_ATOMIC", 0x820),
        ("__GFP_IO|0x4000000", 0x4000040),
    ],
)
def test_names_as_a_trace_prints_them(text, mask):
    assert parse_gfp(text) == mask


def test_an_unknown_name_is_an_error():
    with pytest.raises(ValueError, match="GFP_KERNAL"):
        parse_gfp("GFP_KERNAL")


@pytest.mark.parametrize(
    ("mask", "zone"),
    [
        (gfp.GFP_KERNEL, ZONE_NORMAL),
        (gfp.GFP_USER | Gfp.MOVABLE, ZONE_NORMAL),
        (gfp.GFP_HIGHUSER, ZONE_HIGHMEM),
        (gfp.GFP_HIGHUSER_MOVABLE, ZONE_MOVABLE),
        (Gfp.DMA, ZONE_DMA),
        (Gfp.DMA | Gfp.MOVABLE, ZONE_DMA),
        (Gfp.DMA32 | Gfp.MOVABLE, ZONE_DMA32),
    ],
)
def test_highest_zone(mask, zone):
    assert gfp_zone(mask) == zone


def test_zones_that_exclude_each_other():
    with pytest.raises(ValueError, match="exclude each other"):
        gfp_zone(Gfp.DMA | Gfp.DMA32)


def test_free_lists():
    assert gfp_migratetype(gfp.GFP_HIGHUSER_MOVABLE) == MIGRATE_MOVABLE
    assert gfp_migratetype(gfp.GFP_NOFS | Gfp.RECLAIMABLE) == MIGRATE_RECLAIMABLE
    assert gfp_migratetype(gfp.GFP_ATOMIC) == MIGRATE_UNMOVABLE


def test_block_device_buffers_lack_highmem():
    assert is_highuser_movable(gfp.GFP_HIGHUSER_MOVABLE)
    assert not is_highuser_movable(gfp.GFP_NOFS | Gfp.NOFAIL | Gfp.MOVABLE)
    assert not is_highuser_movable(gfp.GFP_HIGHUSER)
