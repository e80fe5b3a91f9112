"""Which page of which file an event names, and what an allocation is for.

A page of a file is the same page when it is read again, wherever it then lies.  mm_page_alloc comes
before what tells of the page (mm_filemap_add_to_page_cache, or the probe of swap_read_folio), so that
the trace is read backwards once.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.events import EVENT_ID
from zonecma.kernel.jit import entry
from zonecma.kernel.reference import by_reference
from zonecma.workload.lives import NOBODY

SWAPPED_IN = -2
"""What an allocation is for: a page that is read from swap."""

_ALLOC = EVENT_ID["mm_page_alloc"]
_FREE = EVENT_ID["mm_page_free"]
_CACHED = EVENT_ID["mm_filemap_add_to_page_cache"]
_UNCACHED = EVENT_ID["mm_filemap_delete_from_page_cache"]
_DIRTIED = EVENT_ID["writeback_dirty_folio"]
_SWAPIN = EVENT_ID["swapin"]

_PAGE_SHIFT, _MINOR_BITS = 12, 20


@by_reference
class Identities(NamedTuple):
    """What events say of files; NOBODY where they say nothing."""

    page: NDArray[np.int32]
    """i4[events]: the page that a filemap event names: its device, inode, offset and order"""
    inode: NDArray[np.int32]
    """i4[events]: its device and inode"""
    place: NDArray[np.int32]
    """i4[events]: its inode and index alone: writeback_dirty_folio tells no device"""
    coming: NDArray[np.int32]
    """i4[events]: the page that an mm_page_alloc is for; SWAPPED_IN"""
    is_buffer: NDArray[np.uint8]
    """u1[inodes]: 1 for those of block devices"""


def identities(events: NDArray[Any], nr_frames: int) -> Identities:
    """The identities that a trace tells."""
    named = np.flatnonzero(np.isin(events["event"], (_CACHED, _UNCACHED)))
    dirtied = np.flatnonzero(events["event"] == _DIRTIED)
    device, ino = events["c"][named], events["a"][named]
    inode = _numbers(device, ino)
    page = _scattered(len(events), named, _numbers(inode, events["b"][named], events["order"][named]))
    place = _numbers(
        np.append(ino, events["a"][dirtied]),
        np.append(events["b"][named] >> _PAGE_SHIFT, events["b"][dirtied]),
    )
    coming = np.empty(len(events), np.int32)
    _find_comings(events.view(np.recarray), page, np.full(nr_frames, NOBODY, np.int32), coming)
    # A block device's own inode is numbered as the device is, and lies on a device 0:x (bdev_alloc).
    is_buffer = np.zeros(int(inode.max(initial=NOBODY)) + 1, np.uint8)
    is_buffer[inode] = (device >> _MINOR_BITS == 0) & (ino >= 1 << _MINOR_BITS)
    return Identities(
        page=page,
        inode=_scattered(len(events), named, inode),
        place=_scattered(len(events), np.append(named, dirtied), place),
        coming=coming,
        is_buffer=is_buffer,
    )


def _numbers(*columns: NDArray[Any]) -> NDArray[np.int64]:
    """i8[rows]: which of the distinct rows each is."""
    number = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        values, value = np.unique(column, return_inverse=True)
        number = np.unique(number * max(len(values), 1) + value, return_inverse=True)[1].astype(np.int64)
    return number


def _scattered(count: int, at: NDArray[np.intp], values: NDArray[np.int64]) -> NDArray[np.int32]:
    """i4[count]: the values where they belong, NOBODY elsewhere."""
    all_of_them = np.full(count, NOBODY, np.int32)
    all_of_them[at] = values
    return all_of_them


@entry
def _find_comings(
    events: NDArray[Any], page: NDArray[np.int32], later: NDArray[np.int32], coming: NDArray[np.int32]
) -> None:
    """Fill ``coming``; ``later``: i4[frames], all NOBODY."""
    for i in range(events.size - 1, -1, -1):
        what, pfn = events[i].event, events[i].pfn
        coming[i] = NOBODY
        if not 0 <= pfn < later.size:
            continue
        if what == _CACHED:
            later[pfn] = page[i]
        elif what == _SWAPIN:
            later[pfn] = SWAPPED_IN
        elif what == _ALLOC:
            coming[i], later[pfn] = later[pfn], NOBODY
        elif what == _FREE:
            later[pfn] = NOBODY
