"""What a frame that blocked held: from its allocation, and from what the trace saw of its page since."""

from __future__ import annotations

from typing import Any

import numpy as np

from zonecma.capture.events import EVENT_ID, PageFlag
from zonecma.capture.trace import Trace
from zonecma.kernel.gfp import Gfp, is_buffer_cache, is_file_cache, is_highuser_movable
from zonecma.kernel.zone import ZONE_CMA
from zonecma.lab.explanation import Blocker, Kind
from zonecma.placement import ZoneCma
from zonecma.workload.contiguous import BUSY, FAILED
from zonecma.workload.lives import CONTIGUOUS, IN_BUDDY, IN_USE, NOBODY, ON_PCP, TAKEN

_MINOR_BITS = 20
_PAGE_SHIFT = 12
_NOT_PAGES = {
    ON_PCP: Kind.PER_CPU,
    IN_BUDDY: Kind.FREE,
    TAKEN: Kind.MOVED,
    CONTIGUOUS: Kind.CONTIGUOUS,
}


def barred_by_zone_cma(gfp: int) -> bool:
    """Whether a page that was asked for with this mask can't be in ZONE_CMA."""
    return bool(ZoneCma().highest_zone(gfp) != ZONE_CMA)


class Blockers:
    """Says of an attempt in vain what blocked it."""

    def __init__(self, trace: Trace) -> None:
        self._events, self._texts = trace.events, trace.texts
        self._dirtied = trace.events[trace.events["event"] == EVENT_ID["writeback_dirty_folio"]]

    def blocker(self, attempt: Any) -> Blocker | None:
        """What blocked a row of ATTEMPT; None where nothing did."""
        if attempt.fin_pfn != NOBODY:
            return self._found(attempt)
        if attempt.outcome == BUSY:
            return Blocker(Kind.NOT_ISOLATED if attempt.tested == NOBODY else Kind.LOST)
        return Blocker(Kind.GIVEN_UP) if attempt.outcome == FAILED else None

    def _found(self, attempt: Any) -> Blocker:
        allocation = self._allocation(attempt)
        gfp = None if allocation is None or not _has_gfp(allocation) else int(allocation["gfp"])
        pfn, held = int(attempt.fin_pfn), int(attempt.held)
        return Blocker(
            kind=_NOT_PAGES.get(held) or self._kind_of_page(attempt, gfp),
            pfn=pfn,
            page=None if held in _NOT_PAGES else (pfn, int(attempt.since)),
            task=None if allocation is None else self._texts[allocation["task"]],
            gfp=gfp,
            order=0 if allocation is None else int(allocation["order"]),
            allocated=None if allocation is None else int(allocation["time"]),
            dirtied=self._last_dirtied(attempt),
            moves=int(attempt.moves),
            seen=self._time(attempt.tested),
            left=None if attempt.left == NOBODY else self._time(attempt.left),
            moved_on=bool(attempt.moved_on),
            barred=None if gfp is None else barred_by_zone_cma(gfp),
        )

    def _time(self, event: int) -> int:
        return int(self._events["time"][event])

    def _allocation(self, attempt: Any) -> Any:
        """The event that allocated the page; None where the trace does not have it."""
        return self._events[attempt.since] if attempt.held == IN_USE else None

    def _kind_of_page(self, attempt: Any, gfp: int | None) -> Kind:
        """From the page cache, else from the LRU lists, else from its gfp mask."""
        if attempt.cached != NOBODY:
            in_device = names_device(self._events[attempt.cached]) and not (gfp or 0) & Gfp.HIGHMEM
            return Kind.BLOCKDEV if in_device else Kind.FILE
        if attempt.signs & PageFlag.ANONYMOUS:
            return Kind.ANONYMOUS
        if attempt.signs & PageFlag.SWAPBACKED:
            return Kind.TMPFS
        if attempt.signs & PageFlag.FILE and not is_buffer_cache(gfp or 0):
            return Kind.FILE
        return Kind.UNKNOWN if gfp is None else kind_by_gfp(gfp)

    def _last_dirtied(self, attempt: Any) -> int | None:
        """When the page's file or block device last wrote to it, before it was looked at."""
        if attempt.cached == NOBODY:
            return None
        cached, dirtied = self._events[attempt.cached], self._dirtied
        device = int(cached["a"] if names_device(cached) else cached["c"])
        name = f"{device >> _MINOR_BITS}:{device & (1 << _MINOR_BITS) - 1}:"
        same = (dirtied["a"] == cached["a"]) & (dirtied["b"] == cached["b"] >> _PAGE_SHIFT)
        same &= (dirtied["time"] >= cached["time"]) & (dirtied["time"] <= self._time(attempt.tested))
        times = [int(one["time"]) for one in dirtied[np.flatnonzero(same)] if self._texts[one["d"]] == name]
        return times[-1] if times else None


def names_device(cached: Any) -> bool:
    """Whether a page-cache event is of a block device's own inode.

    Those live in a pseudo file system, whose device has major 0, and their number is the device's
    (bdev_add, block/bdev.c).  Some file systems have a pseudo device and numbers as large, but no
    mapping without highmem for them.
    """
    return not int(cached["c"]) >> _MINOR_BITS and bool(int(cached["a"]) >> _MINOR_BITS)


def kind_by_gfp(gfp: int) -> Kind:
    """The kind of page that is asked for with this mask, as far as that can be told."""
    if gfp & Gfp.RETRY_MAYFAIL and gfp & Gfp.MOVABLE:
        return Kind.MOVED
    if is_buffer_cache(gfp):
        return Kind.BUFFER
    if not is_highuser_movable(gfp):
        return Kind.KERNEL
    if is_file_cache(gfp):
        return Kind.FILE
    return Kind.ANONYMOUS if gfp & Gfp.ZERO else Kind.USER


def _has_gfp(allocation: Any) -> bool:
    """The probe of bulk allocations does not see their mask."""
    return bool(allocation["event"] == EVENT_ID["mm_page_alloc"])
