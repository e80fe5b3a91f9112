"""ALLOC_* flags (mm/internal.h, 6.12 and 4.7): how deep a request may reach, and into which lists."""

from __future__ import annotations

from zonecma.kernel.features import AVOIDS_FRAGMENTATION, COLD_PAGES, FAIR_ZONES, TRIES_HARDER
from zonecma.kernel.gfp import Gfp
from zonecma.kernel.units import AllocFlags, Code, ZoneIndex
from zonecma.kernel.zone import ZONE_NORMAL

WMARK_MIN = Code(0)
WMARK_LOW = Code(1)
WMARK_HIGH = Code(2)
WMARK_PROMO = Code(3)

ALLOC_WMARK_MASK = AllocFlags(0x3)
ALLOC_NO_WATERMARKS = AllocFlags(0x4)
ALLOC_NON_BLOCK = AllocFlags(0x10)
ALLOC_MIN_RESERVE = AllocFlags(0x20)
ALLOC_CMA = AllocFlags(0x80)
ALLOC_NOFRAGMENT = AllocFlags(0x100)
ALLOC_HIGHATOMIC = AllocFlags(0x200)
ALLOC_KSWAPD = AllocFlags(0x800)
ALLOC_COUNT_CMA = AllocFlags(0x1000)
"""Ours: free CMA counts in this request's watermark.  In the kernel ALLOC_CMA says both."""
ALLOC_COLD = AllocFlags(0x2000)
"""Ours: __GFP_COLD, where the kernel knows it."""
ALLOC_FAIR = AllocFlags(0x4000)
ALLOC_HARDER = AllocFlags(0x8000)

NO_ALLOC_FLAGS = AllocFlags(0)
ALLOC_RESERVES = AllocFlags(ALLOC_NON_BLOCK | ALLOC_MIN_RESERVE | ALLOC_HIGHATOMIC | ALLOC_HARDER)


def _alloc_flags_cold(mask: int, features: int) -> int:
    return int(ALLOC_COLD) if mask & Gfp.COLD and features & COLD_PAGES else 0


def alloc_flags_fast(mask: int, preferred_zone: ZoneIndex, features: int) -> AllocFlags:
    """Flags of the first attempt (__alloc_pages_noprof, alloc_flags_nofragment).

    ALLOC_NOFRAGMENT is set when the preferred zone is ZONE_NORMAL of a machine with DMA32.
    ``features``: bits of features.py.
    """
    flags = int(WMARK_LOW) | _alloc_flags_cold(mask, features)
    if features & AVOIDS_FRAGMENTATION and preferred_zone == ZONE_NORMAL:
        flags |= ALLOC_NOFRAGMENT
    if features & FAIR_ZONES:
        flags |= ALLOC_FAIR
    return AllocFlags(flags)


def _is_atomic(mask: int) -> bool:
    """Whether a mask is GFP_ATOMIC, with the bit of its own that older kernels have or by its others."""
    return bool(mask & Gfp.ATOMIC) or mask & (Gfp.HIGH | Gfp.DIRECT_RECLAIM) == Gfp.HIGH


def _alloc_flags_atomic(mask: int, order: int, features: int) -> int:
    """What those get who can't wait: ALLOC_HARDER (4.7), or a part of the reserves (6.x)."""
    high_order = int(ALLOC_HIGHATOMIC) if order > 0 else 0
    if mask & Gfp.NOMEMALLOC:
        return 0
    if features & TRIES_HARDER:
        return int(ALLOC_HARDER) | high_order if _is_atomic(mask) else 0
    if mask & Gfp.DIRECT_RECLAIM:
        return 0
    return int(ALLOC_NON_BLOCK) | (high_order if mask & Gfp.HIGH else 0)


def alloc_flags_reserves(mask: int, slow: AllocFlags) -> AllocFlags:
    """Flags of the last attempt of a task that itself frees memory (__gfp_pfmemalloc_flags); 0: none."""
    return AllocFlags(0 if mask & Gfp.NOMEMALLOC else int(ALLOC_NO_WATERMARKS | slow & ALLOC_KSWAPD))


def alloc_flags_slow(mask: int, order: int, features: int) -> AllocFlags:
    """Flags of the slow path's attempts (gfp_to_alloc_flags).

    In 4.7 __GFP_HIGH is ALLOC_HIGH: as ALLOC_MIN_RESERVE it halves the mark.
    """
    flags = int(WMARK_MIN) | _alloc_flags_cold(mask, features)
    if mask & Gfp.HIGH:
        flags |= ALLOC_MIN_RESERVE
    if mask & Gfp.KSWAPD_RECLAIM:
        flags |= ALLOC_KSWAPD
    return AllocFlags(flags | _alloc_flags_atomic(mask, order, features))
