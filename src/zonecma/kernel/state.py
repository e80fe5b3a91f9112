"""The whole state of the model: a NamedTuple of arrays, 18 bytes a frame, allocated once.

Free chunks and per-cpu lists are doubly linked through the frames themselves, as the kernel
links them through ``struct page``.  A list's head is one more entry of the same array, so
that linking needs no special case.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.migratetype import MIGRATE_CMA, MIGRATE_MOVABLE
from zonecma.kernel.reference import by_reference
from zonecma.kernel.zone import MAX_NR_ZONES, NO_ZONE, NOT_ASKED

# Strides of the list heads: powers of two above 14 orders (64 KiB pages), 6 types, 14 pcp lists.
ORDER_STRIDE = 16
TYPE_STRIDE = 8
PINDEX_STRIDE = 16

# Where a frame is.  Only the first frame of a free chunk is IN_BUDDY or ON_PCP, as only a
# chunk's first struct page is PageBuddy.
IN_USE = 0
IN_BUDDY = 1
ON_PCP = 2
RESERVED = 3

NO_OBJECT = -1

FRAME = np.dtype(
    [
        ("next", "u4"),  # frame or list head
        ("prev", "u4"),  # frame or list head
        ("object", "i4"),  # what lives here, in the chunk's first frame; NO_OBJECT
        ("order", "u1"),  # of the chunk that starts here
        ("where", "u1"),  # IN_USE, IN_BUDDY, ON_PCP, RESERVED
        ("zone", "u1"),  # page_zonenum(); NO_ZONE
        ("user", "u1"),  # gfp class of the request that this chunk serves
    ],
    align=True,
)
"""One page frame: 16 bytes."""

ZONE = np.dtype(
    [
        ("start_pfn", "i8"),  # frames, as all of these unless said
        ("spanned", "i8"),
        ("present", "i8"),
        ("managed", "i8"),
        ("cma", "i8"),  # frames of CMA areas
        ("nr_free_pages", "i8"),  # NR_FREE_PAGES, with what CPUs keep to themselves of it
        ("nr_free_cma", "i8"),  # NR_FREE_CMA_PAGES, likewise
        ("nr_free_highatomic", "i8"),
        ("nr_free", "i8", (ORDER_STRIDE,)),  # chunks of each order
        ("watermark", "i8", (4,)),  # MIN, LOW, HIGH, PROMO
        ("watermark_boost", "i8"),
        ("kswapd_boost", "i8"),  # how much of it kswapd takes off at the end of its round
        ("lowmem_reserve", "i8", (MAX_NR_ZONES,)),  # against requests of each highest zone
        ("boot_pageset", "i8"),  # 1 while its per-cpu lists are the static ones of early boot
        ("stat_threshold", "i8"),  # how far per-cpu counters may drift
        ("contiguous", "i8"),  # set_zone_contiguous() found no hole
        ("nr_try_movable", "i8"),  # what is left of this turn; only where CMA is used in turns
        ("nr_try_cma", "i8"),
        ("free_lag", "i8"),  # by how much decisions read NR_FREE_PAGES too low
        ("cma_lag", "i8"),  # the same of NR_FREE_CMA_PAGES
        ("counts_later", "i8"),  # 1 during a refill that counts its frames at its end
        ("nr_isolate_pageblock", "i8"),  # isolated pageblocks
        ("nr_alloc_batch", "i8"),  # NR_ALLOC_BATCH: frames of its turn that are left (4.7)
        ("zone_flags", "i8"),  # ZONE_* bits; not "flags": a numpy record has such an attribute
    ],
    align=True,
)
"""One zone (``struct zone``)."""

PCP = np.dtype(
    [
        ("count", "i8"),  # frames on all lists
        ("high", "i8"),  # frames
        ("high_before_decay", "i8"),  # what it was until its timer's last run
        ("high_min", "i8"),
        ("high_max", "i8"),
        ("batch", "i8"),  # frames
        ("pcp_flags", "i8"),  # PCPF_* bits
        ("alloc_factor", "i8"),  # shift
        ("free_count", "i8"),  # frames freed in a row; before 6.7 free_factor: a shift
        ("alloc_batch_diff", "i8"),  # this CPU's own part of nr_alloc_batch (4.7)
        ("free_diff", "i8"),  # and of NR_FREE_PAGES
        ("cma_diff", "i8"),  # and of NR_FREE_CMA_PAGES
    ],
    align=True,
)
"""One per-cpu page set (``struct per_cpu_pages``)."""

GFP_CLASS = np.dtype(
    [
        ("highest_zone", "i8"),  # gfp_zone()
        ("migratetype", "i8"),  # gfp_migratetype()
        ("fast_flags", "i8"),  # ALLOC_* of the first attempt
        ("slow_flags", "i8"),  # ALLOC_* of the slow path, order 0
        ("slow_flags_high_order", "i8"),  # and above
        ("mask", "i8"),  # the mask itself, bits of gfp.py
        ("reserve_flags", "i8"),  # of a task that itself frees memory, at last; 0: no such attempt
        ("nr_zones", "i8"),  # length of zonelist
        ("zonelist", "i8", (MAX_NR_ZONES,)),  # zones to try, first to last
    ],
    align=True,
)
"""What the kernel and the placement decide from a gfp mask, computed once."""

CMA = np.dtype(
    [
        ("base_pfn", "i8"),
        ("count", "i8"),  # frames
        ("order_per_bit", "i8"),
        ("first_bit", "i8"),  # where this area's bits start in State.bitmap
    ],
    align=True,
)
"""One CMA area (``struct cma``)."""

CONFIG = np.dtype(
    [
        ("nr_frames", "i8"),
        ("nr_cpus", "i8"),
        ("pageblock_order", "i8"),
        ("max_order", "i8"),  # largest order of a free chunk, inclusive
        ("first_free_list", "i8"),  # index of the first free list's head among the frames
        ("first_pcp_list", "i8"),
        ("kswapd_asked", "i8"),  # highest zone asked for since kswapd's last round; NOT_ASKED
        ("kswapd_zone", "i8"),  # highest zone of its last round
        ("compact_search_order", "i8"),  # where compaction's next fast search begins
        ("compact_search_fail", "i8"),  # how many found nothing in a row
        ("this_cpu", "i8"),  # who runs: smp_processor_id()
        ("pcp_locked", "i8"),  # 1 + the zone whose per-cpu lists it finds locked; 0: none
        ("features", "i8"),  # bits of features.py
        ("pcp_batch_scale_max", "i8"),  # CONFIG_PCP_BATCH_SCALE_MAX
        ("watermark_boost_factor", "i8"),  # vm.watermark_boost_factor, 1/10000
        ("area_migratetype", "i8"),  # what the pageblocks of areas are given back as
        ("cma_order", "i8"),  # which rule says when CMA is tried first (preference.py)
        ("cma_gate_outside", "i8"),  # free pages outside CMA at most, where there is a gate
        ("cma_gate_inside", "i8"),  # and free CMA pages at least
        ("cma_first_numerator", "i8"),  # CMA is tried first while
        ("cma_first_denominator", "i8"),  # free CMA > free * numerator / denominator
        ("log_length", "i8"),  # entries in State.log
        ("log_lost", "i8"),  # entries that did not fit
    ],
    align=True,
)
"""The machine's and the kernel's constants, and the log's cursor: one record."""

