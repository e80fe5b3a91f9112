"""Freeing: through the per-cpu lists or straight to the buddy lists (mm/page_alloc.c, 6.12)."""

from __future__ import annotations

from zonecma.kernel.buddy import split_large_buddy
from zonecma.kernel.jit import jit
from zonecma.kernel.lists import HEAD
from zonecma.kernel.migratetype import MIGRATE_ISOLATE, MIGRATE_MOVABLE, MIGRATE_PCPTYPES
from zonecma.kernel.pageblock import get_pageblock_migratetype
from zonecma.kernel.pcp import free_unref_page_commit, pcp_allowed_order
from zonecma.kernel.state import NO_OBJECT, State
from zonecma.kernel.units import Cpu, Order, Pfn, ZoneIndex


@jit
def free_pages(s: State, cpu: Cpu, pfn: Pfn, order: Order) -> None:
    """Free a chunk that is in use (free_unref_page).

    Pages of an isolated pageblock never wait on a per-cpu list; CMA and HIGHATOMIC pages
    wait on the movable one.
    """
    s.frame[pfn].object = NO_OBJECT
    zone = ZoneIndex(s.frame[pfn].zone)
    migratetype = get_pageblock_migratetype(s, pfn)
    if not pcp_allowed_order(s, order) or migratetype == MIGRATE_ISOLATE:
        split_large_buddy(s, pfn, zone, order, HEAD)
        return
    if migratetype >= MIGRATE_PCPTYPES:
        migratetype = MIGRATE_MOVABLE
    free_unref_page_commit(s, pfn, zone, cpu, order, migratetype)
