"""The trace's schema: one dtype for all events, and what each event puts into its columns.

Field names are those of the kernel's TP_printk lines (include/trace/events/, 4.7 to 6.12) and
of kprobes: ``bulk``, the return of alloc_pages_bulk, ``isolfree``, __isolate_free_page,
``putback``, __putback_isolated_page; ``decay``, decay_pcp_high; ``swapout``, swap_writepage, and
``swapin``, swap_read_folio.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

EVENT = np.dtype(
    [
        ("time", "i8"),  # ns since the trace clock's start
        ("a", "i8"),  # a to e: meaning by event, see EVENTS
        ("b", "i8"),
        ("pfn", "i4"),  # frame, or first frame of a range; NO_FRAME
        ("c", "i4"),
        ("d", "i4"),
        ("e", "i4"),
        ("gfp", "u4"),  # gfp mask, 6.12 bit values
        ("task", "u4"),  # index into Trace.texts: "comm-pid"
        ("line", "u4"),  # line of the trace text, from 1
        ("cpu", "u2"),
        ("event", "u1"),  # index into EVENTS
        ("order", "i1"),  # -1: none
        ("migratetype", "i1"),  # -1: none
    ],
    align=True,
)
"""One trace event: 64 bytes."""

NO_FRAME = -1


class Kind(enum.IntEnum):
    """How a field's text becomes a number."""

    NUMBER = 1
    """Decimal with sign, or hexadecimal with 0x."""
    HEX = 2
    """Hexadecimal without 0x (cma events of 4.7, probe addresses)."""
    TEXT = 3
    """A word: its index in Trace.texts."""
    GFP = 4
    """Names of gfp bits: first their index in Trace.texts, at the end the mask."""
    PAGE = 5
    """A struct page pointer: the frame."""
    RANGE = 6
    """``(0x1 ~ 0x2)``: first frame into pfn, end into the named column."""
    REST = 7
    """The rest of the line: its index in Trace.texts."""
    BULK_PAGE = 8
    """A struct page pointer of a bulk allocation: one more event, ``bulk_page``."""
    FRAME = 9
    """A frame's number; 0, which a failed request prints, is NO_FRAME."""
    DEVICE = 10
    """``254:16``, major and minor number: the kernel's dev_t, ``major << 20 | minor``."""
    PAGE_FLAGS = 11
    """Letters of a page's flags, or blanks, to the end of the line: PageFlag bits."""
    POINTER = 12
    """A pointer that a kernel may hide (hash-ptr): NO_FRAME where it is null, else 0."""


class PageFlag(enum.IntFlag):
    """What mm_lru_insertion says of a page, by its letter (include/trace/events/pagemap.h)."""

    MAPPED = 0x1  # M
    ANONYMOUS = 0x2  # a
    FILE = 0x4  # f: not anonymous; tmpfs too
    SWAPCACHE = 0x8  # s
    SWAPBACKED = 0x10  # b
    MAPPEDDISK = 0x20  # d
    BUFFERS = 0x40  # B


PAGE_FLAG_LETTERS = "MafsbdB"
"""The letter of each PageFlag, lowest bit first."""


@dataclass(frozen=True)
class EventSpec:
    """One kind of event: which fields go into which column.

    A field is ``key=value``; one whose key ends in a blank is ``key value``, and must be where
    the kernel prints it.
    """

    name: str
    fields: Mapping[str, tuple[str, Kind]] = field(default_factory=lambda: MappingProxyType({}))
    required: frozenset[str] = frozenset()


