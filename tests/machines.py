"""Small machines, built by hand, and one compiled door to the functions that tests call."""

import itertools

import numpy as np

from zonecma.kernel import boot
from zonecma.kernel.alloc import alloc_pages, alloc_pages_bulk
from zonecma.kernel.cma import cma_alloc, cma_release
from zonecma.kernel.contents import free_lists, pcp_lists
from zonecma.kernel.fallback import rmqueue_claim, rmqueue_steal
from zonecma.kernel.features import follow
from zonecma.kernel.free import free_cold_page, free_pages
from zonecma.kernel.gfp import GFP_HIGHUSER_MOVABLE, GFP_KERNEL, GFP_MIGRATION_TARGET, GFP_NOFS, Gfp
from zonecma.kernel.isolation import start_isolate_page_range, undo_isolate_page_range
from zonecma.kernel.jit import entry
from zonecma.kernel.migratetype import MIGRATE_CMA
from zonecma.kernel.mixed_fallback import rmqueue_fallback
from zonecma.kernel.pcp import drain_all_zones, free_pcppages_bulk, refresh_cpu_vm_stats
from zonecma.kernel.residence import place_object
from zonecma.kernel.rules import NEWEST
from zonecma.kernel.state import IN_USE, NO_OBJECT, empty_state
from zonecma.kernel.thresholds import HugePages, Tunables, recalculate
from zonecma.kernel.tracepoint import trace_reset
from zonecma.kernel.units import (
    AllocFlags,
    Area,
    Cpu,
    Migratetype,
    Order,
    Pages,
    Pfn,
    Pindex,
    User,
    ZoneIndex,
)
from zonecma.kernel.users import UNKNOWN_USER
from zonecma.kernel.zone import ZONE_DMA32, ZONE_NORMAL
from zonecma.lab.memory import empty_memory
from zonecma.placement import HalfFree
from zonecma.placement.tables import fill_tables

MOVABLE, KERNEL, BUFFER, RECLAIMABLE, TARGET, FAULT, READ, WRITTEN, COLD = range(9)
"""The gfp classes of the machines below."""
MASKS = (
    GFP_HIGHUSER_MOVABLE,
    GFP_KERNEL,
    GFP_NOFS | Gfp.MOVABLE,
    GFP_NOFS | Gfp.RECLAIMABLE,
    GFP_MIGRATION_TARGET,
    GFP_HIGHUSER_MOVABLE | Gfp.ZERO | Gfp.COMP,
    GFP_HIGHUSER_MOVABLE | Gfp.NORETRY | Gfp.NOWARN | Gfp.COMP,
    GFP_HIGHUSER_MOVABLE | Gfp.WRITE | Gfp.COMP,
    GFP_HIGHUSER_MOVABLE | Gfp.COLD,
)

FREE_PAGES, ALLOC, BULK, CMA_ALLOC, CMA_RELEASE, DRAIN, DECAY, ISOLATE, UNISOLATE = range(9)
CLAIM, STEAL, PCP_BULK, FALLBACK, FREE_COLD = range(9, 14)


def act(s, what, a, b, c, d):
    """Call one function of the model; contiguous calls find a memory in which nothing is reclaimed."""
    return _act(
        s, empty_memory(s, len(s.object_pfn) if what == CMA_ALLOC else 0, closed=False), what, a, b, c, d
    )


