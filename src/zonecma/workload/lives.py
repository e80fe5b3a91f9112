"""Who holds each frame, and since when, as a trace tells it: kept up to date event by event.

A page lives in a frame from its allocation to its free.  Migration moves it: then the frame it
came to shows its first allocation, not the one that migration made.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.events import EVENT_ID
from zonecma.kernel.jit import jit, primitive

NOBODY = -1
"""No event, no frame."""

# FRAME.held
UNSEEN = 0
"""nothing is known: the trace has neither its allocation nor its free"""
IN_USE = 1
ON_PCP = 2
"""free, on its way to the buddy lists: on a per-cpu list, or in a batch before it"""
IN_BUDDY = 3
TAKEN = 4
"""compaction took it off the free lists, for pages that it moves"""
CONTIGUOUS = 5
"""a contiguous call's buffer"""

FRAME = np.dtype(
    [
        ("since", "i4"),  # event that allocated, or freed, what is here; NOBODY
        ("cached", "i4"),  # event that put the page into the page cache; NOBODY
        ("watch", "i4"),  # the last look at this frame that waits for the page to leave; NOBODY
        ("held", "u1"),
        ("signs", "u1"),  # PageFlag bits of the page's last LRU insertion, and UNCACHED
        ("moves", "u1"),  # how often migration moved the page, 255 at most
    ],
    align=True,
)
"""One frame: 16 bytes."""

UNCACHED = 0x80
"""FRAME.signs: the page left the page cache, and somebody still holds it"""
LOOK = (
    ("fin_pfn", "i4"),  # the frame that was looked at; NOBODY
    ("held", "u1"),
    ("signs", "u1"),
    ("moves", "u1"),
    ("moved_on", "u1"),  # 1 when migration moved the page away
    ("since", "i4"),
    ("cached", "i4"),
    ("left", "i4"),  # event that took the page out of its frame; NOBODY
    ("before", "i4"),  # the look at the same page before this one; NOBODY
)
"""Fields of a record that keeps what was in a frame at some moment, and waits for it to leave."""

_PCP_ORDERS = 3

_ALLOC = EVENT_ID["mm_page_alloc"]
_BULK_PAGE = EVENT_ID["bulk_page"]
_ZONE_LOCKED = EVENT_ID["mm_page_alloc_zone_locked"]
_DRAIN = EVENT_ID["mm_page_pcpu_drain"]
_PUTBACK = EVENT_ID["putback"]
_ISOLFREE = EVENT_ID["isolfree"]
_LRU = EVENT_ID["mm_lru_insertion"]
_CACHED = EVENT_ID["mm_filemap_add_to_page_cache"]
_UNCACHED = EVENT_ID["mm_filemap_delete_from_page_cache"]


class Lives(NamedTuple):
    """All frames of a machine."""

    frames: NDArray[Any]
    """FRAME[frames]"""
    pageblock_order: int


def no_lives(nr_frames: int, pageblock_order: int) -> Lives:
    """Frames of which nothing is known."""
    frames = np.zeros(nr_frames, FRAME).view(np.recarray)
    frames.since = frames.cached = frames.watch = NOBODY
    return Lives(frames, pageblock_order)


@primitive
def is_frame(lives: Lives, pfn: int) -> bool:
    """Whether the machine has this frame."""
    return 0 <= pfn < lives.frames.size


@primitive
def pages_of(event: Any) -> int:
    """The frames of an event's chunk."""
    return 1 << np.int64(event.order)  # type: ignore[return-value]


@jit
def settle(lives: Lives, pfn: int, pages: int, held: int, event: int) -> None:
    """What is in ``pages`` frames from now on, since this event."""
    for frame in range(pfn, pfn + pages):
        one = lives.frames[frame]
        one.since, one.cached, one.held, one.signs, one.moves = event, NOBODY, held, 0, 0


@jit
def leave(lives: Lives, looks: NDArray[Any], pfn: int, pages: int, event: int, moved_on: int) -> None:
    """Tell whoever looked at these frames that their pages left them."""
    for frame in range(pfn, pfn + pages):
        number = lives.frames[frame].watch
        while number != NOBODY:
            looks[number].left, looks[number].moved_on = event, moved_on
            number = looks[number].before
        lives.frames[frame].watch = NOBODY


