"""What programs did to objects, from what the kernel did to frames: one compiled pass."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.events import EVENT_ID, PageFlag
from zonecma.kernel.gfp import Gfp
from zonecma.kernel.jit import entry, jit, primitive
from zonecma.kernel.reference import by_reference
from zonecma.workload.compactions import NONE, Compactions, follow, keeps
from zonecma.workload.identity import SWAPPED_IN, Identities
from zonecma.workload.lives import (
    CONTIGUOUS,
    IN_USE,
    NOBODY,
    TAKEN,
    UNSEEN,
    is_frame,
    page_freed,
    pages_of,
    settle,
)
from zonecma.workload.migrations import (
    ENTRIES,
    Migrations,
    begin_migration,
    end_migration,
    entry_removed,
    entry_set,
    moves_page,
    page_allocated,
    target_of,
)
from zonecma.workload.objects import (
    EVICTED,
    FREED,
    IN_MEMORY,
    MOVED,
    NOT_YET,
    NR_OBJECTS,
    OTHER,
    Objects,
    cached_order,
    find,
    is_anonymous,
    is_of_file,
    is_page,
    lies_at,
    new_object,
    object_at,
)
from zonecma.workload.requests import (
    ALLOC,
    BULK,
    CMA_ALLOC,
    CMA_RELEASE,
    DIRTY,
    FLUSH,
    FREE,
    NO_AREA,
    PIN,
    TOUCH,
    UNKNOWN_GFP,
)
from zonecma.workload.swapped import WITHIN, Swapped, comes_in, goes_out

_ALLOC = EVENT_ID["mm_page_alloc"]
_FREE = EVENT_ID["mm_page_free"]
_BULK = EVENT_ID["bulk"]
_BULK_PAGE = EVENT_ID["bulk_page"]
_ISOLFREE = EVENT_ID["isolfree"]
_CMA_START = EVENT_ID["cma_alloc_start"]
_CMA_FINISH = EVENT_ID["cma_alloc_finish"]
_CMA_RELEASE = EVENT_ID["cma_release"]
_MIGRATE_START = EVENT_ID["mm_migrate_pages_start"]
_MIGRATE = EVENT_ID["mm_migrate_pages"]
_SET_ENTRY = EVENT_ID["set_migration_pte"]
_REMOVE_ENTRY = EVENT_ID["remove_migration_pte"]
_RECLAIM_BEGIN = EVENT_ID["mm_vmscan_direct_reclaim_begin"]
_RECLAIM_END = EVENT_ID["mm_vmscan_direct_reclaim_end"]
_INSERTED = EVENT_ID["mm_lru_insertion"]
_ACTIVATED = EVENT_ID["mm_lru_activate"]
_CACHED = EVENT_ID["mm_filemap_add_to_page_cache"]
_UNCACHED = EVENT_ID["mm_filemap_delete_from_page_cache"]
_DIRTIED = EVENT_ID["writeback_dirty_folio"]
_SWAPOUT = EVENT_ID["swapout"]
_FLUSH = EVENT_ID["writeback_start"]

_SWAPBACKED, _OF_FILE = int(PageFlag.ANONYMOUS | PageFlag.SWAPBACKED), int(PageFlag.FILE)
_HARDWALL = int(Gfp.HARDWALL)


@by_reference
class Facts(NamedTuple):
    """What is known of the trace beforehand."""

    names: Identities
    gfp: NDArray[np.uint8]
    """u1[events]: index of the gfp mask"""
    kind: NDArray[np.uint8]
    """u1[gfp masks]: the UserKind that each mask speaks of"""
    writes: NDArray[np.uint8]
    """u1[gfp masks]: 1 where an allocation is all that tells of a page that is written"""
    area: NDArray[np.uint8]
    """u1[words]: index of the CMA area with this name; NO_AREA"""
    area_pages: NDArray[np.int64]
    """i8[areas]: frames of each area"""
    daemon: NDArray[np.uint8]
    """u1[words]: 1 for kswapd and kcompactd"""
    pins: NDArray[np.uint8]
    """u1[words]: 1 for the reason of migrations that come before a long pin"""
    flushes: NDArray[np.uint8]
    """u1[words]: 1 for the reason of writeback that is of no memory's making"""
    process: NDArray[np.int32]
    """i4[words]: the process that a task's name and number belong to"""
    bulk_gfp: int
    """index of the gfp mask that bulk allocations are taken to have"""


