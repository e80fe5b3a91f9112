"""What a request's gfp mask says: how far up the zones it may go, and which free lists it uses.

Bit values of 6.12 (include/linux/gfp_types.h).  Traces print masks by name, so recordings of
other versions decode to these values too.
"""

from __future__ import annotations

import enum
import functools
import operator

from zonecma.kernel.migratetype import MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE
from zonecma.kernel.units import Migratetype, ZoneIndex
from zonecma.kernel.zone import ZONE_DMA, ZONE_DMA32, ZONE_HIGHMEM, ZONE_MOVABLE, ZONE_NORMAL


class Gfp(enum.IntFlag):
    """The bits of a gfp mask; ``__GFP_X`` is ``Gfp.X``."""

    DMA = 0x1
    HIGHMEM = 0x2
    DMA32 = 0x4
    MOVABLE = 0x8
    RECLAIMABLE = 0x10
    HIGH = 0x20
    IO = 0x40
    FS = 0x80
    ZERO = 0x100
    ATOMIC = 0x200  # 6.1 only; unused in 6.12
    DIRECT_RECLAIM = 0x400
    KSWAPD_RECLAIM = 0x800
    WRITE = 0x1000
    NOWARN = 0x2000
    RETRY_MAYFAIL = 0x4000
    NOFAIL = 0x8000
    NORETRY = 0x10000
    MEMALLOC = 0x20000
    COMP = 0x40000
    NOMEMALLOC = 0x80000
    HARDWALL = 0x100000
    THISNODE = 0x200000
    ACCOUNT = 0x400000
    ZEROTAGS = 0x800000
    COLD = 0x40000000  # 4.7 only, where it is 0x100; a bit that stands for nothing else


GFP_RECLAIM = Gfp.DIRECT_RECLAIM | Gfp.KSWAPD_RECLAIM
GFP_ATOMIC = Gfp.HIGH | Gfp.KSWAPD_RECLAIM
GFP_KERNEL = GFP_RECLAIM | Gfp.IO | Gfp.FS
GFP_NOWAIT = Gfp.KSWAPD_RECLAIM | Gfp.NOWARN
GFP_NOIO = GFP_RECLAIM
GFP_NOFS = GFP_RECLAIM | Gfp.IO
GFP_USER = GFP_KERNEL | Gfp.HARDWALL
GFP_HIGHUSER = GFP_USER | Gfp.HIGHMEM
GFP_HIGHUSER_MOVABLE = GFP_HIGHUSER | Gfp.MOVABLE
GFP_TRANSHUGE_LIGHT = (GFP_HIGHUSER_MOVABLE | Gfp.COMP | Gfp.NOMEMALLOC | Gfp.NOWARN) & ~GFP_RECLAIM
GFP_MIGRATION_TARGET = GFP_USER | Gfp.MOVABLE | Gfp.RETRY_MAYFAIL | Gfp.COMP
"""alloc_migration_target() for cma_alloc's GFP_KERNEL, 6.12."""

_NAMES = {f"__GFP_{bit.name}": bit for bit in Gfp} | {
    "none": Gfp(0),
    "__GFP_RECLAIM": GFP_RECLAIM,
    "GFP_ATOMIC": GFP_ATOMIC,
    "GFP_DMA": Gfp.DMA,
    "GFP_DMA32": Gfp.DMA32,
    "GFP_HIGHUSER": GFP_HIGHUSER,
    "GFP_HIGHUSER_MOVABLE": GFP_HIGHUSER_MOVABLE,
    "GFP_KERNEL": GFP_KERNEL,
    "GFP_KERNEL_ACCOUNT": GFP_KERNEL | Gfp.ACCOUNT,
    "GFP_NOFS": GFP_NOFS,
    "GFP_NOIO": GFP_NOIO,
    "GFP_NOWAIT": GFP_NOWAIT,
    "GFP_TRANSHUGE": GFP_TRANSHUGE_LIGHT | Gfp.DIRECT_RECLAIM,
    "GFP_TRANSHUGE_LIGHT": GFP_TRANSHUGE_LIGHT,
    "GFP_USER": GFP_USER,
}


def parse_gfp(text: str) -> Gfp:
    """The mask that a trace prints as ``GFP_NOFS|__GFP_NOFAIL`` (show_gfp_flags, mmflags.h).

    Bits without a name are printed in hexadecimal and kept.  Raises ValueError, with the
    word, for a name that no kernel prints.
    """

    def value(word: str) -> Gfp:
        return _NAMES[word] if word in _NAMES else Gfp(int(word, 16))

    return functools.reduce(operator.or_, map(value, text.split("|")), Gfp(0))


_ZONE_BITS = Gfp.DMA | Gfp.HIGHMEM | Gfp.DMA32 | Gfp.MOVABLE

# GFP_ZONE_TABLE of include/linux/gfp.h; what is not here is illegal.
_HIGHEST_ZONE = {
    Gfp(0): ZONE_NORMAL,
    Gfp.DMA: ZONE_DMA,
    Gfp.HIGHMEM: ZONE_HIGHMEM,
    Gfp.DMA32: ZONE_DMA32,
    Gfp.MOVABLE: ZONE_NORMAL,
    Gfp.MOVABLE | Gfp.DMA: ZONE_DMA,
    Gfp.MOVABLE | Gfp.HIGHMEM: ZONE_MOVABLE,
    Gfp.MOVABLE | Gfp.DMA32: ZONE_DMA32,
}


def gfp_zone(mask: int) -> ZoneIndex:
    """The highest zone that this mask may use, in a kernel without ZONE_CMA (gfp_zone).

    Raises ValueError for a combination of zone bits that the kernel forbids.
    """
    bits = Gfp(mask) & _ZONE_BITS
    if bits not in _HIGHEST_ZONE:
        raise ValueError(f"gfp mask {mask:#x} asks for zones that exclude each other")
    return _HIGHEST_ZONE[bits]


def gfp_migratetype(mask: int) -> Migratetype:
    """The free lists that this mask asks for (gfp_migratetype)."""
    if mask & Gfp.MOVABLE:
        return MIGRATE_MOVABLE
    if mask & Gfp.RECLAIMABLE:
        return MIGRATE_RECLAIMABLE
    return MIGRATE_UNMOVABLE


def is_file_cache(mask: int) -> bool:
    """Whether this is page cache of a regular file, as far as its mask tells (6.12).

    It is read ahead with __GFP_NORETRY (readahead_gfp_mask), written with __GFP_WRITE, and some
    file systems take __GFP_FS away.  Huge pages of programs carry __GFP_NOMEMALLOC
    (GFP_TRANSHUGE_LIGHT), with or without NORETRY.  A page that is neither read ahead nor written
    cannot be told from program memory.
    """
    if not is_highuser_movable(mask) or mask & Gfp.NOMEMALLOC or not mask & Gfp.HARDWALL:
        return False
    return bool(mask & (Gfp.WRITE | Gfp.NORETRY) or not mask & Gfp.FS)


def is_buffer_cache(mask: int) -> bool:
    """Whether this is page cache of a block device: getblk adds __GFP_MOVABLE to a mask without HIGHMEM.

    A migration's target has such a mask too, with __GFP_RETRY_MAYFAIL.
    """
    return mask & (Gfp.HIGHMEM | Gfp.MOVABLE | Gfp.RETRY_MAYFAIL) == Gfp.MOVABLE


def is_highuser_movable(mask: int) -> bool:
    """Whether both __GFP_HIGHMEM and __GFP_MOVABLE are set: the one key to ZONE_CMA."""
    both = Gfp.HIGHMEM | Gfp.MOVABLE
    return mask & both == both
