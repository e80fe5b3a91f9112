"""Moving an object to other frames: which one can, and the move itself (mm/migrate.c, 6.12 and 4.7)."""

from __future__ import annotations

from zonecma.kernel.chunk import chunk_pages
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.lru import lru_add, lru_del, pages_of
from zonecma.kernel.memory import NO_LRU, Memory, charge
from zonecma.kernel.migratetype import MIGRATE_MOVABLE
from zonecma.kernel.residence import enter_frames, leave_frames
from zonecma.kernel.state import NO_OBJECT, State
from zonecma.kernel.units import NO_PFN, Code, Cpu, Pfn

OK = Code(0)
EAGAIN = Code(11)
ENOMEM = Code(12)
EBUSY = Code(16)
ESPLIT = Code(255)
"""the model's own: a large page found no target, and was split"""


@jit
def head_of_object(s: State, pfn: Pfn) -> Pfn:
    """First frame of the object that a used frame belongs to; NO_PFN when it belongs to none."""
    for order in range(s.config[0].max_order + 1):
        head = Pfn(pfn & -(1 << order))
        if s.frame[head].object != NO_OBJECT and head + chunk_pages(s, head) > pfn:
            return head
    return NO_PFN


@primitive
def is_movable_object(s: State, head: Pfn) -> bool:
    """Whether the object that begins here was asked for as movable."""
    return s.gfp[s.frame[head].user].migratetype == MIGRATE_MOVABLE  # type: ignore[no-any-return]


@jit
def move_object(s: State, m: Memory, cpu: Cpu, obj: int, target: Pfn) -> None:
    """Move an object to frames that were taken for it (migrate_folio_move).

    The moved frames keep the class of the request that they served; their page comes first on its
    list.
    """
    user, lru = s.frame[s.object_pfn[obj]].user, m.page[obj].lru
    lru_del(s, m, obj)
    leave_frames(s, m, cpu, obj)
    s.frame[target].user = user
    enter_frames(s, m, obj, target)
    if lru != NO_LRU:
        lru_add(s, m, obj, lru)
    m.vm[0].pgmigrate_success += pages_of(m, obj)
    charge(m, m.cost[0].migrate_page * pages_of(m, obj))