N, H, T, G, P = Kind.NUMBER, Kind.HEX, Kind.TEXT, Kind.GFP, Kind.PAGE
_PFN, _ORDER, _TYPE = ("pfn", N), ("order", N), ("migratetype", N)
_RANGE = {"range": ("a", Kind.RANGE), "nr_scanned": ("b", N), "nr_taken": ("c", N)}
_CMA = {"name": ("d", T), "count": ("a", N), "align": ("b", N)}
_PAGE_CACHE = {
    "dev ": ("c", Kind.DEVICE),
    "ino ": ("a", H),
    "pfn": _PFN,
    "ofs": ("b", N),
    "order": _ORDER,
}
_WRITEBACK = {"bdi ": ("d", T), "ino": ("a", N), "index": ("b", N)}
_MIGRATED = {"mode": ("c", T), "reason": ("d", T)}
_ZONE_ORDER = {"zone": ("a", T), "order": _ORDER, "ret": ("b", T)}
_DEFER = {
    "zone": ("a", T),
    "order": _ORDER,
    "order_failed": ("b", N),
    "consider": ("c", N),
    "limit": ("d", N),
}
_SCANNERS = {
    "zone_start": _PFN,
    "migrate_pfn": ("a", N),
    "free_pfn": ("b", N),
    "zone_end": ("c", N),
    "status": ("d", T),
}


def _spec(name: str, fields: Mapping[str, tuple[str, Kind]], optional: str = "") -> EventSpec:
    return EventSpec(name, MappingProxyType(fields), frozenset(fields) - set(optional.split()))


