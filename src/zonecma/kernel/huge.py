"""Huge pages of programs: split into their small pages, and put together again by the next fault.

mm/huge_memory.c, 6.12 and 4.7.  A huge page is an object; its small pages but the first are objects of
their own, its tails, which are absent while it is whole.
"""

from __future__ import annotations

from zonecma.kernel.chunk import chunk_pages
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.lru import lru_add, lru_del
from zonecma.kernel.memory import IN_MEMORY, NO_LRU, NO_TAILS, Memory
from zonecma.kernel.notes import note_free_to_go
from zonecma.kernel.residence import place_object
from zonecma.kernel.state import IN_USE, State
from zonecma.kernel.units import Order, Pages, Pfn
from zonecma.kernel.users import prep_new_page

HUGE_ORDER = Order(9)
_BASE = Order(0)


@primitive
def nr_tails(m: Memory, obj: int) -> int:
    """How many tails an object has in use: those of a huge page that is not whole."""
    page = m.page[obj]
    whole = page.tails == NO_TAILS or page.order == HUGE_ORDER
    return 0 if whole else (1 << HUGE_ORDER) - 1


@primitive
def take_apart(m: Memory, obj: int) -> None:
    """A huge page that is not in memory is faulted in small pages (do_huge_pmd_anonymous_page)."""
    m.page[obj].order, m.page[obj].gfp = _BASE, m.page[m.page[obj].tails].gfp


@primitive
def make_whole(m: Memory, obj: int) -> None:
    """A huge page whose parts are all given up is faulted in as one again."""
    page = m.page[obj]
    if page.tails != NO_TAILS:
        page.order, page.gfp = HUGE_ORDER, page.whole_gfp


@jit
def _split_off(s: State, m: Memory, obj: int, tail: int, pfn: Pfn, lru: int) -> None:
    """A tail gets its frame of a huge page, and all that is known of it (__split_huge_page_tail)."""
    whole, part = m.page[obj], m.page[tail]
    s.frame[pfn].where = IN_USE
    prep_new_page(s, pfn, _BASE, s.frame[s.object_pfn[obj]].user)
    place_object(s, tail, pfn)
    part.where, part.page_flags, part.task, part.since, part.by = (
        IN_MEMORY,
        whole.page_flags,
        whole.task,
        whole.since,
        whole.by,
    )
    if lru != NO_LRU:
        lru_add(s, m, tail, lru)


@jit
def split_huge_page(s: State, m: Memory, obj: int) -> bool:
    """Split a huge page in memory; False for one that cannot be (try_split_folio)."""
    page, head = m.page[obj], Pfn(s.object_pfn[obj])
    if page.tails == NO_TAILS or page.order != HUGE_ORDER:
        return False
    lru, pages = page.lru, Pages(chunk_pages(s, head))
    note_free_to_go(m, obj)
    lru_del(s, m, obj)
    take_apart(m, obj)
    s.frame[head].order = _BASE
    if lru != NO_LRU:
        lru_add(s, m, obj, lru)
    for i in range(1, pages):
        _split_off(s, m, obj, page.tails + i - 1, Pfn(head + i), lru)
    return True
