"""Freeing: through the per-cpu lists or straight to the buddy lists.

mm/page_alloc.c, 6.12 (free_unref_page) and 4.7 (__free_pages).
"""

from __future__ import annotations

import numpy as np

from zonecma.kernel.buddy import split_large_buddy
from zonecma.kernel.features import COLD_PAGES, has
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.lists import HEAD
from zonecma.kernel.migratetype import MIGRATE_ISOLATE, MIGRATE_MOVABLE, MIGRATE_PCPTYPES
from zonecma.kernel.pageblock import get_pageblock_migratetype
from zonecma.kernel.pcp import free_unref_page_commit, may_use_pcp
from zonecma.kernel.state import NO_OBJECT, State
from zonecma.kernel.units import Cpu, Order, Pfn, ZoneIndex


@primitive
def _free_to_end(s: State, cpu: Cpu, pfn: Pfn, order: Order, end: np.bool_) -> None:
    """Free a chunk to one end of its per-cpu list.

    Pages of an isolated pageblock never wait on a per-cpu list; CMA and HIGHATOMIC pages
    wait on the movable one.
    """
    s.frame[pfn].object = NO_OBJECT
    zone = ZoneIndex(s.frame[pfn].zone)
    migratetype = get_pageblock_migratetype(s, pfn)
    if not may_use_pcp(s, zone, order) or migratetype == MIGRATE_ISOLATE:
        split_large_buddy(s, pfn, zone, order, HEAD)
        return
    if migratetype >= MIGRATE_PCPTYPES:
        migratetype = MIGRATE_MOVABLE
    free_unref_page_commit(s, pfn, zone, cpu, order, migratetype, end)


@jit
def free_pages(s: State, cpu: Cpu, pfn: Pfn, order: Order) -> None:
    """Free a chunk that is in use."""
    _free_to_end(s, cpu, pfn, order, HEAD)


@jit
def free_cold_page(s: State, cpu: Cpu, pfn: Pfn) -> None:
    """Free a frame that no cache holds (free_hot_cold_page, 4.7); kernels without the rule free it as any."""
    _free_to_end(s, cpu, pfn, Order(0), np.bool_(has(s, COLD_PAGES)))