@by_reference
class Books(NamedTuple):
    """What goes on while the pass reads, and what came of it."""

    objects: Objects
    migrations: Migrations
    compactions: Compactions
    swapped: Swapped
    deleted: NDArray[np.int32]
    """i4[inodes]: the event with which a program last deleted a page of a file; NOBODY"""
    pinning: NDArray[np.uint8]
    """u1[words]: 1 while a task moves pages out of an area to pin them"""
    call_of_task: NDArray[np.int32]
    """i4[words]: the contiguous call that a task is in; NOBODY"""
    call_at: NDArray[np.int32]
    """i4[frames]: the contiguous call whose range starts here; NOBODY"""
    reclaims: NDArray[np.int64]
    """i8[words]: since when a task is in direct reclaim; NOBODY"""
    stalled: NDArray[np.int64]
    """i8[processes]: time that each spent there since its last request"""
    requests: NDArray[Any]
    """REQUEST[]"""
    at: NDArray[np.int32]
    """i4[]: the event that each came from"""
    stalls: NDArray[np.int64]
    """i8[]: what its process was stalled before it"""
    nr_requests: NDArray[np.int64]
    """i8[1]: how many there are"""


@jit
def _emit(books: Books, facts: Facts, events: NDArray[Any], i: int, op: int, number: int) -> int:
    """Append a request that concerns an object or a call; returns its row."""
    event, process = events[i], facts.process[events[i].task]
    row = books.nr_requests[0]
    books.nr_requests[0] += 1
    books.at[row], books.stalls[row] = i, books.stalled[process]
    books.stalled[process] = 0
    request = books.requests[row]
    request.time, request.line, request.cpu = event.time, event.line, event.cpu
    request.op, request.object, request.pfn, request.count = op, number, NOBODY, 0
    request.origin, request.area, request.align, request.locked = 0, 0, 0, 0
    request.gfp, request.order = UNKNOWN_GFP, 0
    if number != NOBODY:
        one = books.objects.facts[number]
        request.gfp, request.order = one.gfp, one.order
    return row  # type: ignore[no-any-return]


@primitive
def _makes_room(books: Books, facts: Facts, task: int) -> bool:
    """Whether a task is at reclaim, compaction or a contiguous call: what it does, no program asked for."""
    if facts.daemon[task] or books.compactions.running[task] != NONE:
        return True
    return books.reclaims[task] != NOBODY or books.call_of_task[task] != NOBODY  # type: ignore[no-any-return]


@jit
def _comes_back(books: Books, facts: Facts, event: Any, i: int) -> int:
    """The evicted object that an allocation brings back to memory; NOBODY."""
    coming = facts.names.coming[i]
    if coming == SWAPPED_IN:
        return comes_in(books.swapped, facts.process[event.task])
    if coming == NOBODY:
        return NOBODY
    number = books.objects.of_page[coming]
    return number if number != NOBODY and books.objects.life[number].state == EVICTED else NOBODY


@jit
def _alloc(books: Books, facts: Facts, events: NDArray[Any], i: int) -> None:
    """A chunk is handed out.  A request that was refused left nothing behind."""
    event, objects = events[i], books.objects
    if event.pfn < 0:
        return
    settle(objects.lives, event.pfn, pages_of(event), IN_USE, i)
    page_allocated(books.migrations, event)
    is_target = books.migrations.running[event.task] and event.gfp & _HARDWALL
    if is_target or _makes_room(books, facts, event.task):
        return
    gfp, number, op = facts.gfp[i], _comes_back(books, facts, event, i), TOUCH
    if number == NOBODY:
        number, op = new_object(objects, event.task, gfp, event.order, facts.kind[gfp], IN_MEMORY), ALLOC
    objects.brought[i] = number
    objects.life[number].state, objects.life[number].left = IN_MEMORY, pages_of(event)
    request = books.requests[_emit(books, facts, events, i, op, number)]
    request.gfp = gfp
    if op == TOUCH and facts.names.coming[i] == SWAPPED_IN:
        request.count = books.swapped.tally[WITHIN] + 1
    if facts.writes[gfp]:
        _emit(books, facts, events, i, DIRTY, number)


@jit
def _bulk(books: Books, facts: Facts, events: NDArray[Any], i: int) -> None:
    """A bulk allocation; frames that are in use came through mm_page_alloc, or were there before."""
    event, objects, alive, last = events[i], books.objects, 0, i + 1
    while last < events.size and events[last].event == _BULK_PAGE and events[last].line == event.line:
        alive += objects.lives.frames[events[last].pfn].held == IN_USE
        last += 1
    number, count = objects.used[NR_OBJECTS], max(event.a - alive, 0)
    if _makes_room(books, facts, event.task):
        count = 0
    for _ in range(count):
        new_object(objects, event.task, facts.bulk_gfp, 0, facts.kind[facts.bulk_gfp], IN_MEMORY)
    if count:
        books.requests[_emit(books, facts, events, i, BULK, number)].count = count
    for page in range(i + 1, last):
        if objects.lives.frames[events[page].pfn].held != IN_USE:
            settle(objects.lives, events[page].pfn, 1, IN_USE, page)
            if number < objects.used[NR_OBJECTS]:
                objects.brought[page] = number
                number += 1