@entry
def _act(s, m, what, a, b, c, d):
    """One compiled door is cheaper than a dozen."""
    trace_reset(s)
    if what == ALLOC:
        pfn = alloc_pages(s, Cpu(a), User(b), Order(c))
        if pfn >= 0 and d != NO_OBJECT:
            place_object(s, d, pfn)
        return pfn
    if what in (FREE_PAGES, FREE_COLD):
        number = s.frame[b].object
        if number != NO_OBJECT:
            s.object_pfn[number] = -1
        if what == FREE_COLD:
            free_cold_page(s, Cpu(a), Pfn(b))
        else:
            free_pages(s, Cpu(a), Pfn(b), Order(c))
    elif what == BULK:
        return Pfn(alloc_pages_bulk(s, Cpu(a), User(b), Pages(c)))
    elif what == CMA_ALLOC:
        pfn, _ = cma_alloc(s, m, Cpu(a), Area(b), Pages(c), Order(d), User(4))
        return pfn
    elif what == CMA_RELEASE:
        cma_release(s, Cpu(a), Area(b), Pfn(c), Pages(d))
    elif what == DRAIN:
        drain_all_zones(s)
    elif what == DECAY:
        refresh_cpu_vm_stats(s, Cpu(a))
    elif what == ISOLATE:
        return Pfn(start_isolate_page_range(s, Pfn(a), Pfn(b), Migratetype(c)))
    elif what == UNISOLATE:
        undo_isolate_page_range(s, Pfn(a), Pfn(b), Migratetype(c))
    elif what == CLAIM:
        return rmqueue_claim(s, ZoneIndex(a), Order(b), Migratetype(c), 0)
    elif what == STEAL:
        return rmqueue_steal(s, ZoneIndex(a), Order(b), Migratetype(c))
    elif what == PCP_BULK:
        free_pcppages_bulk(s, ZoneIndex(a), Cpu(0), b, Pindex(c))
    elif what == FALLBACK:
        return rmqueue_fallback(s, ZoneIndex(a), Order(b), Migratetype(c), AllocFlags(d))
    return Pfn(-1)


def bare(frames=0x2400, zone=ZONE_NORMAL, cpus=1, rules=NEWEST, **options):
    """One zone of ``frames`` frames, all in use, no thresholds: allocations go until nothing is left."""
    state = empty_state(frames, cpus, nr_gfp_classes=len(MASKS), nr_objects=frames + 1, **options)
    follow(state, rules)
    state.frame.zone[:frames], state.frame.where[:frames] = zone, IN_USE
    state.frame.user[:frames] = UNKNOWN_USER
    record = state.zone[zone]
    record.spanned = record.present = record.managed = frames
    for pcp in state.pcp[zone]:
        pcp.batch = 1
    return state


def booted(mib=64, cma_mib=16, cpus=1, placement=None, rules=NEWEST):
    """A machine of one zone, as boot leaves it: its area at the top, thresholds of the kernel's rule."""
    frames, area = mib * 256, cma_mib * 256
    state = bare(frames, ZONE_DMA32, cpus, rules, nr_areas=1, nr_bits=area)
    base = frames - area
    boot.memblock_free_pages(state, Pfn(0), Pfn(base))
    state.cma[0].base_pfn, state.cma[0].count = base, area
    state.zone[ZONE_DMA32].managed = base
    for start in range(base, frames, 512):
        boot.init_cma_reserved_pageblock(state, Pfn(start), MIGRATE_CMA)
    state.zone[ZONE_DMA32].cma = area
    recalculate(state, Tunables(rules), huge_pages=HugePages.ABSENT)
    fill_tables(state, placement or HalfFree(), MASKS)
    return state


def enters(state, user, order=4):
    """Whether a request gets a chunk of the area; order 4 goes past the per-cpu lists."""
    pfn = act(state, ALLOC, 0, user, order, NO_OBJECT)
    assert pfn >= 0
    return bool(pfn >= state.cma[0].base_pfn)


def who_enters(state, order=4):
    """The gfp classes of which one request each gets a chunk of the area."""
    return {user for user in range(len(MASKS)) if enters(state, user, order)}


def runs(state, user, order, requests):
    """How many requests one after the other were served outside and inside the area, by turns."""
    served = [enters(state, user, order) for _ in range(requests)]
    return [(inside, len(list(same))) for inside, same in itertools.groupby(served)]


def lists(state):
    """Free lists by (order, type) of the only zone, as plain lists."""
    return {(int(o), int(t)): frames.tolist() for (_, o, t), frames in free_lists(state)}


def pcp(state):
    """Per-cpu lists by (cpu, pindex) of the only zone, as plain lists."""
    return {(int(c), int(i)): frames.tolist() for (_, c, i), frames in pcp_lists(state)}


def log(state):
    """The model's trace: (event, frame, order)."""
    return [(int(e.event), int(e.pfn), int(e.order)) for e in state.log[: state.conf.log_length]]


def same(one, other):
    """Whether two states are equal, byte for byte."""
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def copy(state):
    """A state of its own."""
    return type(state)(*(array.copy() for array in state))
