"""Dirty pages and their way to the disk (mm/page-writeback.c, fs/fs-writeback.c, 6.12 and 4.7).

Pages are written in the order in which they became dirty; the kernel goes by inode, oldest first.
"""

from __future__ import annotations

import numpy as np

from zonecma.kernel.checkpoint import note_written
from zonecma.kernel.disk import is_full, write_later
from zonecma.kernel.jit import entry, jit, primitive
from zonecma.kernel.lru import lru_add_tail, lru_del, pages_of
from zonecma.kernel.memory import (
    ACTIVE_FILE,
    DEVICES,
    DIRTY,
    DISK,
    INACTIVE_ANON,
    INACTIVE_FILE,
    NO_LRU,
    NOT_QUEUED,
    RECLAIM,
    WRITEBACK,
    Memory,
    wait_until,
)
from zonecma.kernel.state import State
from zonecma.kernel.zone import MAX_NR_ZONES, NO_ZONE

MIN_WRITEBACK_PAGES = 1024
_INIT_BANDWIDTH = 25600
"""Pages a second that a disk is taken to write until it was measured (INIT_BW, 100 MB/s)."""
_DIRTY_SCOPE = 8
_BANDWIDTH_INTERVAL = 50
"""Jiffies from one look at the limit to the next: 200 ms."""
BLKDEV_DEFAULT_RQ = 128
"""Requests that a block device has under way at most."""
_RATELIMIT = 32
"""Pages that a task makes dirty before it is asked about the limits (ratelimit_pages, at least 32)."""


@jit
def account_dirty(m: Memory, obj: int) -> None:
    """A page becomes dirty, and joins the end of the list of those that are."""
    page, head = m.page[obj], m.vm[0].dirty_list
    if page.page_flags & DIRTY:
        return
    page.page_flags |= DIRTY
    page.dirtied = m.vm[0].now
    page.dirty_next, page.dirty_prev = head, m.page[head].dirty_prev
    m.page[page.dirty_prev].dirty_next = m.page[head].dirty_prev = obj
    m.vm[0].nr_dirty += pages_of(m, obj)


@jit
def account_cleaned(m: Memory, obj: int) -> None:
    """A page is not dirty any more."""
    page = m.page[obj]
    if not page.page_flags & DIRTY:
        return
    page.page_flags &= ~DIRTY
    m.page[page.dirty_prev].dirty_next, m.page[page.dirty_next].dirty_prev = page.dirty_next, page.dirty_prev
    m.vm[0].nr_dirty -= pages_of(m, obj)


@jit
def start_writeback(s: State, m: Memory, obj: int, device: int) -> None:
    """A page's write begins (folio_start_writeback)."""
    if is_full(m, device):
        _end_oldest(s, m, device)
    account_cleaned(m, obj)
    page = m.page[obj]
    page.page_flags |= WRITEBACK
    m.vm[0].nr_writeback += pages_of(m, obj)
    m.vm[0].pgpgout += pages_of(m, obj)
    write_later(m, device, obj, pages_of(m, obj))


@jit
def end_writeback(s: State, m: Memory, obj: int) -> None:
    """A page's write ended: one that reclaim waits for goes where it is found next (folio_end_writeback)."""
    page = m.page[obj]
    if page.page_flags & RECLAIM and page.lru != NO_LRU:
        lru = page.lru
        if lru == INACTIVE_ANON or lru == INACTIVE_FILE:
            lru_del(s, m, obj)
            lru_add_tail(s, m, obj, lru)
        page.page_flags &= ~RECLAIM
    page.page_flags &= ~WRITEBACK
    m.vm[0].nr_writeback -= pages_of(m, obj)
    note_written(m, obj)


@jit
def _end_oldest(s: State, m: Memory, device: int) -> None:
    """Take the oldest write off its ring; it may be of a page that was given back meanwhile."""
    disk = m.disk[device]
    entry = m.writes[device, disk.first % m.writes[device].size]
    disk.first += 1
    page = m.page[entry.object]
    if page.page_flags & WRITEBACK and page.done == entry.done:
        end_writeback(s, m, entry.object)


@jit
def complete_io(s: State, m: Memory) -> None:
    """End all writes that are done by now."""
    for device in range(DEVICES):
        disk, ring = m.disk[device], m.writes[device]
        while disk.first < disk.last and ring[disk.first % ring.size].done <= m.vm[0].now:
            _end_oldest(s, m, device)


@jit
def wait_for_request(s: State, m: Memory, device: int) -> None:
    """Wait until a device has room for one more request (blk_mq_get_tag)."""
    disk, ring = m.disk[device], m.writes[device]
    while disk.last - disk.first >= BLKDEV_DEFAULT_RQ * disk.merged:
        wait_until(m, ring[disk.first % ring.size].done)
        _end_oldest(s, m, device)


@jit
def forget_io(m: Memory, obj: int) -> None:
    """A page is given back: neither dirty nor under writeback any more (truncate_cleanup_folio)."""
    page = m.page[obj]
    account_cleaned(m, obj)
    if page.page_flags & WRITEBACK:
        m.vm[0].nr_writeback -= pages_of(m, obj)
        page.page_flags &= ~WRITEBACK
        page.done = NOT_QUEUED