@jit
def _free(books: Books, facts: Facts, events: NDArray[Any], i: int) -> None:
    """A chunk is given back: by migration, by reclaim, or by a program."""
    event, objects = events[i], books.objects
    if keeps(books.compactions, event):
        return
    task, pfn = event.task, event.pfn
    if books.call_of_task[task] != NOBODY and not books.migrations.running[task]:
        number = object_at(objects, pfn)  # free frames at the ends of a range are given back like pages
    else:
        number = find(objects, task, pfn, event.order, i)
    # What a migration's own reclaim drops, to get its targets, is no source.
    moved = books.reclaims[task] == NOBODY and moves_page(objects.lives, books.migrations, events, event)
    page_freed(objects.lives, event, i)
    if moved or number == NOBODY:
        return
    life = objects.life[number]
    life.left -= pages_of(event)
    if life.left > 0:
        return  # an object that is given back in parts lives until the last one
    if _makes_room(books, facts, task) and objects.facts[number].kind != OTHER:
        _evict(books, facts, number, i)
    else:
        life.state = FREED
        books.requests[_emit(books, facts, events, i, FREE, number)].pfn = pfn


@jit
def _evict(books: Books, facts: Facts, number: int, i: int) -> None:
    """The kernel takes an object out of memory; it lives on in its file, or in swap."""
    life = books.objects.life[number]
    life.state, life.evicted = EVICTED, i
    if life.swapped and life.page == NOBODY:
        goes_out(books.swapped, facts.process[books.objects.facts[number].task], number)


@jit
def _uncached(books: Books, facts: Facts, event: Any, i: int) -> None:
    """A page leaves the page cache.

    Compaction moves what nobody maps without telling where: such a page shows itself here at last.
    """
    objects, pfn = books.objects, event.pfn
    number, known = object_at(objects, pfn), objects.of_page[facts.names.page[i]]
    if number == NOBODY and known != NOBODY and objects.life[known].state == EVICTED:
        lies_at(objects, known, pfn, objects.facts[known].order, i)
    elif number == NOBODY and objects.lives.frames[pfn].held == UNSEEN:
        is_page(objects, facts.names, find(objects, event.task, pfn, cached_order(event), i), i)
    if not _makes_room(books, facts, event.task):
        books.deleted[facts.names.inode[i]] = i


@jit
def _of_page(books: Books, facts: Facts, events: NDArray[Any], i: int) -> None:
    """What is said of the page in a frame; an LRU list knows tmpfs from files (PageSwapBacked)."""
    event, objects = events[i], books.objects
    what = event.event
    number = find(objects, event.task, event.pfn, cached_order(event), i)
    if number == NOBODY:
        return
    if what == _CACHED:
        is_page(objects, facts.names, number, i)
    elif what == _SWAPOUT:
        objects.life[number].swapped = 1
        is_anonymous(objects, number)
    elif what == _ACTIVATED and not _makes_room(books, facts, event.task):
        _emit(books, facts, events, i, TOUCH, number)
    elif what == _INSERTED and event.b & _SWAPBACKED:
        is_anonymous(objects, number)
    elif what == _INSERTED and event.b & _OF_FILE:
        is_of_file(objects, number)


@jit
def _dirtied(books: Books, facts: Facts, events: NDArray[Any], i: int) -> None:
    """A page of a file, or a buffer, is made dirty (folio_account_dirtied)."""
    number = books.objects.of_place[facts.names.place[i]]
    if number != NOBODY and books.objects.life[number].state != FREED:
        _emit(books, facts, events, i, DIRTY, number)


@jit
def _entry_set(books: Books, facts: Facts, events: NDArray[Any], i: int) -> None:
    """A page is about to move, for its own process's pin perhaps."""
    event, migrations = events[i], books.migrations
    row = migrations.used[ENTRIES]
    entry_set(migrations, event)
    if migrations.used[ENTRIES] > row and is_frame(books.objects.lives, migrations.entries[row].source):
        number = find(books.objects, event.task, migrations.entries[row].source, 0, i)
        if number != NOBODY and books.pinning[event.task]:
            _emit(books, facts, events, i, PIN, number)


