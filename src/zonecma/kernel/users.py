"""Who uses a frame: the gfp class of the request that it served."""

from __future__ import annotations

from zonecma.kernel.jit import primitive
from zonecma.kernel.migratetype import MIGRATE_MOVABLE
from zonecma.kernel.pageblock import is_movable_block
from zonecma.kernel.state import NO_OBJECT, State
from zonecma.kernel.units import Order, Pfn, User

UNKNOWN_USER = User(255)
"""The user of frames that were in use before the first request."""


@primitive
def prep_new_page(s: State, pfn: Pfn, order: Order, user: User) -> None:
    """Mark a chunk as in use (prep_new_page)."""
    s.frame[pfn].order = order
    s.frame[pfn].user = user
    s.frame[pfn].object = NO_OBJECT


@primitive
def is_movable_user(s: State, pfn: Pfn) -> bool:
    """Whether the kernel would find this used page on an LRU list.

    Of an unknown user the pageblock's type decides: an assumption, since a snapshot does not
    say which pages are on LRU lists.
    """
    user = User(s.frame[pfn].user)
    if user != UNKNOWN_USER:
        return s.gfp[user].migratetype == MIGRATE_MOVABLE  # type: ignore[no-any-return]
    return is_movable_block(s, pfn)
