"""The front door of the allocator: zone by zone until one can serve (mm/page_alloc.c, 6.12 and 4.7).

The slow path here is one attempt; what reclaims, compacts and kills is ``slowpath.py``.
"""

from __future__ import annotations

from zonecma.kernel.alloc_flags import (
    ALLOC_FAIR,
    ALLOC_KSWAPD,
    ALLOC_NO_WATERMARKS,
    ALLOC_NOFRAGMENT,
    ALLOC_WMARK_MASK,
    WMARK_HIGH,
    WMARK_LOW,
)
from zonecma.kernel.fair import charge_alloc_batch, fair_depleted, reset_alloc_batches
from zonecma.kernel.features import BULK_INTERFACE, FAIR_ZONES, NOTES_BELOW_HIGH, has
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.kswapd import wakeup_kswapd
from zonecma.kernel.pcp import may_use_pcp, pcp_allowed_order, rmqueue_pcplist
from zonecma.kernel.rmqueue import rmqueue_buddy
from zonecma.kernel.state import State
from zonecma.kernel.tracepoint import trace_mm_page_alloc, trace_mm_page_alloc_zone_locked
from zonecma.kernel.units import (
    NO_PFN,
    AllocFlags,
    Code,
    Cpu,
    Migratetype,
    Order,
    Pages,
    Pfn,
    User,
    ZoneIndex,
)
from zonecma.kernel.users import prep_new_page
from zonecma.kernel.watermark import wmark_pages, zone_watermark_fast
from zonecma.kernel.zone import NO_ZONE, ZONE_BELOW_HIGH


@jit
def zone_may_serve(
    s: State, zone: ZoneIndex, order: Order, highest_zone: ZoneIndex, alloc_flags: AllocFlags
) -> bool:
    """Watermark check of one zone; notes when it has sunk below its high mark (6.7 and later)."""
    if has(s, NOTES_BELOW_HIGH) and not s.zone[zone].zone_flags & ZONE_BELOW_HIGH:
        high = wmark_pages(s, zone, WMARK_HIGH)
        if zone_watermark_fast(s, zone, order, high, highest_zone, alloc_flags):
            return True
        s.zone[zone].zone_flags |= ZONE_BELOW_HIGH
    mark = wmark_pages(s, zone, Code(alloc_flags & ALLOC_WMARK_MASK))
    may = zone_watermark_fast(s, zone, order, mark, highest_zone, alloc_flags)
    return may or alloc_flags & ALLOC_NO_WATERMARKS != 0


@jit
def rmqueue_zone(
    s: State, zone: ZoneIndex, cpu: Cpu, order: Order, migratetype: Migratetype, alloc_flags: AllocFlags
) -> Pfn:
    """Take a chunk from a zone that may serve: per-cpu lists first (rmqueue)."""
    pfn = NO_PFN
    if may_use_pcp(s, zone, order):
        s.pcp[zone, cpu].free_count >>= 1
        pfn = rmqueue_pcplist(s, zone, cpu, order, migratetype, alloc_flags)
    if pfn == NO_PFN:
        pfn = rmqueue_buddy(s, zone, order, migratetype, alloc_flags)
        if pfn != NO_PFN and s.config[0].pcp_locked == zone + 1 and pcp_allowed_order(s, order):
            trace_mm_page_alloc_zone_locked(s, pfn, order, cpu)  # as if for a list: told by its order
    if pfn != NO_PFN and has(s, FAIR_ZONES):
        charge_alloc_batch(s, zone, cpu, order)
    return pfn


@jit
def get_page_from_freelist(s: State, cpu: Cpu, user: User, order: Order, alloc_flags: AllocFlags) -> Pfn:
    """Walk the zonelist once, and once more without NOFRAGMENT (get_page_from_freelist).

    4.7: where zones were passed over since their turn is over, a new round begins, and the
    second walk asks for no turn.
    """
    gfp = s.gfp[user]
    highest_zone = ZoneIndex(gfp.highest_zone)
    while True:
        skipped = False
        for i in range(gfp.nr_zones):
            zone = ZoneIndex(gfp.zonelist[i])
            if alloc_flags & ALLOC_FAIR and fair_depleted(s, zone):
                skipped = True
            elif zone_may_serve(s, zone, order, highest_zone, alloc_flags):
                migratetype = Migratetype(gfp.migratetype)
                pfn = rmqueue_zone(s, zone, cpu, order, migratetype, alloc_flags)
                if pfn != NO_PFN:
                    return pfn
        if skipped:
            reset_alloc_batches(s, cpu, ZoneIndex(gfp.zonelist[0]))
        elif not alloc_flags & ALLOC_NOFRAGMENT:
            return NO_PFN
        alloc_flags = AllocFlags(alloc_flags & ~(ALLOC_NOFRAGMENT | ALLOC_FAIR))


@primitive
def hand_out(s: State, cpu: Cpu, user: User, order: Order, pfn: Pfn) -> None:
    """Note whom a chunk serves, and tell of it."""
    prep_new_page(s, pfn, order, user)
    trace_mm_page_alloc(s, pfn, order, cpu)


