"""What lies in memory beside the allocator's own books: pages of objects, LRU lists, disks, the clock.

The allocator's ``State`` knows frames; here are the objects that live in them, or that have left them
for swap or for their file.  An object's page is linked into its LRU list by the object's number, so
that it keeps its place when migration gives it another frame.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.jit import primitive
from zonecma.kernel.reference import by_reference
from zonecma.kernel.state import Records
from zonecma.kernel.units import Code
from zonecma.kernel.zone import MAX_NR_ZONES

# PAGE.where
ABSENT = Code(0)
"""never touched, or released"""
IN_MEMORY = Code(1)
IN_SWAP = Code(2)
ON_DISK = Code(3)
"""dropped from the page cache, or not read yet: its file has it"""

# PAGE.kind, the values of workload.users.UserKind
ANONYMOUS = Code(0)
FILE = Code(1)
BLOCKDEV = Code(2)
KERNEL = Code(3)
NR_KINDS = 4

# PAGE.mapped
READ_AND_WRITTEN = Code(0)
"""a file's page that programs copy from and to"""
EXECUTABLE = Code(1)
"""one that they map and run (VM_EXEC)"""
MAPPED = Code(2)
"""one that they map, and do not run"""
SHARED = Code(3)
"""tmpfs: it goes to swap as anonymous memory does, and has a mapping as a file's"""

# PAGE.page_flags
REFERENCED = 1
"""PG_referenced: used once since it came to its list"""
YOUNG = 2
"""a page table's accessed bit is set"""
DIRTY = 4
WRITEBACK = 8
RECLAIM = 16
"""PG_reclaim: reclaim waits for the end of its write"""
SWAP_CACHE = 32
"""swap holds the same content"""
WORKINGSET = 64
READAHEAD = 128
"""read from swap beside another page, and not used yet"""

# PAGE.lru: place of the list within its set
INACTIVE_ANON, ACTIVE_ANON, INACTIVE_FILE, ACTIVE_FILE = 0, 1, 2, 3
NR_LRU = 4
NO_LRU = 255

NOT_QUEUED = -1

NO_SECOND = 255
"""PAGE.second_gfp: nobody asks again"""
NO_TAILS = 0
"""PAGE.tails: no huge page, or one that nobody splits; object 0 is no tail"""

# PAGE.journaled
NOT_JOURNALED = Code(0)
JOURNALED = Code(1)
"""file-system metadata: a transaction that changes it holds it from then on"""
JOURNALED_FROM_START = Code(2)
"""metadata of a recording, which does not tell when it was changed first"""

# Memory.swap_map
FREE_SLOT, HEADER_SLOT = -1, -2

PAGE = np.dtype(
    [
        ("done", "i8"),  # ns: when the I/O on it ends, or ended; NOT_QUEUED
        ("dirtied", "i8"),  # ns: when it became dirty
        ("next", "i4"),  # object or list head, on the LRU list
        ("prev", "i4"),
        ("dirty_next", "i4"),  # object or list head, on the list of dirty pages
        ("dirty_prev", "i4"),
        ("age", "i8"),  # nonresident_age when it was evicted (mm/workingset.c)
        ("slot", "i4"),  # its place in swap, while it has one
        ("task", "i4"),  # whose memory it is: what an out-of-memory kill frees; -1: nobody's
        ("where", "u1"),
        ("kind", "u1"),
        ("lru", "u1"),
        ("page_flags", "i4"),
        ("gfp", "u1"),  # gfp class of the request that a fault makes
        ("order", "u1"),
        ("set", "u1"),  # LRU set that it is on
        ("mapped", "u1"),
        ("journaled", "u1"),  # NOT_JOURNALED, JOURNALED, JOURNALED_FROM_START
        ("transaction", "u1"),  # where the journal has it (kernel.journal)
        ("bond", "u1"),  # what binds it to its frame (kernel.bonds)
        ("blocked", "u1"),  # 1: it was in the way of a contiguous call, and is still there
        ("bound_until", "i8"),  # ns
        ("since", "i8"),  # ns: when it came to memory
        ("by", "i4"),  # task that brought it
        ("tails", "i4"),  # object of the second small page of a huge one; NO_TAILS
        ("whole_gfp", "u1"),  # gfp class of a fault that makes it whole
        ("second_gfp", "u1"),  # gfp class of a second request, when the first is refused; NO_SECOND
    ],
    align=True,
)
"""One object's page, or chunk of pages: 104 bytes."""

