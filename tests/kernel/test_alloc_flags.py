"""How deep requests may reach, by kernel."""

from tests.machines import bare
from zonecma.kernel import alloc_flags as flags
from zonecma.kernel.alloc_flags import alloc_flags_fast, alloc_flags_slow
from zonecma.kernel.gfp import GFP_ATOMIC, GFP_KERNEL, Gfp
from zonecma.kernel.rules import NEWEST, RULES
from zonecma.kernel.zone import ZONE_DMA32, ZONE_NORMAL

NEW = int(bare(rules=NEWEST).conf.features)
OLD = int(bare(rules=RULES["4.7"]).conf.features)


def test_first_attempt():
    assert alloc_flags_fast(GFP_KERNEL, ZONE_NORMAL, NEW) == flags.WMARK_LOW | flags.ALLOC_NOFRAGMENT
    assert alloc_flags_fast(GFP_KERNEL, ZONE_DMA32, NEW) == flags.WMARK_LOW
    assert alloc_flags_fast(GFP_KERNEL, ZONE_NORMAL, OLD) == flags.WMARK_LOW | flags.ALLOC_FAIR


def test_cold_is_known_to_4_7_alone():
    assert alloc_flags_fast(Gfp.COLD, ZONE_DMA32, OLD) & flags.ALLOC_COLD
    assert alloc_flags_slow(Gfp.COLD, 0, OLD) & flags.ALLOC_COLD
    assert not alloc_flags_fast(Gfp.COLD, ZONE_DMA32, NEW) & flags.ALLOC_COLD


def test_slow_path():
    assert alloc_flags_slow(GFP_KERNEL, 3, NEW) == alloc_flags_slow(GFP_KERNEL, 3, OLD) == flags.ALLOC_KSWAPD
    atomic = flags.ALLOC_MIN_RESERVE | flags.ALLOC_KSWAPD
    assert alloc_flags_slow(GFP_ATOMIC, 0, NEW) == atomic | flags.ALLOC_NON_BLOCK
    assert alloc_flags_slow(GFP_ATOMIC, 0, OLD) == atomic | flags.ALLOC_HARDER
    for features in (NEW, OLD):
        assert alloc_flags_slow(GFP_ATOMIC, 1, features) & flags.ALLOC_HIGHATOMIC
        assert alloc_flags_slow(GFP_ATOMIC | Gfp.NOMEMALLOC, 1, features) == atomic


def test_the_atomic_bit_is_enough_for_4_7():
    mask = Gfp.ATOMIC | Gfp.KSWAPD_RECLAIM
    assert alloc_flags_slow(mask, 0, OLD) == flags.ALLOC_HARDER | flags.ALLOC_KSWAPD
    assert alloc_flags_slow(Gfp.KSWAPD_RECLAIM, 0, OLD) == flags.ALLOC_KSWAPD
    assert alloc_flags_slow(Gfp.KSWAPD_RECLAIM, 0, NEW) == flags.ALLOC_NON_BLOCK | flags.ALLOC_KSWAPD
