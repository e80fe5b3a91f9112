"""Putting the model's state right after a miss, from what the trace says.

Frames that a per-cpu list was refilled with, or drained of, are corrected at once.  An
allocated frame is believed to be the model's choice although the record says another, until
a later record gets that very choice: a record that was altered then costs one miss, a list
that was out of step two.  A refill, which the kernel makes of an empty list, settles all.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.buddy import free_one_page
from zonecma.kernel.features import PCP_TUNES_ITSELF, has
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.lists import HEAD, TAIL, list_empty, list_first, pcp_list
from zonecma.kernel.migratetype import MIGRATE_MOVABLE, MIGRATE_PCPTYPES
from zonecma.kernel.offline import cpu_of_pcp_chunk, take_chunk
from zonecma.kernel.pageblock import get_pageblock_migratetype
from zonecma.kernel.pcp import (
    add_to_pcp_list,
    order_to_pindex,
    pcp_allowed_order,
    remove_from_pcp_list,
)
from zonecma.kernel.reference import by_reference
from zonecma.kernel.state import IN_USE, ON_PCP, PINDEX_STRIDE, RESERVED, State
from zonecma.kernel.tracepoint import MM_PAGE_ALLOC_ZONE_LOCKED, MM_PAGE_PCPU_DRAIN
from zonecma.kernel.units import NO_PFN, Cpu, Migratetype, Order, Pfn, Pindex, User, ZoneIndex
from zonecma.kernel.users import prep_new_page
from zonecma.kernel.zone import MAX_NR_ZONES

DOUBTS = 8
FIRST = np.int64(0)


@by_reference
class Doubts(NamedTuple):
    """Allocations, by per-cpu list, where model and record differ and neither is proven."""

    predicted: NDArray[np.int64]
    """i8[lists, DOUBTS]: the model's choice"""
    recorded: NDArray[np.int64]
    """i8[lists, DOUBTS]: the record's"""
    counts: NDArray[np.int64]
    """i8[lists]"""


def no_doubts(nr_cpus: int) -> Doubts:
    """None yet."""
    lists = MAX_NR_ZONES * nr_cpus * PINDEX_STRIDE
    return Doubts(
        np.zeros((lists, DOUBTS), np.int64), np.zeros((lists, DOUBTS), np.int64), np.zeros(lists, np.int64)
    )


@primitive
def _zone_of(s: State, pfn: Pfn) -> ZoneIndex:
    return ZoneIndex(s.frame[pfn].zone)


@primitive
def _pindex_of(s: State, pfn: Pfn, order: Order) -> Pindex:
    """The per-cpu list on which a freed chunk would wait."""
    migratetype = get_pageblock_migratetype(s, pfn)
    return order_to_pindex(migratetype if migratetype < MIGRATE_PCPTYPES else MIGRATE_MOVABLE, order)


@primitive
def to_buddy(s: State, pfn: Pfn, order: Order) -> None:
    """Free a chunk past the per-cpu lists."""
    free_one_page(s, pfn, _zone_of(s, pfn), order, get_pageblock_migratetype(s, pfn), HEAD)


@jit
def is_free(s: State, pfn: Pfn) -> bool:
    """Whether a frame lies in a chunk that is free, on whatever list."""
    for order in range(s.config[0].max_order + 1):
        frame = s.frame[pfn & -(1 << order)]
        if frame.where != IN_USE and frame.where != RESERVED and frame.order >= order:
            return True
    return False


@jit
def take_recorded(s: State, pfn: Pfn, order: Order, user: User) -> None:
    """Make a chunk used by a gfp class, wherever it was free."""
    take_chunk(s, pfn, order)
    prep_new_page(s, pfn, order, user)


@jit
def undo_drain(s: State, first: int) -> None:
    """Take the log's drained chunks, from the ``first`` on, back to the end of their lists."""
    drained = 0
    for i in range(s.config[0].log_length):
        drained += s.log[i].event == MM_PAGE_PCPU_DRAIN
    for i in range(s.config[0].log_length - 1, -1, -1):
        if s.log[i].event != MM_PAGE_PCPU_DRAIN:
            continue
        drained -= 1
        if drained < first:
            return
        pfn, order, cpu = Pfn(s.log[i].pfn), Order(s.log[i].order), Cpu(s.log[i].cpu)
        take_chunk(s, pfn, order)
        add_to_pcp_list(s, pfn, _zone_of(s, pfn), cpu, order, _pindex_of(s, pfn, order), TAIL)


@jit
def _drop_behind(s: State, pfn: Pfn) -> None:
    """Give back what comes after a chunk on its per-cpu list."""
    zone, cpu, order = _zone_of(s, pfn), cpu_of_pcp_chunk(s, pfn), Order(s.frame[pfn].order)
    behind = Pfn(s.frame[pfn].next)
    while behind < s.config[0].nr_frames:
        after = Pfn(s.frame[behind].next)
        remove_from_pcp_list(s, behind, zone, cpu, order)
        to_buddy(s, behind, order)
        behind = after


@jit
def redo_drain(s: State, chunks: NDArray[Any], first: int, last: int) -> None:
    """Drain the recorded chunks instead.

    What the model has behind one of them on its list left that list long before.
    """
    for i in range(first, last):
        pfn, order = Pfn(chunks[i].pfn), Order(chunks[i].order)
        if s.frame[pfn].where == ON_PCP:
            _drop_behind(s, pfn)
        take_chunk(s, pfn, order)
        to_buddy(s, pfn, order)