LRU_SET = np.dtype(
    [
        ("nr", "i8", (NR_LRU,)),  # frames on each list
        ("nr_zone", "i8", (NR_LRU, MAX_NR_ZONES)),  # of them in each zone
        ("cost", "f8", (2,)),  # of reclaiming anonymous and file pages: rotations and I/O (since 5.8)
        ("scanned", "f8", (2,)),  # recent_scanned, anonymous and file (before 5.8)
        ("rotated", "f8", (2,)),  # recent_rotated
        ("age", "i8"),  # nonresident_age
        ("activated", "i8", (2,)),  # WORKINGSET_ACTIVATE, anonymous and file
        ("refaults", "i8", (2,)),  # what it was at the end of the last reclaim (snapshot_refaults)
        ("set_flags", "i8"),  # PGDAT_* bits
        ("pages_scanned", "i8"),  # since a page of it was freed last (4.7: zone_reclaimable)
    ],
    align=True,
)
"""The LRU lists of a node; of a zone before 4.8."""

COST = np.dtype(
    [
        ("alloc", "f8"),  # ns a frame: the allocator alone
        ("fault", "f8"),  # ns: a minor fault, its page cleared
        ("release", "f8"),  # ns a frame that a program gives back
        ("copy_page", "f8"),  # ns a page: copied
        ("hit", "f8"),  # ns: an access to a page in memory
        ("scan_page", "f8"),  # ns a page that reclaim looks at
        ("unmap_free", "f8"),  # ns a page that reclaim frees
        ("migrate_page", "f8"),  # ns a page: unmapped, copied, mapped
        ("isolate_block", "f8"),  # ns a pageblock
        ("lru_add_drain", "f8"),  # ns: all CPUs' pagevecs
        ("compact_page", "f8"),  # ns a page that compaction scans
        ("tick", "f8"),  # ns: a jiffy
    ],
    align=True,
)
"""What each step takes; nanoseconds."""

WRITE = np.dtype([("done", "i8"), ("object", "i4")], align=True)
"""A page under writeback: when its write ends (ns), and whose page it is."""

DISK, SWAP = 0, 1
DEVICES = 2

DEVICE = np.dtype(
    [
        ("op_ns", "f8"),  # between two requests that it takes
        ("page_ns", "f8"),  # of a page on its way
        ("read_ns", "f8"),  # that a read waits beside
        ("merged", "f8"),  # pages that the block layer makes one request of when they are written together
        ("busy_until", "i8"),  # ns: when it is done with all it was given
        ("first", "i8"),  # writes that ended, and all that were begun
        ("last", "i8"),
    ],
    align=True,
)
"""A block device: the files' disk, or swap.  It takes one request after the other."""

SCAN = np.dtype(
    [
        ("reclaim_idx", "i8"),  # highest zone that counts
        ("priority", "i8"),  # size >> priority is scanned
        ("order", "i8"),
        ("nr_to_reclaim", "i8"),  # pages
        ("nr_scanned", "i8"),
        ("nr_reclaimed", "i8"),
        ("is_kswapd", "i8"),
        ("may_swap", "i8"),
        ("may_deactivate", "i8"),  # bit 0: anonymous, bit 1: file
        ("force_deactivate", "i8"),
        ("skipped_deactivate", "i8"),
        ("cache_trim", "i8"),
        ("no_cache_trim", "i8"),
        ("cache_trim_failed", "i8"),
        ("file_is_tiny", "i8"),
        ("taken", "i8"),  # of this node, in this round
        ("file_taken", "i8"),
        ("dirty", "i8"),
        ("unqueued_dirty", "i8"),
        ("congested", "i8"),
        ("writeback", "i8"),
        ("immediate", "i8"),
        ("pageout", "i8"),  # of this list: pages that reclaim began to write
        ("target", "i8", (NR_LRU,)),  # pages of each list that this round was to scan
        ("left", "i8", (NR_LRU,)),  # and those that it has not yet
    ],
    align=True,
)
"""struct scan_control of whoever reclaims now, with sc->nr."""

COMPACT = np.dtype(
    [
        ("considered", "i8"),  # attempts since one failed; compaction is put off while they are few
        ("defer_shift", "i8"),  # of their number
        ("order_failed", "i8"),  # smallest order that is put off
        ("migrate_pfn", "i8", (2,)),  # where the next scan for pages to move begins: async, sync
        ("free_pfn", "i8"),  # and the one for free pages, downward
        ("blockskip_flush", "i8"),  # 1: kswapd clears the zone's skip hints when it goes to sleep
    ],
    align=True,
)
"""What a zone remembers of its compactions (struct zone, compact_*)."""

