"""What zones remember of compactions: how long to put off the next one, where it begins, what to pass over.

mm/compaction.c, 6.12 and 4.7.
"""

from __future__ import annotations

from zonecma.kernel.features import COMPACTS_BY_TYPE, has
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.memory import Memory
from zonecma.kernel.pageblock import pageblock_nr_pages, pageblock_of, pageblock_start_pfn
from zonecma.kernel.span import zone_end_pfn
from zonecma.kernel.state import State
from zonecma.kernel.units import Order, Pfn, ZoneIndex
from zonecma.kernel.zone import MAX_NR_ZONES

COMPACT_MAX_DEFER_SHIFT = 6


@jit
def defer_compaction(m: Memory, zone: ZoneIndex, order: Order) -> None:
    """A compaction failed: twice as many attempts as before are passed over (defer_compaction)."""
    compact = m.compact[zone]
    compact.considered = 0
    compact.defer_shift = min(compact.defer_shift + 1, COMPACT_MAX_DEFER_SHIFT)
    compact.order_failed = min(compact.order_failed, order)


@jit
def compaction_deferred(m: Memory, zone: ZoneIndex, order: Order) -> bool:
    """Whether this attempt is passed over (compaction_deferred)."""
    compact = m.compact[zone]
    if order < compact.order_failed:
        return False
    limit = 1 << compact.defer_shift
    compact.considered = min(compact.considered + 1, limit)
    return compact.considered < limit  # type: ignore[no-any-return]


@jit
def compaction_defer_reset(m: Memory, zone: ZoneIndex, order: Order, served: bool) -> None:
    """A chunk of this order is there, and may have served a request (compaction_defer_reset)."""
    compact = m.compact[zone]
    if served:
        compact.considered = compact.defer_shift = 0
    compact.order_failed = max(compact.order_failed, order + 1)


@primitive
def compaction_restarting(m: Memory, zone: ZoneIndex, order: Order) -> bool:
    """Whether this is the first attempt after as many as can be were passed over (compaction_restarting)."""
    compact = m.compact[zone]
    longest = compact.defer_shift == COMPACT_MAX_DEFER_SHIFT
    return order >= compact.order_failed and longest and compact.considered >= 1 << COMPACT_MAX_DEFER_SHIFT  # type: ignore[no-any-return]


@jit
def reset_cached_positions(s: State, m: Memory, zone: ZoneIndex) -> None:
    """The next scans begin at the zone's ends (reset_cached_positions)."""
    compact = m.compact[zone]
    compact.migrate_pfn[0] = compact.migrate_pfn[1] = s.zone[zone].start_pfn
    compact.free_pfn = pageblock_start_pfn(s, Pfn(zone_end_pfn(s, zone) - 1))


@jit
def reset_zone_hints(s: State, m: Memory, zone: ZoneIndex) -> None:
    """Forget what was learned of a zone's pageblocks (__reset_isolation_suitable)."""
    m.compact[zone].blockskip_flush = 0
    first, end = s.zone[zone].start_pfn, zone_end_pfn(s, zone)
    for block in range(pageblock_of(s, Pfn(first)), pageblock_of(s, Pfn(end - 1)) + 1):
        m.skip[block] = 0
    reset_cached_positions(s, m, zone)


@jit
def reset_isolation_suitable(s: State, m: Memory) -> None:
    """Kswapd goes to sleep: zones whose scanners have met are looked at anew (reset_isolation_suitable)."""
    for zone in range(MAX_NR_ZONES):
        if s.zone[zone].managed and m.compact[zone].blockskip_flush:
            reset_zone_hints(s, m, ZoneIndex(zone))


@primitive
def isolation_suitable(s: State, m: Memory, pfn: Pfn) -> bool:
    """Whether a pageblock is worth a look (isolation_suitable)."""
    return m.control[0].ignores_hints != 0 or not m.skip[pageblock_of(s, pfn)]  # type: ignore[no-any-return]


@jit
def update_cached_migrate(s: State, m: Memory, pfn: int) -> None:
    """The next scan for pages to move begins behind the pageblock of a frame (update_cached_migrate).

    Callers give the end of a pageblock, so that the one after it is passed over as well.
    """
    begin = pageblock_start_pfn(s, Pfn(pfn)) + pageblock_nr_pages(s)
    note_migrate_pfn(m, begin)


@jit
def note_migrate_pfn(m: Memory, pfn: int) -> None:
    """The next scan for pages to move begins here, at the earliest; one that waits does after its like."""
    compact, cc = m.compact[m.control[0].zone], m.control[0]
    compact.migrate_pfn[0] = max(compact.migrate_pfn[0], pfn)
    if cc.sync:
        compact.migrate_pfn[1] = max(compact.migrate_pfn[1], pfn)


@jit
def note_scanned_source(s: State, m: Memory, begun: Pfn, end: Pfn, isolated: int) -> None:
    """A pageblock was scanned to its end, all of it at once or in vain (update_pageblock_skip).

    4.7 remembers where its scan of the pageblock began.
    """
    if not has(s, COMPACTS_BY_TYPE):
        if not isolated:
            m.skip[pageblock_of(s, begun)] = 1
            note_migrate_pfn(m, begun)
    elif not isolated or m.control[0].finish_pageblock:
        if begun == pageblock_start_pfn(s, begun):
            m.skip[pageblock_of(s, begun)] = 1
        update_cached_migrate(s, m, end)


@jit
def note_isolated_source(s: State, m: Memory, begun: Pfn) -> None:
    """Who takes the first page of a pageblock keeps others off it (test_and_set_skip, since 5.1)."""
    cc = m.control[0]
    if has(s, COMPACTS_BY_TYPE) and not cc.ignores_hints and begun == pageblock_start_pfn(s, begun):
        m.skip[pageblock_of(s, begun)] = 1


@jit
def note_scanned_target(s: State, m: Memory, block: Pfn, isolated: int) -> None:
    """A pageblock was searched for targets to its end (update_pageblock_skip).

    4.7 passes it over later only if it held none.
    """
    compact = m.compact[m.control[0].zone]
    if has(s, COMPACTS_BY_TYPE):
        m.skip[pageblock_of(s, block)] = 1
        compact.free_pfn = min(compact.free_pfn, block - pageblock_nr_pages(s))
    elif not isolated:
        m.skip[pageblock_of(s, block)] = 1
        compact.free_pfn = min(compact.free_pfn, block)
