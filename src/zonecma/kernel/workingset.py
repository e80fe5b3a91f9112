"""Pages that come back too soon (mm/workingset.c, 6.12 and 4.7).

The time between a page's eviction and its return is counted in evictions and activations; when it is
shorter than the lists that it competes with are long, the page is part of the working set.
"""

from __future__ import annotations

from zonecma.kernel.features import NODE_LRUS, ROTATIONS_COST, has
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.limits import SWAP_CLUSTER_MAX
from zonecma.kernel.lru import activate, is_anonymous, pages_of
from zonecma.kernel.memory import (
    ACTIVE_ANON,
    ACTIVE_FILE,
    INACTIVE_ANON,
    INACTIVE_FILE,
    WORKINGSET,
    Memory,
)
from zonecma.kernel.state import State

NEVER_EVICTED = -1


@primitive
def all_pages(m: Memory, lru_set: int) -> int:
    """Pages on all lists of a set."""
    nr = m.lru[lru_set].nr
    return nr[INACTIVE_ANON] + nr[ACTIVE_ANON] + nr[INACTIVE_FILE] + nr[ACTIVE_FILE]  # type: ignore[no-any-return]


@jit
def note_cost(s: State, m: Memory, lru_set: int, is_file: int, nr_io: int, nr_rotated: int) -> None:
    """What a list cost: I/O, and since 6.2 rotations; older costs count half as much (lru_note_cost)."""
    lists = m.lru[lru_set]
    lists.cost[is_file] += nr_io * SWAP_CLUSTER_MAX + nr_rotated if has(s, ROTATIONS_COST) else nr_io
    if lists.cost[0] + lists.cost[1] > all_pages(m, lru_set) // 4:
        lists.cost[0] //= 2
        lists.cost[1] //= 2


@primitive
def workingset_eviction(m: Memory, obj: int) -> None:
    """A page is evicted: its entry remembers when (workingset_eviction)."""
    page = m.page[obj]
    page.age = m.lru[page.set].age
    m.lru[page.set].age += pages_of(m, obj)


@primitive
def _workingset_size(s: State, m: Memory, lru_set: int, anonymous: bool) -> int:
    """Pages that an evicted one competes with; 4.7 looks at the file lists alone."""
    nr = m.lru[lru_set].nr
    pages = nr[ACTIVE_FILE]
    if not has(s, NODE_LRUS):
        return pages  # type: ignore[no-any-return]
    if anonymous:
        pages += nr[INACTIVE_FILE]
    if m.vm[0].swap_free > 0:
        pages += nr[ACTIVE_ANON] + (0 if anonymous else nr[INACTIVE_ANON])
    return pages  # type: ignore[no-any-return]


@jit
def workingset_refault(s: State, m: Memory, obj: int) -> None:
    """A page that was evicted is back on its list (workingset_refault)."""
    page = m.page[obj]
    if page.age == NEVER_EVICTED:
        return
    anonymous, lru_set = is_anonymous(m, obj), page.set
    distance, page.age = m.lru[lru_set].age - page.age, NEVER_EVICTED
    if anonymous and not has(s, NODE_LRUS):
        return
    m.vm[0].workingset_refault += pages_of(m, obj)
    if distance > _workingset_size(s, m, lru_set, anonymous):
        return
    activate(s, m, obj)
    m.lru[lru_set].age += pages_of(m, obj)
    m.vm[0].workingset_activate += pages_of(m, obj)
    m.lru[lru_set].activated[0 if anonymous else 1] += pages_of(m, obj)
    if page.page_flags & WORKINGSET:
        note_cost(s, m, lru_set, 0 if anonymous else 1, pages_of(m, obj), 0)
