"""ALLOC_* flags (mm/internal.h, 6.12): how deep a request may reach, and into which lists."""

from __future__ import annotations

from zonecma.kernel.features import COLD_PAGES
from zonecma.kernel.gfp import Gfp
from zonecma.kernel.units import AllocFlags, Code, ZoneIndex
from zonecma.kernel.zone import ZONE_NORMAL

WMARK_MIN = Code(0)
WMARK_LOW = Code(1)
WMARK_HIGH = Code(2)
WMARK_PROMO = Code(3)

ALLOC_WMARK_MASK = AllocFlags(0x3)
ALLOC_NON_BLOCK = AllocFlags(0x10)
ALLOC_MIN_RESERVE = AllocFlags(0x20)
ALLOC_CMA = AllocFlags(0x80)
ALLOC_NOFRAGMENT = AllocFlags(0x100)
ALLOC_HIGHATOMIC = AllocFlags(0x200)
ALLOC_COUNT_CMA = AllocFlags(0x1000)
"""Ours: free CMA counts in this request's watermark.  In the kernel ALLOC_CMA says both."""
ALLOC_COLD = AllocFlags(0x2000)
"""Ours: __GFP_COLD, where the kernel knows it."""

NO_ALLOC_FLAGS = AllocFlags(0)
ALLOC_RESERVES = AllocFlags(ALLOC_NON_BLOCK | ALLOC_MIN_RESERVE | ALLOC_HIGHATOMIC)


def _alloc_flags_cold(mask: int, features: int) -> int:
    return int(ALLOC_COLD) if mask & Gfp.COLD and features & COLD_PAGES else 0


def alloc_flags_fast(mask: int, preferred_zone: ZoneIndex, features: int) -> AllocFlags:
    """Flags of the first attempt (__alloc_pages_noprof, alloc_flags_nofragment).

    ALLOC_NOFRAGMENT is set when the preferred zone is ZONE_NORMAL of a machine with DMA32.
    """
    flags = int(WMARK_LOW) | _alloc_flags_cold(mask, features)
    if preferred_zone == ZONE_NORMAL:
        flags |= ALLOC_NOFRAGMENT
    return AllocFlags(flags)


def alloc_flags_slow(mask: int, order: int, features: int) -> AllocFlags:
    """Flags of the slow path's attempts (gfp_to_alloc_flags)."""
    flags = int(WMARK_MIN) | _alloc_flags_cold(mask, features)
    if mask & Gfp.HIGH:
        flags |= ALLOC_MIN_RESERVE
    if not mask & (Gfp.DIRECT_RECLAIM | Gfp.NOMEMALLOC):
        flags |= ALLOC_NON_BLOCK
        if order > 0 and mask & Gfp.HIGH:
            flags |= ALLOC_HIGHATOMIC
    return AllocFlags(flags)