@jit
def _look_away(lives: Lives, looks: NDArray[Any], number: int) -> None:
    """A record watches one frame at most, once: else the lists of who watches would run in a circle.

    A trace that lost a retry shows two ranges of one attempt.
    """
    pfn = looks[number].fin_pfn
    if not is_frame(lives, pfn):
        return
    one = lives.frames[pfn]
    if one.watch == number:
        one.watch = looks[number].before
    at = one.watch
    while at != NOBODY:
        if looks[at].before == number:
            looks[at].before = looks[number].before
        at = looks[at].before


@jit
def look_at(lives: Lives, looks: NDArray[Any], number: int, pfn: int) -> None:
    """Keep what is in a frame now in record ``number`` of ``looks``, and watch it."""
    _look_away(lives, looks, number)
    look = looks[number]
    look.fin_pfn = pfn
    if not is_frame(lives, pfn):
        return
    one = lives.frames[pfn]
    look.held, look.signs, look.moves = one.held, one.signs, one.moves
    look.since, look.cached, look.before = one.since, one.cached, one.watch
    one.watch = number


@jit
def inherit(lives: Lives, source: int, target: int, pages: int) -> None:
    """The pages of ``source`` were moved to ``target``."""
    for i in range(pages):
        old, new = lives.frames[source + i], lives.frames[target + i]
        new.since, new.cached, new.held, new.signs = old.since, old.cached, old.held, old.signs
        new.moves = min(old.moves + 1, 255)


@jit
def page_freed(lives: Lives, event: Any, i: int) -> None:
    """Chunks of most orders go to a per-cpu list first (free_unref_page)."""
    has_pcp_list = event.order <= _PCP_ORDERS or event.order == lives.pageblock_order
    settle(lives, event.pfn, pages_of(event), ON_PCP if has_pcp_list else IN_BUDDY, i)


@jit
def _hold(lives: Lives, event: Any, held: int) -> None:
    """Free frames go from one place to another."""
    for frame in range(event.pfn, event.pfn + pages_of(event)):
        lives.frames[frame].held = held


@jit
def _mark_folio(lives: Lives, events: NDArray[Any], pfn: int, signs: int, cached: int) -> None:
    """Note what is said of a page on all frames of its allocation, from this one on."""
    since, pages = lives.frames[pfn].since, 1
    if lives.frames[pfn].held == IN_USE and events[since].event == _ALLOC:
        pages = pages_of(events[since])
    for frame in range(pfn, min(pfn + pages, lives.frames.size)):
        one = lives.frames[frame]
        if one.since == since:
            one.signs |= signs
            one.cached = max(one.cached, cached)


@jit
def follow(lives: Lives, looks: NDArray[Any], events: NDArray[Any], i: int) -> None:
    """One event of the allocator, of the LRU lists or of the page cache; frees are page_freed's."""
    event = events[i]
    what, pfn = event.event, event.pfn
    if what == _ALLOC or what == _BULK_PAGE:
        if pfn >= 0 and not (what == _BULK_PAGE and lives.frames[pfn].held == IN_USE):
            leave(lives, looks, pfn, pages_of(event), i, 0)
            settle(lives, pfn, pages_of(event), IN_USE, i)
    elif what == _ZONE_LOCKED:
        _hold(lives, event, ON_PCP)
    elif what == _DRAIN or what == _PUTBACK:
        _hold(lives, event, IN_BUDDY)
    elif what == _ISOLFREE:
        _hold(lives, event, TAKEN)
    elif what == _LRU and is_frame(lives, pfn):
        _mark_folio(lives, events, pfn, event.b, NOBODY)
    elif what == _CACHED and is_frame(lives, pfn):
        _mark_folio(lives, events, pfn, 0, i)
    elif what == _UNCACHED and is_frame(lives, pfn):
        _mark_folio(lives, events, pfn, UNCACHED, NOBODY)