@jit
def learn_high(s: State, request: Any, drained: int) -> None:
    """Correct a per-cpu ``high`` that a recorded drain, or its absence, shows to be wrong.

    A timer that drains nothing lowers it without a trace, and may have been assumed too early;
    refills raise it batch by batch; the next decision tells.  A flush of high orders that did not
    happen has lowered it for nothing.  Where it is fixed there is nothing to learn.
    """
    if not has(s, PCP_TUNES_ITSELF):
        return
    zone = _zone_of(s, Pfn(request.pfn))
    pcp = s.pcp[zone, request.cpu]
    if drained:
        pcp.high = max(min(pcp.high, pcp.count + drained), pcp.high_min)
        return
    if pcp.high_before_decay > pcp.count:
        pcp.high, pcp.high_before_decay = pcp.high_before_decay, 0
        return
    step = pcp.batch << s.config[0].pcp_batch_scale_max if request.order else pcp.batch
    pcp.high = min(max(pcp.high, pcp.count + 1 - step) + step, pcp.high_max)


@jit
def learn_decayed_high(s: State, cpu: Cpu, chunks: NDArray[Any], first: int, last: int) -> None:
    """After a timer's drain a list holds just ``high`` pages: its decay drains down to that."""
    if not has(s, PCP_TUNES_ITSELF):
        return
    for i in range(first, last):
        pcp = s.pcp[_zone_of(s, Pfn(chunks[i].pfn)), cpu]
        pcp.high = max(pcp.count, pcp.high_min)


@jit
def undo_refill(s: State) -> None:
    """Give the log's refilled chunks back to the buddy lists, allocated or not."""
    for i in range(s.config[0].log_length - 1, -1, -1):
        if s.log[i].event == MM_PAGE_ALLOC_ZONE_LOCKED:
            pfn, order = Pfn(s.log[i].pfn), Order(s.log[i].order)
            take_chunk(s, pfn, order)
            to_buddy(s, pfn, order)


@jit
def redo_refill(
    s: State, cpu: Cpu, migratetype: Migratetype, chunks: NDArray[Any], first: int, last: int
) -> None:
    """Refill from the recorded chunks; what the list still held has been allocated unseen."""
    for i in range(first, last):
        pfn, order = Pfn(chunks[i].pfn), Order(chunks[i].order)
        zone, pindex = _zone_of(s, pfn), order_to_pindex(migratetype, order)
        head = pcp_list(s, zone, cpu, pindex)
        while i == first and not list_empty(s, head):
            remove_from_pcp_list(s, list_first(s, head), zone, cpu, order)
        take_chunk(s, pfn, order)
        add_to_pcp_list(s, pfn, zone, cpu, order, pindex, TAIL)


@primitive
def _list_number(s: State, cpu: Cpu, pfn: Pfn, order: Order, migratetype: Migratetype) -> int:
    pindex = order_to_pindex(migratetype, order) if pcp_allowed_order(s, order) else Pindex(PINDEX_STRIDE - 1)
    return (_zone_of(s, pfn) * s.config[0].nr_cpus + cpu) * PINDEX_STRIDE + pindex  # type: ignore[no-any-return]


@jit
def _put_back(s: State, cpu: Cpu, pfn: Pfn, order: Order, migratetype: Migratetype) -> None:
    """Undo an allocation: the chunk is first on its list again."""
    if pcp_allowed_order(s, order):
        add_to_pcp_list(s, pfn, _zone_of(s, pfn), cpu, order, order_to_pindex(migratetype, order), HEAD)
    else:
        to_buddy(s, pfn, order)


@jit
def _settle(doubts: Doubts, number: int, which: Any) -> None:
    """Forget one doubt."""
    doubts.counts[number] -= 1
    for i in range(which, doubts.counts[number]):
        doubts.predicted[number, i] = doubts.predicted[number, i + 1]
        doubts.recorded[number, i] = doubts.recorded[number, i + 1]


@jit
def believe_hit(s: State, doubts: Doubts, cpu: Cpu, pfn: Pfn, order: Order, migratetype: Migratetype) -> None:
    """The model's choice was the record's: its list was in step, and earlier records were not."""
    doubts.counts[_list_number(s, cpu, pfn, order, migratetype)] = 0


@jit
def doubt_miss(
    s: State, doubts: Doubts, cpu: Cpu, user: User, order: Order, predicted: Pfn, recorded: Pfn
) -> None:
    """Model and record differ.

    If the record's chunk is one that the model had chosen before, then the record was right
    that time too: the model's list was ahead by one.  Else the model is believed for now.
    """
    migratetype = Migratetype(s.gfp[user].migratetype)
    if predicted == NO_PFN:
        take_recorded(s, recorded, order, user)
        return
    if recorded == NO_PFN:
        _put_back(s, cpu, predicted, order, migratetype)
        return
    number = _list_number(s, cpu, predicted, order, migratetype)
    for i in range(doubts.counts[number]):
        if doubts.predicted[number, i] == recorded:
            _put_back(s, cpu, predicted, order, migratetype)
            take_recorded(s, Pfn(doubts.recorded[number, i]), order, user)
            _settle(doubts, number, i)
            return
    if doubts.counts[number] == DOUBTS:
        _settle(doubts, number, FIRST)
    last = doubts.counts[number]
    doubts.predicted[number, last], doubts.recorded[number, last] = predicted, recorded
    doubts.counts[number] += 1