EVENTS: tuple[EventSpec, ...] = (
    EventSpec("other"),  # an event that zonecma does not read; counted, since lines are
    EventSpec("lost"),  # a: events that the ring buffer dropped here; 0: not told
    _spec("print", {"": ("d", Kind.REST)}),
    # kmem
    _spec(
        "mm_page_alloc",
        {"pfn": ("pfn", Kind.FRAME), "order": _ORDER, "migratetype": _TYPE, "gfp_flags": ("gfp", G)},
    ),
    _spec("mm_page_free", {"pfn": _PFN, "order": _ORDER}),
    _spec("mm_page_free_batched", {"pfn": _PFN}),
    _spec(
        "mm_page_alloc_zone_locked",
        {"pfn": _PFN, "order": _ORDER, "migratetype": _TYPE, "percpu_refill": ("a", N)},
    ),
    _spec("mm_page_pcpu_drain", {"pfn": _PFN, "order": _ORDER, "migratetype": _TYPE}),
    _spec(
        "mm_page_alloc_extfrag",
        {
            "pfn": _PFN,
            "alloc_order": _ORDER,
            "fallback_order": ("a", N),
            "alloc_migratetype": _TYPE,
            "fallback_migratetype": ("b", N),
            "change_ownership": ("c", N),
        },
    ),
    # cma
    _spec("cma_alloc", {"pfn": ("pfn", H), "count": ("a", N), "align": ("b", N)}),
    _spec("cma_alloc_start", _CMA, optional="name"),
    _spec("cma_alloc_busy_retry", _CMA | {"pfn": _PFN}, optional="name"),
    _spec(
        "cma_alloc_finish",
        _CMA | {"pfn": _PFN, "page": ("e", Kind.POINTER), "errorno": ("c", N)},
        optional="name page errorno",
    ),
    _spec("cma_release", {"name": ("d", T), "pfn": _PFN, "count": ("a", N)}, optional="name"),
    # migrate
    _spec("mm_migrate_pages_start", _MIGRATED),
    _spec("mm_migrate_pages", {"nr_succeeded": ("a", N), "nr_failed": ("b", N), **_MIGRATED}),
    _spec("set_migration_pte", {"addr": ("a", H), "pte": ("b", H), "order": _ORDER}),
    _spec("remove_migration_pte", {"addr": ("a", H), "pte": ("b", H), "order": _ORDER}),
    # page_isolation
    _spec(
        "test_pages_isolated",
        {"start_pfn": _PFN, "end_pfn": ("a", N), "fin_pfn": ("b", N), "ret": ("d", T)},
    ),
    # compaction
    _spec("mm_compaction_isolate_migratepages", _RANGE),
    _spec("mm_compaction_isolate_freepages", _RANGE),
    _spec("mm_compaction_fast_isolate_freepages", _RANGE),
    _spec("mm_compaction_migratepages", {"nr_migrated": ("a", N), "nr_failed": ("b", N)}),
    _spec("mm_compaction_begin", _SCANNERS, optional="status"),
    _spec("mm_compaction_end", _SCANNERS),
    _spec("mm_compaction_try_to_compact_pages", {"order": _ORDER}),
    _spec("mm_compaction_finished", _ZONE_ORDER),
    _spec("mm_compaction_suitable", _ZONE_ORDER),
    _spec("mm_compaction_deferred", _DEFER),
    _spec("mm_compaction_defer_compaction", _DEFER),
    _spec("mm_compaction_defer_reset", _DEFER),
    _spec("mm_compaction_kcompactd_sleep", {"nid": ("a", N)}),
    _spec("mm_compaction_kcompactd_wake", {"nid": ("a", N), "order": _ORDER}),
    _spec("mm_compaction_wakeup_kcompactd", {"nid": ("a", N), "order": _ORDER}),
    # vmscan
    _spec("mm_vmscan_kswapd_sleep", {"nid": ("a", N)}),
    _spec("mm_vmscan_kswapd_wake", {"nid": ("a", N), "order": _ORDER}),
    _spec(
        "mm_vmscan_wakeup_kswapd",
        {"nid": ("a", N), "order": _ORDER, "gfp_flags": ("gfp", G)},
        optional="gfp_flags",
    ),
    _spec("mm_vmscan_direct_reclaim_begin", {"order": _ORDER, "gfp_flags": ("gfp", G)}),
    _spec("mm_vmscan_direct_reclaim_end", {"nr_reclaimed": ("a", N)}),
    _spec(
        "mm_vmscan_lru_isolate",
        {
            "order": _ORDER,
            "nr_requested": ("a", N),
            "nr_scanned": ("b", N),
            "nr_taken": ("c", N),
            "lru": ("d", T),
        },
        optional="lru",
    ),
    _spec("mm_vmscan_lru_shrink_inactive", {"nr_scanned": ("a", N), "nr_reclaimed": ("b", N)}),
    # pagemap, filemap, writeback
    _spec("mm_lru_insertion", {"pfn": _PFN, "lru": ("a", N), "flags": ("b", Kind.PAGE_FLAGS)}),
    _spec("mm_lru_activate", {"pfn": _PFN}),
    _spec("mm_filemap_add_to_page_cache", _PAGE_CACHE, optional="order"),
    _spec("mm_filemap_delete_from_page_cache", _PAGE_CACHE, optional="order"),
    _spec("writeback_dirty_folio", _WRITEBACK),
    _spec("folio_wait_writeback", _WRITEBACK),
    _spec("writeback_start", {"reason": ("d", T)}, optional="reason"),
    _spec("writeback_single_inode", {"wrote": ("a", N)}),
    # kprobes of the recorder
    _spec(
        "bulk",
        {"n": ("a", N)} | {f"p{i}": ("pfn", Kind.BULK_PAGE) for i in range(32)},
        optional=" ".join(f"p{i}" for i in range(32)),
    ),
    EventSpec("bulk_page"),  # pfn: one frame of the bulk event above it; no line of its own
    _spec("bulkin", {"gfp": ("b", N), "nr": ("a", N)}),
    _spec("decay", {"zone": ("a", N)}),
    _spec("swapout", {"page": ("pfn", P)}),
    _spec("swapin", {"page": ("pfn", P)}),
    _spec("isolfree", {"page": ("pfn", P), "order": _ORDER}),
    _spec("putback", {"page": ("pfn", P), "order": _ORDER}),
)
"""Every event that is read, by its number in EVENT.event."""

EVENT_ID: Mapping[str, int] = MappingProxyType({spec.name: i for i, spec in enumerate(EVENTS)})
OTHER_NAMES: Mapping[str, str] = MappingProxyType({"tracing_mark_write": "print"})
"""What tracefs prints for an event that trace-cmd prints otherwise (trace_print_print, mark_printk)."""
"""The number of each event."""