CONTROL = np.dtype(
    [
        ("zone", "i8"),
        ("order", "i8"),  # that is wanted
        ("migratetype", "i8"),  # of the request
        ("may_enter_fs", "i8"),  # 1: page cache may move
        ("sync", "i8"),  # 0: MIGRATE_ASYNC, 1: MIGRATE_SYNC_LIGHT
        ("whole_zone", "i8"),  # 1: the scan began at the zone's start
        ("ignores_hints", "i8"),  # 1: blocks are scanned whatever is known of them, and whatever their type
        ("update_cached", "i8"),  # 1: the sync scan has no more to find than this one had so far
        ("finish_pageblock", "i8"),  # 1: the rest of a pageblock is taken at once
        ("migrate_pfn", "i8"),
        ("free_pfn", "i8"),
        ("last_migrated_pfn", "i8"),  # from where pages were moved since the last drain; NO_PFN
        ("nr_migratepages", "i8"),  # frames to be moved
        ("nr_freepages", "i8"),  # frames that were taken as targets
    ],
    align=True,
)
"""struct compact_control of whoever compacts now."""

DURATION = np.dtype([("median", "f8"), ("sigma", "f8")], align=True)
"""How long something lasts: log-normal; ns, and the standard deviation of the logarithm."""

READ_LATENCY, WRITE_LATENCY, COMMIT, COMMIT_LOG = 0, 1, 2, 3
DIRECT_REQUEST, GET_USER_PAGES, LONG_PIN, SPLICE = 4, 5, 6, 7
NR_DURATIONS = 8

NO_TRANSACTION = -1

WORK = np.dtype(
    [
        ("dropped", "i8"),  # frames of clean cache
        ("moved", "i8"),  # frames
        ("into_area", "i8"),  # of them, those whose target lies in an area
        ("tries", "i8"),  # attempts at a page, with a target each
        ("failed", "i8"),  # pages that stayed
        ("waited_ns", "i8"),  # for locks and writes
        ("ns", "i8"),  # all time, waits included
    ],
    align=True,
)
"""What contiguous calls did to the pages of one class."""

NOTE = np.dtype(
    [
        ("time", "i8"),  # ns
        ("until", "i8"),  # ns: when what binds it ends, if that is known; else NOT_KNOWN
        ("since", "i8"),  # ns: when the page came to memory
        ("start", "i4"),  # first frame of the range; of an ending: -1
        ("pages", "i4"),  # of the range
        ("call", "i4"),  # which, from 1
        ("pfn", "i4"),  # the first frame that was not free
        ("object", "i4"),  # that lives there; -1: none that is known
        ("by", "i4"),  # task that brought it
        ("gfp", "u1"),  # gfp class
        ("page_class", "u1"),
    ],
    align=True,
)
"""A range that a contiguous call tried in vain, or when a page that was in the way is free to go."""

