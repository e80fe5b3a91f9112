"""A load that touches: what programs did to objects between two snapshots, whatever the kernel then did.

A ``Load`` tells what the allocator was asked for.  Part of that the kernel asked for itself: a page that
reclaim dropped is asked for again.  Here an object that the kernel evicts lives on, and who brings it
back touches it, so that a model with a reclaim of its own can be given the same work.

- What kswapd, kcompactd, direct reclaim, compaction and contiguous calls ask for and give back is theirs:
  no requests.  The kernel's own memory is an exception: what a shrinker frees, nobody ever touches again.
- A page of a file is told by its device, inode and offset.  What is evicted and never touched again is
  given up with the last page of its file that a program deletes.
- Which page was read from swap the trace does not tell.  It is taken to be the one that went out first,
  of its process or else of all; ``nr_guessed`` says how often there was a choice.  What is evicted and
  never touched again is given up with the last event of its process.
- Recordings without filemap events tell no page of a file from another: what is evicted stays evicted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.events import EVENT_ID
from zonecma.capture.trace import Trace
from zonecma.errors import InputError
from zonecma.kernel.gfp import Gfp
from zonecma.workload.compactions import no_compactions
from zonecma.workload.from_trace import BULK_GFP
from zonecma.workload.identity import identities
from zonecma.workload.lives import IN_USE, NOBODY, UNSEEN
from zonecma.workload.migrations import no_migrations
from zonecma.workload.objects import (
    EVICTED,
    FREED,
    NOT_YET,
    NR_FOUND,
    NR_OBJECTS,
    OF_JOURNAL,
    Objects,
    no_objects,
)
from zonecma.workload.programs import Books, Facts, follow_programs
from zonecma.workload.requests import FREE, NO_AREA, OBJECT, REQUEST, UNKNOWN_GFP
from zonecma.workload.swapped import GUESSED, nothing_swapped
from zonecma.workload.users import UserKind, user_kind

_DAEMONS = ("kswapd", "kcompactd")
_JOURNAL = "jbd2/"
_PIN = "longterm_pin"
"""Why pages leave an area before they are pinned, since 5.1 (migrate_longterm_unpinnable_folios)."""
_FLUSHES = ("sync", "fs_free_space")
"""Why all of a file system is written (WB_REASON_SYNC, and ext4_nonda_switch() where it is nearly full)."""


@dataclass(frozen=True)
class TouchedLoad:
    """All that programs did, in order of time."""

    requests: NDArray[Any]
    """REQUEST[requests]: ALLOC, FREE, BULK, CMA_ALLOC, CMA_RELEASE, TOUCH, DIRTY, PIN and FLUSH"""
    gfp_masks: NDArray[np.uint32]
    """the distinct gfp masks; ``gfp`` columns number them"""
    living: NDArray[Any]
    """OBJECT[]: in memory before the first request; those whose allocation was not seen, then as allocated"""
    objects: NDArray[Any]
    """OBJECT_FACTS[nr_objects]"""
    stalls: NDArray[np.int64]
    """i8[requests]: ns that each one's process spent in direct reclaim since its last request"""
    nr_objects: int
    """objects and calls are numbered below this"""
    nr_guessed: int
    """how often a page was read from swap that could have been another"""


def touched_load(
    trace: Trace,
    before_a: NDArray[np.bool_],
    before_b: NDArray[np.bool_],
    *,
    areas: Mapping[str, int],
    nr_frames: int,
    pageblock_order: int,
) -> TouchedLoad:
    """What programs did between snapshots A and B.

    ``areas`` are the frames of each CMA area by its name, in the machine's order.  The trace must be
    one of the machine's: chunks, contiguous ranges and CPUs are not looked at again.
    """
    events, within = trace.events.view(np.recarray), before_b & ~before_a
    masks, facts = _facts(trace, areas, nr_frames)
    books = _empty_books(trace, facts, nr_frames, pageblock_order)
    follow_programs(events, before_a.astype(np.uint8), facts, books)
    living = _living(books.objects)
    _begin_anew(books, living)
    follow_programs(events, within.astype(np.uint8), facts, books)
    _give_up_evicted(trace.events, within, facts, books)
    order = np.argsort(books.at[: books.nr_requests[0]], kind="stable")
    nr_objects = int(books.objects.used[NR_OBJECTS])
    _mark_journal(books.objects.facts[:nr_objects], trace.texts)
    return TouchedLoad(
        requests=books.requests[order],
        gfp_masks=masks,
        living=_unseen_first(np.concatenate([_found(books.objects), living])),
        objects=books.objects.facts[:nr_objects].view(np.ndarray),
        stalls=books.stalls[order],
        nr_objects=nr_objects,
        nr_guessed=int(books.swapped.tally[GUESSED]),
    )


def _facts(trace: Trace, areas: Mapping[str, int], nr_frames: int) -> tuple[NDArray[np.uint32], Facts]:
    gfp, allocated = trace.events["gfp"], trace.events["event"] == EVENT_ID["mm_page_alloc"]
    masks = np.unique(np.append(gfp[allocated], np.uint32(BULK_GFP)))
    if len(masks) > UNKNOWN_GFP:
        raise InputError(f"the trace has {len(masks)} different gfp masks; expected at most {UNKNOWN_GFP}")
    number = {name: i for i, name in enumerate(areas)}
    if areas:
        number.setdefault("", 0)  # kernels that don't print names have one area
    tells_writes = trace.count("writeback_dirty_folio") > 0
    return masks, Facts(
        names=identities(trace.events, nr_frames),
        gfp=np.searchsorted(masks, gfp).astype(np.uint8),
        kind=np.array([user_kind(int(mask)) for mask in masks], np.uint8),
        writes=((masks & np.uint32(Gfp.WRITE) != 0) & (not tells_writes)).astype(np.uint8),
        area=np.array([number.get(text, NO_AREA) for text in trace.texts], np.uint8),
        area_pages=np.array(list(areas.values()), np.int64),
        daemon=np.array([text.startswith(_DAEMONS) for text in trace.texts], np.uint8),
        pins=np.array([text == _PIN for text in trace.texts], np.uint8),
        flushes=np.isin(trace.texts, _FLUSHES).astype(np.uint8),
        process=_processes(trace),
        bulk_gfp=int(np.searchsorted(masks, np.uint32(BULK_GFP))),
    )


