"""Who a request serves, as far as its gfp mask tells."""

from __future__ import annotations

import enum

from zonecma.kernel.gfp import Gfp, is_highuser_movable


class UserKind(enum.IntEnum):
    """Kinds of memory users."""

    ANONYMOUS = 0
    """program memory and tmpfs: what goes to swap"""
    FILE = 1
    """page cache of regular files"""
    BLOCKDEV = 2
    """block-device buffers: file-system metadata"""
    OTHER = 3
    """the kernel's own, or not known"""


def user_kind(gfp: int) -> UserKind:
    """The kind of user that asks with this mask (6.12).

    Page cache is read ahead with __GFP_NORETRY (readahead_gfp_mask) and written with
    __GFP_WRITE; the getblk family adds __GFP_MOVABLE to a mask without __GFP_HIGHMEM.  Huge
    pages of programs carry __GFP_NOMEMALLOC (GFP_TRANSHUGE_LIGHT), with or without NORETRY.  A
    page-cache page that is neither read ahead nor written cannot be told from program memory.
    """
    if is_highuser_movable(gfp):
        if gfp & Gfp.NOMEMALLOC:
            return UserKind.ANONYMOUS
        return UserKind.FILE if gfp & (Gfp.WRITE | Gfp.NORETRY) or not gfp & Gfp.FS else UserKind.ANONYMOUS
    return UserKind.BLOCKDEV if gfp & Gfp.MOVABLE else UserKind.OTHER
