"""LRU lists (mm/swap.c, include/linux/mm_inline.h, 6.12 and 4.7): a node's, or each zone's before 4.8.

A list's first entry is the page that came last; reclaim takes from the other end.  Pages that no
program uses, and those of a kernel user, are on no list.
"""

from __future__ import annotations

import numpy as np

from zonecma.kernel.features import ANON_STARTS_INACTIVE, BALANCES_BY_COST, has
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.memory import (
    ACTIVE_ANON,
    ACTIVE_FILE,
    ANONYMOUS,
    IN_SWAP,
    INACTIVE_ANON,
    INACTIVE_FILE,
    KERNEL,
    NO_LRU,
    NR_LRU,
    READ_AND_WRITTEN,
    REFERENCED,
    YOUNG,
    Memory,
)
from zonecma.kernel.state import State


@primitive
def pages_of(m: Memory, obj: int) -> int:
    """Frames of an object."""
    return 1 << np.int64(m.page[obj].order)  # type: ignore[return-value]


@primitive
def is_anonymous(m: Memory, obj: int) -> bool:
    """Whether an object's page goes to swap."""
    return m.page[obj].kind == ANONYMOUS  # type: ignore[no-any-return]


@primitive
def is_mapped(m: Memory, obj: int) -> bool:
    """Whether page tables tell of a page's use."""
    return is_anonymous(m, obj) or m.page[obj].mapped != READ_AND_WRITTEN


@primitive
def is_active(lru: int) -> bool:
    """Whether this is one of the active lists."""
    return lru == ACTIVE_ANON or lru == ACTIVE_FILE


@primitive
def is_file_list(lru: int) -> bool:
    """Whether this is one of the file lists."""
    return lru == INACTIVE_FILE or lru == ACTIVE_FILE


@primitive
def head_of(m: Memory, lru_set: int, lru: int) -> int:
    """A list's own entry among the pages."""
    return m.vm[0].first_list + lru_set * NR_LRU + lru  # type: ignore[no-any-return]


@primitive
def _zone_of(s: State, obj: int) -> int:
    return s.frame[s.object_pfn[obj]].zone  # type: ignore[no-any-return]


@primitive
def set_of(s: State, m: Memory, obj: int) -> int:
    """The LRU set of an object in memory: its node's, or its zone's."""
    return 0 if m.vm[0].nr_sets == 1 else _zone_of(s, obj)


@primitive
def _count(s: State, m: Memory, obj: int, pages: int) -> None:
    page = m.page[obj]
    m.lru[page.set].nr[page.lru] += pages
    m.lru[page.set].nr_zone[page.lru, _zone_of(s, obj)] += pages


@primitive
def _insert(s: State, m: Memory, obj: int, lru: int, before: int, after: int) -> None:
    """Put an object's page between two neighbours (objects or the list's head)."""
    page = m.page[obj]
    page.lru, page.prev, page.next = lru, before, after
    m.page[before].next = m.page[after].prev = obj
    _count(s, m, obj, pages_of(m, obj))


@jit
def lru_add(s: State, m: Memory, obj: int, lru: int) -> None:
    """Put an object's page first on a list of its set."""
    m.page[obj].set = set_of(s, m, obj)
    head = head_of(m, m.page[obj].set, lru)
    _insert(s, m, obj, lru, head, m.page[head].next)


@jit
def lru_add_tail(s: State, m: Memory, obj: int, lru: int) -> None:
    """Put it last, where reclaim finds it next."""
    m.page[obj].set = set_of(s, m, obj)
    head = head_of(m, m.page[obj].set, lru)
    _insert(s, m, obj, lru, m.page[head].prev, head)


@jit
def lru_del(s: State, m: Memory, obj: int) -> None:
    """Take an object's page off its list, if it is on one."""
    page = m.page[obj]
    if page.lru == NO_LRU:
        return
    m.page[page.prev].next, m.page[page.next].prev = page.next, page.prev
    _count(s, m, obj, -pages_of(m, obj))
    page.lru = NO_LRU


@primitive
def first_list(s: State, m: Memory, obj: int) -> int:
    """The list that a page begins on (lru_cache_add_inactive_or_unevictable, folio_add_lru).

    What comes from swap is inactive in all versions (__read_swap_cache_async).
    """
    if not is_anonymous(m, obj):
        return INACTIVE_FILE
    fresh = m.page[obj].where != IN_SWAP
    return ACTIVE_ANON if fresh and not has(s, ANON_STARTS_INACTIVE) else INACTIVE_ANON


@primitive
def _note_scan(s: State, m: Memory, obj: int) -> None:
    """A page that comes to a list counts as scanned, to 5.7 (update_page_reclaim_stat).

    What comes to an active list counts as rotated, too: fresh anonymous memory keeps reclaim off it.
    """
    if not has(s, BALANCES_BY_COST):
        page, lists = m.page[obj], m.lru[m.page[obj].set]
        file = 1 if is_file_list(page.lru) else 0
        lists.scanned[file] += pages_of(m, obj)
        lists.rotated[file] += pages_of(m, obj) if is_active(page.lru) else 0


@primitive
def lru_add_new(s: State, m: Memory, obj: int) -> None:
    """A page that was faulted in, or read, comes to its list; the kernel's own are on none."""
    if m.page[obj].kind != KERNEL:
        lru_add(s, m, obj, first_list(s, m, obj))
        _note_scan(s, m, obj)


@jit
def activate(s: State, m: Memory, obj: int) -> None:
    """Move a page to the head of its active list (folio_activate)."""
    if m.page[obj].lru == NO_LRU:
        return
    lru = ACTIVE_ANON if is_anonymous(m, obj) else ACTIVE_FILE
    lru_del(s, m, obj)
    lru_add(s, m, obj, lru)
    _note_scan(s, m, obj)


@jit
def mark_accessed(s: State, m: Memory, obj: int) -> None:
    """A page is used: by its page table's bit, or by read and write (folio_mark_accessed).

    The second use of a file's page activates it.
    """
    page = m.page[obj]
    if is_mapped(m, obj):
        page.page_flags |= YOUNG
    elif not page.page_flags & REFERENCED:
        page.page_flags |= REFERENCED
    elif page.lru == INACTIVE_FILE:
        activate(s, m, obj)
        page.page_flags &= ~REFERENCED
        m.lru[page.set].age += pages_of(m, obj)


@primitive
def inactive_is_low(m: Memory, lru_set: int, inactive: int) -> bool:
    """Whether a list pair needs to be deactivated: inactive:active below 1:sqrt(10 GiB) (inactive_is_low)."""
    few, many = m.lru[lru_set].nr[inactive], m.lru[lru_set].nr[inactive + 1]
    gib = (few + many) >> 18
    ratio = int(np.sqrt(10.0 * gib)) if gib else 1
    return few * ratio < many  # type: ignore[no-any-return]
