"""The invariants of the whole state: each frame in one place, links, counters, merged buddies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.buddy import is_free_chunk, may_merge
from zonecma.kernel.chunk import chunk_order
from zonecma.kernel.features import FREELIST_HYGIENE, has
from zonecma.kernel.jit import entry, jit, primitive
from zonecma.kernel.lists import free_list, list_first, pcp_list
from zonecma.kernel.migratetype import (
    MIGRATE_CMA,
    MIGRATE_HIGHATOMIC,
    MIGRATE_ISOLATE,
    MIGRATE_PCPTYPES,
    MIGRATE_TYPES,
)
from zonecma.kernel.pageblock import get_pageblock_migratetype, pageblock_nr_pages
from zonecma.kernel.pcp import NR_PCP_LISTS, pindex_to_order
from zonecma.kernel.state import IN_BUDDY, IN_USE, NO_OBJECT, ON_PCP, State
from zonecma.kernel.units import Code, Cpu, ListHead, Migratetype, Order, Pfn, Pindex, ZoneIndex
from zonecma.kernel.zone import MAX_NR_ZONES

SOUND = Code(0)
LINKS = Code(1)
PLACE = Code(2)
OVERLAP = Code(3)
BLOCK_TYPE = Code(4)
CHUNK_COUNT = Code(5)
FREE_PAGES = Code(6)
PCP_COUNT = Code(7)
STRAY = Code(8)
UNMERGED = Code(9)
OBJECT = Code(10)
LAG = Code(11)

_MESSAGES = {
    int(LINKS): "the list links around frame {} do not agree",
    int(PLACE): "frame {} is on a list that its own entry does not name",
    int(OVERLAP): "frame {} is in two free chunks",
    int(BLOCK_TYPE): "the free chunk at frame {} is not on the list of its pageblock's type",
    int(CHUNK_COUNT): "zone {} miscounts the chunks of order {}",
    int(FREE_PAGES): "zone {} miscounts its free pages",
    int(PCP_COUNT): "zone {} miscounts the pages on the lists of CPU {}",
    int(STRAY): "frame {} says that it is free but is on no list",
    int(UNMERGED): "the free chunk at frame {} and its buddy, both of order {}, should have merged",
    int(OBJECT): "frame {} and object {} do not point at each other",
    int(LAG): "counters of zone {} lag by something else than its CPUs keep to themselves",
}

INSIDE, HEAD_OF_CHUNK = 1, 2


class InvariantError(AssertionError):
    """A state that cannot be: the model is at fault."""


@primitive
def _found(where: NDArray[np.int64], code: Code, one: int, two: int) -> Code:
    where[0], where[1] = one, two
    return code


@jit
def _cover(pfn: Pfn, order: Order, cover: NDArray[np.uint8], where: NDArray[np.int64]) -> Code:
    """Mark a free chunk's frames; each may be marked once, and only its first may say it is free."""
    for frame in range(pfn, pfn + (1 << order)):
        if cover[frame]:
            return _found(where, OVERLAP, frame, 0)
        cover[frame] = HEAD_OF_CHUNK if frame == pfn else INSIDE
    return SOUND


@jit
def _walk(
    s: State,
    head: ListHead,
    place: int,
    zone: ZoneIndex,
    order: Order,
    cover: NDArray[np.uint8],
    where: NDArray[np.int64],
) -> Code:
    """Follow a list from its head and back to it; ``where[2]`` counts its chunks."""
    where[2] = 0
    before, pfn = Pfn(head), list_first(s, head)
    while pfn != Pfn(head):
        frame = s.frame[pfn]
        if frame.prev != before or pfn >= s.config[0].nr_frames:
            return _found(where, LINKS, pfn, 0)
        misplaced = frame.where != place or frame.order != order or frame.zone != zone
        if misplaced or pfn & ((1 << order) - 1):
            return _found(where, PLACE, pfn, 0)
        code = _cover(pfn, order, cover, where)
        if code != SOUND:
            return code
        where[2] += 1
        before, pfn = pfn, Pfn(frame.next)
    return SOUND if s.frame[head].prev == before else _found(where, LINKS, before, 0)


@primitive
def may_be_on_list(s: State, block_type: Migratetype, list_type: Migratetype) -> bool:
    """Whether a free chunk of a pageblock may be on a type's lists.

    Without freelist hygiene types that fall back to each other may share a pageblock.
    """
    if block_type == list_type:
        return True
    shared = block_type < MIGRATE_PCPTYPES and list_type < MIGRATE_PCPTYPES
    return shared and not has(s, FREELIST_HYGIENE)


@jit
def _check_chunk(s: State, pfn: Pfn, migratetype: Migratetype, where: NDArray[np.int64]) -> Code:
    """A free chunk's pageblocks suit its list, and its buddy is not free beside it.

    Isolation moves chunks block by block and merges nothing.
    """
    order = chunk_order(s, pfn)
    block = Pfn(pfn)
    while block < pfn + (1 << order):
        if not may_be_on_list(s, get_pageblock_migratetype(s, block), migratetype):
            return _found(where, BLOCK_TYPE, pfn, 0)
        block = Pfn(block + pageblock_nr_pages(s))
    buddy = Pfn(pfn ^ (1 << order))
    may_grow = order < s.config[0].max_order and migratetype != MIGRATE_ISOLATE
    if may_grow and is_free_chunk(s, buddy, order, ZoneIndex(s.frame[pfn].zone)):
        buddy_type = get_pageblock_migratetype(s, buddy)
        if may_merge(s, order, migratetype, buddy_type):
            return _found(where, UNMERGED, pfn, order)
    return SOUND