LOG = np.dtype([("pfn", "u4"), ("event", "u1"), ("order", "u1"), ("cpu", "u1")], align=True)
"""One entry of the model's own trace (``tracepoint.py``): 8 bytes."""


Records = np.recarray[Any, np.dtype[Any]]
"""An array of records whose fields are attributes, in compiled and in plain code."""


MAX_PAGE_ORDER = 10
"""Order of the largest chunk, unless the architecture says otherwise (include/linux/mmzone.h)."""


@by_reference
class State(NamedTuple):
    """Everything the model reads and writes."""

    frame: Records
    """FRAME[nr_frames + list heads]"""
    block: NDArray[Any]
    """u1[pageblocks]: migratetype of each pageblock"""
    zone: Records
    """ZONE[MAX_NR_ZONES]"""
    pcp: Records
    """PCP[MAX_NR_ZONES, cpus]"""
    gfp: Records
    """GFP_CLASS[classes]"""
    cma: Records
    """CMA[areas]"""
    bitmap: NDArray[Any]
    """u1[bits of all areas]: 1 where a CMA user has allocated"""
    object_pfn: NDArray[Any]
    """i4[objects]: where each object lives, NO_PFN when nowhere"""
    config: Records
    """CONFIG[1]"""
    log: Records
    """LOG[entries]"""

    @property
    def conf(self) -> Any:
        """The one CONFIG record (not for compiled code)."""
        return self.config[0]


def _records(shape: int | tuple[int, ...], dtype: np.dtype[Any]) -> Records:
    return np.zeros(shape, dtype).view(np.recarray)


def empty_state(
    nr_frames: int,
    nr_cpus: int = 1,
    *,
    pageblock_order: int = 9,
    max_order: int = MAX_PAGE_ORDER,
    nr_gfp_classes: int = 1,
    nr_areas: int = 0,
    nr_bits: int = 0,
    nr_objects: int = 0,
    log_entries: int | None = None,
) -> State:
    """A state of ``nr_frames`` reserved frames in no zone, all lists empty.

    ``log_entries`` defaults to two bytes a frame.  The frames are rounded up to whole chunks
    of the largest order, so that a chunk's buddy always has an entry.
    """
    chunk = 1 << max(max_order, pageblock_order)
    nr_frames = -(-nr_frames // chunk) * chunk
    heads = MAX_NR_ZONES * ORDER_STRIDE * TYPE_STRIDE
    pcp_heads = MAX_NR_ZONES * nr_cpus * PINDEX_STRIDE
    entries = nr_frames // 4 + 4096 if log_entries is None else log_entries
    state = State(
        frame=_records(nr_frames + heads + pcp_heads, FRAME),
        block=np.full(nr_frames >> pageblock_order, MIGRATE_MOVABLE, np.uint8),
        zone=_records(MAX_NR_ZONES, ZONE),
        pcp=_records((MAX_NR_ZONES, nr_cpus), PCP),
        gfp=_records(nr_gfp_classes, GFP_CLASS),
        cma=_records(nr_areas, CMA),
        bitmap=np.zeros(nr_bits, np.uint8),
        object_pfn=np.full(nr_objects, -1, np.int32),
        config=_records(1, CONFIG),
        log=_records(entries, LOG),
    )
    state.frame.where[:nr_frames] = RESERVED
    state.frame.zone = NO_ZONE
    state.frame.object = NO_OBJECT
    state.frame.next[nr_frames:] = np.arange(nr_frames, len(state.frame))
    state.frame.prev[nr_frames:] = np.arange(nr_frames, len(state.frame))
    conf = state.conf
    conf.nr_frames, conf.nr_cpus = nr_frames, nr_cpus
    conf.pageblock_order, conf.max_order = pageblock_order, max_order
    conf.first_free_list, conf.first_pcp_list = nr_frames, nr_frames + heads
    conf.cma_first_numerator = conf.cma_first_denominator = 1
    conf.area_migratetype = MIGRATE_CMA
    conf.kswapd_asked, conf.kswapd_zone = NOT_ASKED, MAX_NR_ZONES - 1
    return state
