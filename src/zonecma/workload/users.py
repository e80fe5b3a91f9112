"""Who a request serves, as far as its gfp mask tells."""

from __future__ import annotations

import enum

from zonecma.kernel.gfp import Gfp, is_file_cache, is_highuser_movable


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

    The getblk family adds __GFP_MOVABLE to a mask without __GFP_HIGHMEM.
    """
    if is_highuser_movable(gfp):
        return UserKind.FILE if is_file_cache(gfp) else UserKind.ANONYMOUS
    return UserKind.BLOCKDEV if gfp & Gfp.MOVABLE else UserKind.OTHER
