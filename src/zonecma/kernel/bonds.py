"""What binds a page to its frame, and until when: locks, pins, plain references."""

from __future__ import annotations

import numpy as np

from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.memory import Memory
from zonecma.kernel.notes import note_free_to_go
from zonecma.kernel.units import Code

# PAGE.bond
NO_BOND = Code(0)
PAGE_LOCK = Code(1)
"""it is being read (folio_lock): who moves it can wait for that"""
DIRECT_IO = Code(2)
"""a disk reads or writes it past the page cache (get_user_pages)"""
PIN = Code(3)
"""pinned for long (FOLL_LONGTERM)"""
REFERENCE = Code(4)
"""a plain reference, as vmsplice takes it"""

FOREVER = int(np.iinfo(np.int64).max)


@primitive
def is_bound(m: Memory, obj: int) -> bool:
    """Whether a bond holds now."""
    page = m.page[obj]
    return page.bond != NO_BOND and page.bound_until > m.vm[0].now  # type: ignore[no-any-return]


@primitive
def is_locked(m: Memory, obj: int) -> bool:
    """Whether a page is locked now."""
    return m.page[obj].bond == PAGE_LOCK and is_bound(m, obj)


@primitive
def is_referenced(m: Memory, obj: int) -> bool:
    """Whether somebody holds a reference beside the page's mappings: it can neither move nor be freed."""
    return m.page[obj].bond != PAGE_LOCK and is_bound(m, obj)


@jit
def bind(m: Memory, obj: int, bond: int, until: int) -> None:
    """Bind a page until a time (ns), unless it is bound for longer already."""
    page = m.page[obj]
    if not is_bound(m, obj) or page.bound_until < until:
        page.bond, page.bound_until = bond, until


@jit
def loosen(m: Memory, obj: int, bond: int) -> None:
    """End a bond of this kind."""
    page = m.page[obj]
    if page.bond == bond:
        page.bond, page.bound_until = NO_BOND, 0
        note_free_to_go(m, obj)


@primitive
def lock_until(m: Memory, obj: int, until: int) -> None:
    """Set when the lock of a page that is being read ends (ns)."""
    if m.page[obj].bond == PAGE_LOCK:
        m.page[obj].bound_until = until