@jit
def alloc_pages(s: State, cpu: Cpu, user: User, order: Order) -> Pfn:
    """Serve a request of gfp class ``user`` for ``1 << order`` frames; NO_PFN when nothing is found."""
    pfn = get_page_from_freelist(s, cpu, user, order, s.gfp[user].fast_flags)
    if pfn == NO_PFN:
        return alloc_pages_slow(s, cpu, user, order)
    hand_out(s, cpu, user, order, pfn)
    return pfn


@primitive
def slow_flags(s: State, user: User, order: Order) -> AllocFlags:
    """ALLOC_* flags of the slow path's attempts."""
    gfp = s.gfp[user]
    return AllocFlags(gfp.slow_flags_high_order if order else gfp.slow_flags)


@jit
def alloc_pages_slow(s: State, cpu: Cpu, user: User, order: Order) -> Pfn:
    """The slow path's attempt, and the one that follows reclaim (__alloc_pages_slowpath, 6.12)."""
    flags = slow_flags(s, user, order)
    if flags & ALLOC_KSWAPD:
        wakeup_kswapd(s, ZoneIndex(s.gfp[user].highest_zone))
    pfn = get_page_from_freelist(s, cpu, user, order, flags)
    if pfn != NO_PFN:
        hand_out(s, cpu, user, order, pfn)
    return pfn


@jit
def alloc_pages_memalloc(s: State, cpu: Cpu, user: User, order: Order) -> Pfn:
    """A request of a task that itself frees memory: at last no watermark holds it back (PF_MEMALLOC)."""
    pfn = alloc_pages(s, cpu, user, order)
    if pfn == NO_PFN and s.gfp[user].reserve_flags:
        pfn = get_page_from_freelist(s, cpu, user, order, s.gfp[user].reserve_flags)
        if pfn != NO_PFN:
            hand_out(s, cpu, user, order, pfn)
    return pfn


@jit
def is_out_of_memory(s: State, user: User, order: Order) -> bool:
    """Whether no zone may serve a request, not even down to the slow path's mark."""
    gfp, flags = s.gfp[user], slow_flags(s, user, order)
    for i in range(gfp.nr_zones):
        zone = ZoneIndex(gfp.zonelist[i])
        mark = wmark_pages(s, zone, Code(flags & ALLOC_WMARK_MASK))
        if zone_watermark_fast(s, zone, order, mark, ZoneIndex(gfp.highest_zone), flags):
            return False
    return True


@jit
def find_no_zone(s: State, user: User, order: Order) -> None:
    """A request that no zone may serve: the zones note it, and kswapd is asked (__alloc_pages_slowpath)."""
    if not is_out_of_memory(s, user, order):
        return
    gfp = s.gfp[user]
    highest_zone = ZoneIndex(gfp.highest_zone)
    for i in range(gfp.nr_zones):
        zone_may_serve(s, ZoneIndex(gfp.zonelist[i]), order, highest_zone, gfp.fast_flags)
    if slow_flags(s, user, order) & ALLOC_KSWAPD:
        wakeup_kswapd(s, highest_zone)


@jit
def alloc_pages_singly(s: State, cpu: Cpu, user: User, nr_pages: Pages) -> int:
    """Ask for single frames until one is refused; how many were got."""
    got = 0
    while got < nr_pages and alloc_pages(s, cpu, user, Order(0)) != NO_PFN:
        got += 1
    return got


@primitive
def zone_for_bulk(s: State, user: User, nr_pages: Pages) -> ZoneIndex:
    """The first zone that stays above its low mark after a bulk allocation; NO_ZONE."""
    gfp = s.gfp[user]
    for i in range(gfp.nr_zones):
        zone = ZoneIndex(gfp.zonelist[i])
        mark = wmark_pages(s, zone, WMARK_LOW) + nr_pages
        preferred = ZoneIndex(gfp.zonelist[0])
        if zone_watermark_fast(s, zone, Order(0), mark, preferred, gfp.fast_flags):
            return zone
    return NO_ZONE


@jit
def alloc_pages_bulk(s: State, cpu: Cpu, user: User, nr_pages: Pages) -> int:
    """Allocate single frames from one zone's per-cpu list (alloc_pages_bulk); how many were got.

    As in the kernel a single frame, and a request that no zone can meet, go through
    ``alloc_pages``; frames are reported by the tracepoint.  Where there is no such interface
    the caller asks for frame after frame.
    """
    if not has(s, BULK_INTERFACE):
        return alloc_pages_singly(s, cpu, user, nr_pages)
    zone = NO_ZONE if nr_pages == 1 else zone_for_bulk(s, user, nr_pages)
    got = 0
    if zone != NO_ZONE:
        migratetype = Migratetype(s.gfp[user].migratetype)
        flags = s.gfp[user].fast_flags & ~ALLOC_NOFRAGMENT
        while got < nr_pages:
            pfn = rmqueue_pcplist(s, zone, cpu, Order(0), migratetype, flags)
            if pfn == NO_PFN:
                break
            prep_new_page(s, pfn, Order(0), user)
            trace_mm_page_alloc(s, pfn, Order(0), cpu)
            got += 1
    if got == 0 and alloc_pages(s, cpu, user, Order(0)) != NO_PFN:
        got = 1
    return got
