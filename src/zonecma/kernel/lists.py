"""The kernel's doubly linked lists (include/linux/list.h), threaded through the frames."""

from __future__ import annotations

import numpy as np

from zonecma.kernel.jit import primitive
from zonecma.kernel.state import ORDER_STRIDE, PINDEX_STRIDE, TYPE_STRIDE, State
from zonecma.kernel.units import Cpu, ListHead, Migratetype, Order, Pfn, Pindex, ZoneIndex

HEAD, TAIL = np.bool_(False), np.bool_(True)
"""Which end of a list: ``tail`` arguments take one of these."""


@primitive
def free_list(s: State, zone: ZoneIndex, order: Order, migratetype: Migratetype) -> ListHead:
    """Head of ``zone->free_area[order].free_list[migratetype]``."""
    row = zone * ORDER_STRIDE + order
    return ListHead(s.config[0].first_free_list + row * TYPE_STRIDE + migratetype)


@primitive
def pcp_list(s: State, zone: ZoneIndex, cpu: Cpu, pindex: Pindex) -> ListHead:
    """Head of ``zone->per_cpu_pageset[cpu].lists[pindex]``."""
    row = zone * s.config[0].nr_cpus + cpu
    return ListHead(s.config[0].first_pcp_list + row * PINDEX_STRIDE + pindex)


@primitive
def list_empty(s: State, head: ListHead) -> bool:
    """True when nothing hangs on this head."""
    return s.frame[head].next == head  # type: ignore[no-any-return]


@primitive
def list_first(s: State, head: ListHead) -> Pfn:
    """The first frame; the head itself when the list is empty."""
    return Pfn(s.frame[head].next)


@primitive
def list_last(s: State, head: ListHead) -> Pfn:
    """The last frame; the head itself when the list is empty."""
    return Pfn(s.frame[head].prev)


@primitive
def list_insert(s: State, pfn: Pfn, before: Pfn, after: Pfn) -> None:
    """Put ``pfn`` between two neighbours (frames or heads)."""
    s.frame[pfn].prev = before
    s.frame[pfn].next = after
    s.frame[before].next = pfn
    s.frame[after].prev = pfn


@primitive
def list_add(s: State, pfn: Pfn, head: ListHead) -> None:
    """Put ``pfn`` first."""
    list_insert(s, pfn, Pfn(head), Pfn(s.frame[head].next))


@primitive
def list_add_tail(s: State, pfn: Pfn, head: ListHead) -> None:
    """Put ``pfn`` last."""
    list_insert(s, pfn, Pfn(s.frame[head].prev), Pfn(head))


@primitive
def list_del(s: State, pfn: Pfn) -> None:
    """Take ``pfn`` off its list."""
    before, after = s.frame[pfn].prev, s.frame[pfn].next
    s.frame[before].next = after
    s.frame[after].prev = before
