"""Which list serves a request: the type's own, CMA, a claimed pageblock, a stolen chunk.

6.12.117: __rmqueue with its modes.  4.7 and 6.1 have one kind of fallback and no modes; that they
start anew for each chunk makes no difference, since no list fills during one hold of the zone lock.
When CMA is tried first is a placement's choice (``preference.py``); a share of one half is the
rule of 5.8 and later, a share of one the last-resort rule of 4.7.
"""

from __future__ import annotations

from zonecma.kernel.alloc_flags import ALLOC_CMA, ALLOC_HIGHATOMIC, ALLOC_NOFRAGMENT, ALLOC_NON_BLOCK
from zonecma.kernel.buddy import rmqueue_smallest
from zonecma.kernel.fallback import rmqueue_claim, rmqueue_steal
from zonecma.kernel.features import CLAIMS_THEN_STEALS, has
from zonecma.kernel.jit import jit
from zonecma.kernel.migratetype import MIGRATE_CMA, MIGRATE_HIGHATOMIC
from zonecma.kernel.mixed_fallback import rmqueue_fallback
from zonecma.kernel.preference import CMA_CLOSED, CMA_FIRST, cma_turn
from zonecma.kernel.state import State
from zonecma.kernel.units import NO_PFN, AllocFlags, Code, Migratetype, Order, Pfn, ZoneIndex

# enum rmqueue_mode: where the last page of this hold of the zone lock was found.
RMQUEUE_NORMAL = Code(0)
RMQUEUE_CMA = Code(1)
RMQUEUE_CLAIM = Code(2)
RMQUEUE_STEAL = Code(3)


@jit
def rmqueue(
    s: State,
    zone: ZoneIndex,
    order: Order,
    migratetype: Migratetype,
    alloc_flags: AllocFlags,
    mode: Code,
) -> tuple[Pfn, Code]:
    """Remove one chunk from the buddy lists (__rmqueue): the chunk, and the mode for the next."""
    turn = cma_turn(s, zone, order) if alloc_flags & ALLOC_CMA else CMA_CLOSED
    if turn == CMA_FIRST:
        pfn = rmqueue_smallest(s, zone, order, MIGRATE_CMA)
        if pfn != NO_PFN:
            return pfn, mode
    if mode == RMQUEUE_NORMAL:
        pfn = rmqueue_smallest(s, zone, order, migratetype)
        if pfn != NO_PFN:
            return pfn, RMQUEUE_NORMAL
    if mode <= RMQUEUE_CMA and turn != CMA_CLOSED:
        pfn = rmqueue_smallest(s, zone, order, MIGRATE_CMA)
        if pfn != NO_PFN:
            return pfn, RMQUEUE_CMA
    if not has(s, CLAIMS_THEN_STEALS):
        return rmqueue_fallback(s, zone, order, migratetype, alloc_flags), RMQUEUE_NORMAL
    if mode <= RMQUEUE_CLAIM:
        pfn = rmqueue_claim(s, zone, order, migratetype, alloc_flags)
        if pfn != NO_PFN:
            return pfn, RMQUEUE_NORMAL
    if not alloc_flags & ALLOC_NOFRAGMENT:
        pfn = rmqueue_steal(s, zone, order, migratetype)
        if pfn != NO_PFN:
            return pfn, RMQUEUE_STEAL
    return NO_PFN, mode


@jit
def rmqueue_buddy(
    s: State, zone: ZoneIndex, order: Order, migratetype: Migratetype, alloc_flags: AllocFlags
) -> Pfn:
    """Allocate past the per-cpu lists (rmqueue_buddy)."""
    pfn = NO_PFN
    if alloc_flags & ALLOC_HIGHATOMIC:
        pfn = rmqueue_smallest(s, zone, order, MIGRATE_HIGHATOMIC)
    if pfn == NO_PFN:
        pfn, _ = rmqueue(s, zone, order, migratetype, alloc_flags, RMQUEUE_NORMAL)
    if pfn == NO_PFN and alloc_flags & ALLOC_NON_BLOCK:
        pfn = rmqueue_smallest(s, zone, order, MIGRATE_HIGHATOMIC)
    return pfn