def _processes(trace: Trace) -> NDArray[np.int32]:
    """i4[words]: tasks of one pid are one process, which exec gives another name."""
    pids = [text.rpartition("-")[2] for text in trace.texts]
    return np.unique(pids, return_inverse=True)[1].astype(np.int32)


def _mark_journal(objects: NDArray[Any], texts: Sequence[str]) -> None:
    """Tell which objects the journal's tasks asked for (jbd2/DEVICE)."""
    journal = np.array([text.startswith(_JOURNAL) for text in texts], np.bool_)
    own = journal[objects["task"]] & (objects["gfp"] != UNKNOWN_GFP)
    objects["tells"][own] |= OF_JOURNAL


def _empty_books(trace: Trace, facts: Facts, nr_frames: int, pageblock_order: int) -> Books:
    events, words = len(trace.events), len(trace.texts)
    bulk = int(trace.events["a"][trace.events["event"] == EVENT_ID["bulk"]].sum())
    processes, objects = int(facts.process.max(initial=NOBODY)) + 1, events + bulk
    return Books(
        objects=no_objects(events, objects, facts.names, nr_frames, pageblock_order),
        migrations=no_migrations(events, words),
        compactions=no_compactions(nr_frames, trace.texts),
        swapped=nothing_swapped(processes, objects),
        deleted=np.full(len(facts.names.is_buffer), NOBODY, np.int32),
        pinning=np.zeros(words, np.uint8),
        call_of_task=np.full(words, NOBODY, np.int32),
        call_at=np.full(nr_frames, NOBODY, np.int32),
        reclaims=np.full(words, NOBODY, np.int64),
        stalled=np.zeros(processes, np.int64),
        requests=np.empty(2 * events, REQUEST).view(np.recarray),
        at=np.empty(2 * events, np.int32),
        stalls=np.empty(2 * events, np.int64),
        nr_requests=np.zeros(1, np.int64),
    )


def _living(objects: Objects) -> NDArray[Any]:
    """The objects that are in memory now, in the order of their allocation."""
    since, held = objects.lives.frames["since"], objects.lives.frames["held"]
    pfn = np.flatnonzero((since != NOBODY) & np.isin(held, (IN_USE, UNSEEN)))
    number, first = np.unique(objects.brought[since[pfn]], return_index=True)
    known = number != NOBODY
    return _rows(objects, number[known], pfn[first[known]])


def _found(objects: Objects) -> NDArray[Any]:
    """The objects that only what came later showed to be there."""
    found = objects.found[: objects.used[NR_FOUND]]
    return _rows(objects, found[:, 0], found[:, 1])


def _rows(objects: Objects, number: NDArray[Any], pfn: NDArray[Any]) -> NDArray[Any]:
    rows = np.zeros(len(number), OBJECT)
    rows["pfn"], rows["object"] = pfn, number
    rows["order"], rows["gfp"] = objects.facts["order"][number], objects.facts["gfp"][number]
    return rows


def _unseen_first(living: NDArray[Any]) -> NDArray[Any]:
    return living[np.argsort(living["gfp"] != UNKNOWN_GFP, kind="stable")]


def _begin_anew(books: Books, living: NDArray[Any]) -> None:
    """What was evicted before snapshot A is no object of the load: it comes back as a new one."""
    state = books.objects.life["state"][: books.objects.used[NR_OBJECTS]]
    gone = state != NOT_YET
    gone[living["object"]] = False
    state[gone] = FREED
    books.swapped.first[:] = NOBODY
    books.swapped.tally[:] = books.stalled[:] = books.objects.used[NR_FOUND] = books.nr_requests[0] = 0


def _give_up_evicted(events: NDArray[Any], within: NDArray[np.bool_], facts: Facts, books: Books) -> None:
    """Free what never came back: when its file was last cut, or with its process's last event."""
    last_event = np.full(len(books.stalled), NOBODY, np.int64)
    last_event[facts.process[events["task"]]] = np.arange(len(events))
    life = books.objects.life[: books.objects.used[NR_OBJECTS]]
    number = np.flatnonzero(life["state"] == EVICTED)
    one = books.objects.facts[number]
    last_cut = np.append(books.deleted, np.int32(NOBODY))[one["file"]]
    last_seen = last_event[facts.process[one["task"]]]
    at = np.where(one["kind"] == UserKind.ANONYMOUS, last_seen, last_cut)
    given_up = (at > life["evicted"][number]) & within[at]
    _append_frees(events, at[given_up], number[given_up], books)


def _append_frees(events: NDArray[Any], at: NDArray[Any], number: NDArray[Any], books: Books) -> None:
    first, last = books.nr_requests[0], books.nr_requests[0] + len(at)
    books.nr_requests[0] = last
    books.at[first:last], books.stalls[first:last] = at, 0
    frees, one, event = np.zeros(len(at), REQUEST), books.objects.facts[number], events[at]
    frees["op"], frees["object"], frees["pfn"] = FREE, number, NOBODY
    for column in ("time", "line", "cpu"):
        frees[column] = event[column]
    frees["gfp"], frees["order"] = one["gfp"], one["order"]
    books.requests[first:last] = frees