@jit
def _check_lag(s: State, zone: ZoneIndex, where: NDArray[np.int64]) -> Code:
    """A zone's counters lag by what its CPUs keep to themselves."""
    free, cma = 0, 0
    for cpu in range(s.config[0].nr_cpus):
        free += s.pcp[zone, cpu].free_diff
        cma += s.pcp[zone, cpu].cma_diff
    if s.zone[zone].free_lag != free or s.zone[zone].cma_lag != cma:
        return _found(where, LAG, zone, 0)
    return SOUND


@jit
def _check_free_lists(s: State, zone: ZoneIndex, cover: NDArray[np.uint8], where: NDArray[np.int64]) -> Code:
    """A zone's free lists and its counters."""
    pages, cma, highatomic = 0, 0, 0
    for order in range(s.config[0].max_order + 1):
        chunks = 0
        for index in range(MIGRATE_TYPES):
            migratetype = Migratetype(index)
            head = free_list(s, zone, Order(order), migratetype)
            code = _walk(s, head, IN_BUDDY, zone, Order(order), cover, where)
            if code != SOUND:
                return code
            chunks += where[2]
            pages += (where[2] << order) * (migratetype != MIGRATE_ISOLATE)
            cma += (where[2] << order) * (migratetype == MIGRATE_CMA)
            highatomic += (where[2] << order) * (migratetype == MIGRATE_HIGHATOMIC)
            pfn = list_first(s, head)
            while pfn != Pfn(head):
                code = _check_chunk(s, pfn, migratetype, where)
                if code != SOUND:
                    return code
                pfn = Pfn(s.frame[pfn].next)
        if chunks != s.zone[zone].nr_free[order]:
            return _found(where, CHUNK_COUNT, zone, order)
    counted = s.zone[zone]
    agree = counted.nr_free_pages == pages and counted.nr_free_cma == cma
    if not agree or counted.nr_free_highatomic != highatomic:
        return _found(where, FREE_PAGES, zone, 0)
    return _check_lag(s, zone, where)


@jit
def _check_pcp(
    s: State, zone: ZoneIndex, cpu: Cpu, cover: NDArray[np.uint8], where: NDArray[np.int64]
) -> Code:
    """One CPU's lists of a zone and their count."""
    pages = 0
    for index in range(NR_PCP_LISTS):
        pindex = Pindex(index)
        order = pindex_to_order(s, pindex)
        code = _walk(s, pcp_list(s, zone, cpu, pindex), ON_PCP, zone, order, cover, where)
        if code != SOUND:
            return code
        pages += where[2] << order
    if pages != s.pcp[zone, cpu].count:
        return _found(where, PCP_COUNT, zone, cpu)
    return SOUND


@jit
def _check_frames(s: State, cover: NDArray[np.uint8], where: NDArray[np.int64]) -> Code:
    """Only heads of free chunks say that they are free; objects live in used frames."""
    for pfn in range(s.config[0].nr_frames):
        frame = s.frame[pfn]
        says_free = frame.where == IN_BUDDY or frame.where == ON_PCP
        if says_free != (cover[pfn] == HEAD_OF_CHUNK):
            return _found(where, STRAY, pfn, 0)
        if frame.object != NO_OBJECT:
            in_use = frame.where == IN_USE and not cover[pfn]
            if not in_use or s.object_pfn[frame.object] != pfn:
                return _found(where, OBJECT, pfn, frame.object)
    for number in range(s.object_pfn.size):
        pfn = s.object_pfn[number]
        if pfn >= 0 and s.frame[pfn].object != number:
            return _found(where, OBJECT, pfn, number)
    return SOUND


@entry
def check(s: State, cover: NDArray[np.uint8], where: NDArray[np.int64]) -> Code:
    """The first invariant that does not hold, SOUND if all do; ``where`` gets its place.

    ``cover``: u1[frames], all zero; ``where``: i8[3].
    """
    for index in range(MAX_NR_ZONES):
        zone = ZoneIndex(index)
        code = _check_free_lists(s, zone, cover, where)
        if code != SOUND:
            return code
        for cpu in range(s.config[0].nr_cpus):
            code = _check_pcp(s, zone, Cpu(cpu), cover, where)
            if code != SOUND:
                return code
    return _check_frames(s, cover, where)


def validate(s: State) -> None:
    """Raise InvariantError, with the place, unless every invariant of the state holds."""
    where = np.zeros(3, np.int64)
    code = check(s, np.zeros(int(s.conf.nr_frames), np.uint8), where)
    if code != SOUND:
        raise InvariantError(_MESSAGES[int(code)].format(*where[:2]))
