"""What lists hold, for those who look at a state from outside."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.jit import entry, jit
from zonecma.kernel.lists import free_list, list_first, pcp_list
from zonecma.kernel.migratetype import MIGRATE_TYPES
from zonecma.kernel.pcp import NR_PCP_LISTS
from zonecma.kernel.state import State
from zonecma.kernel.units import Cpu, ListHead, Migratetype, Order, Pfn, Pindex, ZoneIndex
from zonecma.kernel.zone import MAX_NR_ZONES


@jit
def _list_into(s: State, head: ListHead, out: NDArray[np.int64]) -> int:
    count, pfn = 0, list_first(s, head)
    while pfn != Pfn(head):
        out[count] = pfn
        count, pfn = count + 1, Pfn(s.frame[pfn].next)
    return count


@entry
def _free_list_into(
    s: State, zone: ZoneIndex, order: Order, migratetype: Migratetype, out: NDArray[np.int64]
) -> int:
    return _list_into(s, free_list(s, zone, order, migratetype), out)


@entry
def _pcp_list_into(s: State, zone: ZoneIndex, cpu: Cpu, pindex: Pindex, out: NDArray[np.int64]) -> int:
    return _list_into(s, pcp_list(s, zone, cpu, pindex), out)


def free_lists(s: State) -> Iterator[tuple[tuple[ZoneIndex, Order, Migratetype], NDArray[np.int64]]]:
    """Each free list that is not empty, and the first frames of its chunks, head first."""
    out = np.empty(int(s.conf.nr_frames), np.int64)
    for zone in range(MAX_NR_ZONES):
        for order in range(int(s.conf.max_order) + 1):
            if not s.zone[zone].nr_free[order]:
                continue
            for migratetype in range(MIGRATE_TYPES):
                key = ZoneIndex(zone), Order(order), Migratetype(migratetype)
                if count := _free_list_into(s, *key, out):
                    yield key, out[:count].copy()


def pcp_lists(s: State) -> Iterator[tuple[tuple[ZoneIndex, Cpu, Pindex], NDArray[np.int64]]]:
    """Each per-cpu list that is not empty, and the first frames of its chunks, head first."""
    out = np.empty(int(s.conf.nr_frames), np.int64)
    for zone in range(MAX_NR_ZONES):
        for cpu in range(int(s.conf.nr_cpus)):
            if not s.pcp[zone, cpu].count:
                continue
            for pindex in range(NR_PCP_LISTS):
                key = ZoneIndex(zone), Cpu(cpu), Pindex(pindex)
                if count := _pcp_list_into(s, *key, out):
                    yield key, out[:count].copy()