VM = np.dtype(
    [
        ("now", "i8"),  # ns: the clock of whoever acts
        ("closed", "i8"),  # 0: nothing is reclaimed, dropped or waited for
        ("swappiness", "i8"),
        ("dirty_background_ratio", "i8"),
        ("dirty_ratio", "i8"),
        ("dirty_expire_ns", "i8"),
        ("dirty_writeback_ns", "i8"),
        ("swap_free", "i8"),  # pages of swap that hold nothing
        ("swap_total", "i8"),
        ("cluster_next", "i8"),  # slot of swap that is looked at next
        ("cluster_nr", "i8"),  # slots left of the cluster that is filled
        ("page_cluster", "i8"),  # a read from swap takes 1 << page_cluster pages at most (vm.page-cluster)
        ("readahead_hits", "i8"),  # pages read ahead that were used, since the last read
        ("readahead_pages", "i8"),  # how many that read took
        ("readahead_slot", "i8"),  # slot of the last read that had no hits to go by
        ("nr_dirty", "i8"),
        ("nr_writeback", "i8"),
        ("flusher_at", "i8"),  # ns: its next periodic round
        ("first_list", "i8"),  # index of the first LRU head among the pages
        ("dirty_list", "i8"),  # and of the list of dirty pages
        ("nr_sets", "i8"),
        ("kswapd_awake", "i8"),
        ("kswapd_now", "i8"),  # ns: its own clock
        ("kswapd_priority", "i8"),
        ("kswapd_order", "i8"),
        ("kswapd_failures", "i8"),
        ("kswapd_reclaimed", "i8"),  # in this run
        ("kswapd_boost", "i8"),  # pages that it still reclaims for boosted marks
        ("dirty_limit", "i8"),  # pages: what dirty_thresh() was, which it follows down slowly
        ("dirty_limit_at", "i8"),  # ns: when it last did
        ("totalreserve", "i8"),  # pages that dirty cache must leave free
        ("read_on", "i8"),  # 1: what is read now follows what was read last
        ("random", "u8"),  # state of the choices that chance makes
        # What /proc/vmstat counts, under its names
        ("pgscan_kswapd", "i8"),
        ("pgscan_direct", "i8"),
        ("pgsteal_kswapd", "i8"),
        ("pgsteal_direct", "i8"),
        ("pswpin", "i8"),
        ("pswpout", "i8"),
        ("pgpgin", "i8"),
        ("pgpgout", "i8"),
        ("workingset_refault", "i8"),
        ("workingset_activate", "i8"),
        ("allocstall", "i8"),
        ("pageoutrun", "i8"),
        ("oom_kill", "i8"),
        ("dropped", "i8"),  # clean pages that contiguous calls dropped
        ("kswapd_wakes", "i8"),
        ("failed", "i8"),  # requests that found nothing
        ("nr_noted", "i8"),  # entries of the notes, those that found no room included
        ("nr_journal", "i8"),  # pages that the journal has
        ("commit_at", "i8"),  # ns: when the running transaction is committed; NO_TRANSACTION
        ("call", "i8"),  # contiguous calls so far
        ("task", "i8"),  # who acts; -1: nobody that is known
        ("compact_stall", "i8"),  # compactions that requests made
        ("compact_success", "i8"),  # of them, those after which the request was served
        ("compact_fail", "i8"),
        ("compact_migrate_scanned", "i8"),  # frames looked at for pages to move
        ("compact_free_scanned", "i8"),  # and for targets
        ("pgmigrate_success", "i8"),  # frames moved, for whatever reason
        ("stall_ns", "i8"),  # in direct reclaim and compaction
        ("kswapd_ns", "i8"),
        ("io_ns", "i8"),  # waiting for devices and for kswapd
        ("victim", "i8"),  # task that the last out-of-memory kill chose; -1
    ],
    align=True,
)
"""Clock, tunables and counters: one record."""


@by_reference
class Memory(NamedTuple):
    """All that reclaim reads and writes beside the State."""

    page: Records
    """PAGE[objects + list heads]"""
    lru: Records
    """LRU_SET[sets]"""
    writes: Records
    """WRITE[DEVICES, entries]: a ring of pages under writeback each, in the order in which writes end"""
    disk: Records
    """DEVICE[DEVICES]"""
    cost: Records
    """COST[1]"""
    in_area: NDArray[Any]
    """u1[pageblocks]: 1 where an area lies"""
    used: NDArray[Any]
    """i8[kinds]: frames of the areas that objects live in, contiguous buffers left out"""
    swap_map: NDArray[Any]
    """i4[slots]: the object that has each slot of swap; FREE_SLOT, HEADER_SLOT"""
    scan: Records
    """SCAN[1]"""
    vm: Records
    """VM[1]"""
    compact: Records
    """COMPACT[MAX_NR_ZONES]"""
    control: Records
    """CONTROL[1]"""
    skip: NDArray[Any]
    """u1[pageblocks]: 1 where compaction found little (PB_migrate_skip)"""
    journal: NDArray[Any]
    """i4[objects]: pages that the journal has (kernel.journal)"""
    buffer_heads: NDArray[Any]
    """i4[CPUs, BH_LRU_SIZE]: the buffers that each CPU looked up last; NOBODY"""
    batch: NDArray[Any]
    """i4[CPUs, slots]: pages that wait for their LRU list (kernel.lru_batch); NOBODY"""
    batched: NDArray[Any]
    """i8[CPUs]: how many"""
    duration: Records
    """DURATION[NR_DURATIONS]"""
    call: Records
    """CALL[1]: the contiguous call under way (kernel.contig_call)"""
    picked: NDArray[Any]
    """i4[pages of a batch]: what a contiguous call is moving; NOBODY where it is done with one"""
    stays: NDArray[Any]
    """u1[pages of a batch]: 1 for those that this stage of migrate_pages() is done with, and did not move"""
    work: Records
    """WORK[NR_CLASSES]"""
    notes: Records
    """NOTE[]: what was in the way of contiguous calls (kernel.notes)"""


@primitive
def charge(m: Memory, ns: float) -> None:
    """Let time pass for whoever acts."""
    m.vm[0].now += np.int64(ns)


@primitive
def wait_until(m: Memory, then: int) -> None:
    """Whoever acts waits for a device, or for kswapd, up to a time (ns); not if that has passed."""
    vm = m.vm[0]
    vm.io_ns += max(then - vm.now, 0)
    vm.now = max(then, vm.now)