@jit
def dirtyable_memory(s: State, m: Memory) -> int:
    """Pages that could be dirty cache (global_dirtyable_memory)."""
    pages = -m.vm[0].totalreserve
    for zone in range(MAX_NR_ZONES):
        pages += s.zone[zone].nr_free_pages
    for lru_set in range(m.vm[0].nr_sets):
        pages += m.lru[lru_set].nr[INACTIVE_FILE] + m.lru[lru_set].nr[ACTIVE_FILE]
    return max(pages, 0) + 1  # type: ignore[no-any-return]


@primitive
def background_thresh(s: State, m: Memory) -> int:
    """Dirty pages above which the flusher begins (domain_dirty_limits)."""
    return dirtyable_memory(s, m) * m.vm[0].dirty_background_ratio // 100  # type: ignore[no-any-return]


@primitive
def dirty_thresh(s: State, m: Memory) -> int:
    """Dirty pages that there may be at most."""
    return dirtyable_memory(s, m) * m.vm[0].dirty_ratio // 100  # type: ignore[no-any-return]


@entry
def set_dirty_limit(s: State, m: Memory) -> None:
    """The limit that the kernel sets as it boots, before areas are handed over (writeback_set_ratelimit)."""
    pages = 0
    for zone in range(MAX_NR_ZONES):
        pages += s.zone[zone].managed
    for area in s.cma:
        if s.frame[area.base_pfn].zone != NO_ZONE:
            pages -= area.count
    m.vm[0].dirty_limit = pages * m.vm[0].dirty_ratio // 100


@jit
def _follow_dirty_thresh(s: State, m: Memory) -> None:
    """The limit goes up at once, and down by a 32nd (domain_update_dirty_limit)."""
    vm = m.vm[0]
    if vm.now < vm.dirty_limit_at + np.int64(m.cost[0].tick * _BANDWIDTH_INTERVAL):
        return
    thresh = dirty_thresh(s, m)
    if vm.dirty_limit < thresh:
        vm.dirty_limit = thresh
    else:
        vm.dirty_limit -= max(vm.dirty_limit - max(thresh, vm.nr_dirty + vm.nr_writeback), 0) >> 5
    vm.dirty_limit_at = vm.now


@jit
def write_dirty(s: State, m: Memory, pages: int, until: int) -> int:
    """Begin to write pages that have been dirty for longest, up to those of time ``until``; how many.

    One that is still being written, and was changed meanwhile, waits for another round
    (write_cache_pages, WB_SYNC_NONE).
    """
    written, head = 0, m.vm[0].dirty_list
    obj = m.page[head].dirty_next
    while written < pages and obj != head and m.page[obj].dirtied <= until:
        after = m.page[obj].dirty_next
        if not m.page[obj].page_flags & WRITEBACK:
            written += pages_of(m, obj)
            start_writeback(s, m, obj, DISK)
        obj = after
    return written


@primitive
def writeback_chunk_size(m: Memory) -> int:
    """Pages that the flusher gives the disk before it looks again (writeback_chunk_size)."""
    pages = min(_INIT_BANDWIDTH // 2, m.vm[0].dirty_limit // _DIRTY_SCOPE)
    chunks = (pages + MIN_WRITEBACK_PAGES) // MIN_WRITEBACK_PAGES
    return chunks * MIN_WRITEBACK_PAGES  # type: ignore[no-any-return]


@jit
def wakeup_flusher(s: State, m: Memory) -> None:
    """Background writeback, chunk by chunk, until it is down to its limit (wb_over_bg_thresh)."""
    complete_io(s, m)
    limit, chunk = background_thresh(s, m), writeback_chunk_size(m)
    while m.vm[0].nr_dirty > limit and write_dirty(s, m, chunk, m.vm[0].now):
        pass


@jit
def flush_in_time(s: State, m: Memory) -> None:
    """What the disk and the flusher have done by now: writes that ended, the periodic round of every 5 s."""
    complete_io(s, m)
    vm = m.vm[0]
    if vm.now >= vm.flusher_at:
        vm.flusher_at = vm.now + vm.dirty_writeback_ns
        write_dirty(s, m, m.vm[0].nr_dirty, vm.now - vm.dirty_expire_ns)


@jit
def wait_for_writes(s: State, m: Memory, most: int) -> None:
    """Wait until some write ends, ``most`` nanoseconds at the longest (reclaim_throttle)."""
    until = m.vm[0].now + most
    for device in range(DEVICES):
        disk, ring = m.disk[device], m.writes[device]
        if disk.first < disk.last:
            until = min(until, ring[disk.first % ring.size].done)
    wait_until(m, until)
    flush_in_time(s, m)


@jit
def congestion_wait(s: State, m: Memory) -> None:
    """Sleep for 0.1 s (congestion_wait, to 5.15); under blk-mq no end of a write wakes anybody."""
    wait_until(m, m.vm[0].now + np.int64(m.cost[0].tick * 25))
    flush_in_time(s, m)


@jit
def balance_dirty_pages(s: State, m: Memory) -> None:
    """Who makes pages dirty wakes the flusher (balance_dirty_pages); writers are never held up here."""
    vm = m.vm[0]
    if vm.nr_dirty % _RATELIMIT:
        return
    if 2 * (vm.nr_dirty + vm.nr_writeback) > background_thresh(s, m) + dirty_thresh(s, m):  # not freerun
        _follow_dirty_thresh(s, m)
    wakeup_flusher(s, m)