@jit
def _mark_moved(objects: Objects, target: int) -> None:
    """A page table has its page back; where that is another frame's, it was moved."""
    if is_frame(objects.lives, target) and objects.lives.frames[target].moves > 0:
        number = object_at(objects, target)
        if number != NOBODY:
            objects.facts[number].tells |= MOVED


@jit
def _migration(books: Books, facts: Facts, events: NDArray[Any], i: int) -> None:
    event, migrations = events[i], books.migrations
    what = event.event
    if what == _MIGRATE_START:
        begin_migration(migrations, event.task)
        books.pinning[event.task] = facts.pins[event.d]
    elif what == _MIGRATE:
        end_migration(migrations, event.task)
        books.pinning[event.task] = 0
    elif what == _SET_ENTRY:
        _entry_set(books, facts, events, i)
    elif what == _REMOVE_ENTRY:
        entry_removed(books.objects.lives, migrations, event)
        _mark_moved(books.objects, target_of(event))


@jit
def _cma(books: Books, facts: Facts, events: NDArray[Any], i: int) -> None:
    """A contiguous call begins, or its buffer is given back."""
    event = events[i]
    task, area = event.task, facts.area[event.d]
    if area == NO_AREA:
        return  # an area that was never activated
    if event.event == _CMA_START:
        number = new_object(books.objects, task, UNKNOWN_GFP, 0, OTHER, NOT_YET)
        request = books.requests[_emit(books, facts, events, i, CMA_ALLOC, number)]
        request.align = event.b
        # A request that the area can never hold ends here: no range is tried, no end is traced.
        books.call_of_task[task] = number if 0 < event.a <= facts.area_pages[area] else NOBODY
    else:
        request = books.requests[_emit(books, facts, events, i, CMA_RELEASE, books.call_at[event.pfn])]
        request.pfn, books.call_at[event.pfn] = event.pfn, NOBODY
    request.area, request.count = area, event.a


@jit
def _cma_finish(books: Books, facts: Facts, event: Any, i: int) -> None:
    if facts.area[event.d] == NO_AREA:
        return
    call = books.call_of_task[event.task]
    books.call_of_task[event.task] = NOBODY
    if call != NOBODY and event.c == 0 and event.e >= 0:
        books.call_at[event.pfn] = call
        settle(books.objects.lives, event.pfn, event.a, CONTIGUOUS, i)


@jit
def _reclaim(books: Books, facts: Facts, event: Any) -> None:
    """Direct reclaim begins or ends: a stall of the process before its next request."""
    task = event.task
    if event.event == _RECLAIM_BEGIN:
        books.reclaims[task] = event.time
    elif books.reclaims[task] != NOBODY:
        books.stalled[facts.process[task]] += max(event.time - books.reclaims[task], 0)
        books.reclaims[task] = NOBODY


@entry
def follow_programs(events: NDArray[Any], chosen: NDArray[np.uint8], facts: Facts, books: Books) -> None:
    """Read the events whose ``chosen`` is 1, in order, and move ``books`` on.

    There must be room for two requests an event, and for an object an event and bulk page.
    """
    for i in range(events.size):
        if not chosen[i]:
            continue
        event = events[i]
        what = event.event
        follow(books.compactions, event, i)
        if what == _ALLOC:
            _alloc(books, facts, events, i)
        elif what == _FREE:
            _free(books, facts, events, i)
        elif what == _BULK:
            _bulk(books, facts, events, i)
        elif what == _ISOLFREE:
            settle(books.objects.lives, event.pfn, pages_of(event), TAKEN, i)
        elif what == _CMA_START or what == _CMA_RELEASE:
            _cma(books, facts, events, i)
        elif what == _CMA_FINISH:
            _cma_finish(books, facts, event, i)
        elif what == _RECLAIM_BEGIN or what == _RECLAIM_END:
            _reclaim(books, facts, event)
        elif what == _DIRTIED and not _makes_room(books, facts, event.task):
            _dirtied(books, facts, events, i)
        elif what == _FLUSH and facts.flushes[event.d]:
            _emit(books, facts, events, i, FLUSH, NOBODY)
        elif what == _UNCACHED and is_frame(books.objects.lives, event.pfn):
            _uncached(books, facts, event, i)
        elif (what == _CACHED or what == _SWAPOUT or what == _ACTIVATED or what == _INSERTED) and is_frame(
            books.objects.lives, event.pfn
        ):
            _of_page(books, facts, events, i)
        else:
            _migration(books, facts, events, i)
