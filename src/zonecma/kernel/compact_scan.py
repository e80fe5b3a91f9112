"""Compaction's two scanners: up the zone for pages to move, down the zone for free ones to move them to.

mm/compaction.c, 6.12, 6.1 and 4.7.  The fast searches of 5.1 and later, and the strides by which a
scan that must not wait passes over frames, are left out: they find sooner what these scanners find.
"""

from __future__ import annotations

from zonecma.kernel.alloc_flags import NO_ALLOC_FLAGS, WMARK_LOW
from zonecma.kernel.bonds import is_referenced
from zonecma.kernel.chunk import chunk_order, chunk_pages
from zonecma.kernel.compact_hints import (
    isolation_suitable,
    note_isolated_source,
    note_scanned_source,
    note_scanned_target,
    update_cached_migrate,
)
from zonecma.kernel.compaction import isolate_free_page, may_isolate
from zonecma.kernel.features import COMPACTS_BY_TYPE, COMPACTS_LARGE_PAGES, has
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.limits import COMPACT_CLUSTER_MAX
from zonecma.kernel.lists import free_list, list_add, list_add_tail, list_del, list_empty, list_first
from zonecma.kernel.lru import is_anonymous, lru_add, lru_del
from zonecma.kernel.memory import NO_LRU, SWAP_CACHE, WRITEBACK, Memory, charge
from zonecma.kernel.migratetype import MIGRATE_MOVABLE, MIGRATE_TYPES
from zonecma.kernel.move import is_movable_object
from zonecma.kernel.pageblock import (
    get_pageblock_migratetype,
    is_movable_block,
    pageblock_nr_pages,
    pageblock_start_pfn,
)
from zonecma.kernel.span import zone_end_pfn
from zonecma.kernel.state import IN_BUDDY, IN_USE, NO_OBJECT, State
from zonecma.kernel.units import NO_PFN, ListHead, Migratetype, Order, Pfn, ZoneIndex
from zonecma.kernel.users import UNKNOWN_USER, prep_new_page
from zonecma.kernel.watermark import wmark_pages, zone_watermark_ok
from zonecma.kernel.zone import ZONE_DMA

_FREEPAGES = Migratetype(MIGRATE_TYPES)
_MIGRATEPAGES = Migratetype(MIGRATE_TYPES + 1)
"""Two lists of a zone that lie beside its free lists and are empty unless somebody compacts."""


@primitive
def freepages(s: State, m: Memory, order: Order) -> ListHead:
    """Targets that were taken (cc->freepages); by order since 6.9."""
    return free_list(s, ZoneIndex(m.control[0].zone), order, _FREEPAGES)


@primitive
def migratepages(s: State, m: Memory) -> ListHead:
    """Pages to move, by their first frames (cc->migratepages)."""
    return free_list(s, ZoneIndex(m.control[0].zone), Order(0), _MIGRATEPAGES)


@primitive
def _is_in_zone(s: State, m: Memory, first: Pfn, end: Pfn) -> bool:
    """Whether a pageblock begins and ends in the zone (pageblock_pfn_to_page)."""
    zone = m.control[0].zone
    return s.frame[first].zone == zone and s.frame[end - 1].zone == zone  # type: ignore[no-any-return]


@primitive
def block_end_pfn(m: Memory, pfn: Pfn) -> Pfn:
    """End of the chunk of the wanted order that holds a frame (block_end_pfn)."""
    size = 1 << m.control[0].order
    return Pfn((pfn & -size) + size)


@jit
def _count_scanned(s: State, m: Memory, size: int) -> int:
    """One look at a chunk: 4.7 counts it as one frame.  It takes as long whatever its size."""
    charge(m, m.cost[0].compact_page)
    return size if has(s, COMPACTS_BY_TYPE) else 1


@primitive
def _size_at(s: State, pfn: Pfn) -> int:
    """Frames that one look at a frame tells of."""
    begins = s.frame[pfn].where == IN_BUDDY or s.frame[pfn].object != NO_OBJECT
    return chunk_pages(s, pfn) if begins else 1  # type: ignore[return-value]


@primitive
def _has_order_to_move(s: State, m: Memory, pfn: Pfn) -> bool:
    """Compound pages stay; since 6.9 those move that are too small to serve (skip_isolation_on_order)."""
    order = chunk_order(s, pfn)
    small = order < min(m.control[0].order, s.config[0].pageblock_order)
    return order == 0 or (has(s, COMPACTS_LARGE_PAGES) and small)


@jit
def _can_isolate(s: State, m: Memory, pfn: Pfn) -> bool:
    """Whether the page that begins here may be taken to be moved (isolate_migratepages_block).

    Not if it is being written (that a wait may be worth while is found out later in 4.7), nor if
    it is anonymous and somebody holds it.  Dirty pages are taken: their file systems can move them.
    """
    if s.frame[pfn].where != IN_USE or s.frame[pfn].object == NO_OBJECT:
        return False
    if not is_movable_object(s, pfn) or not _has_order_to_move(s, m, pfn):
        return False
    obj, cc = s.frame[pfn].object, m.control[0]
    flags, anonymous = m.page[obj].page_flags, is_anonymous(m, obj)
    if flags & WRITEBACK and (has(s, COMPACTS_BY_TYPE) or not cc.sync):
        return False
    if anonymous and is_referenced(m, obj):
        return False
    return cc.may_enter_fs != 0 or (anonymous and not flags & SWAP_CACHE)  # type: ignore[no-any-return]


@jit
def _isolate(s: State, m: Memory, pfn: Pfn) -> None:
    list_add(s, pfn, migratepages(s, m))
    m.control[0].nr_migratepages += chunk_pages(s, pfn)


@jit
def putback_movable_pages(s: State, m: Memory) -> None:
    """Pages that did not move go back to their LRU lists, to the heads (putback_movable_pages)."""
    head = migratepages(s, m)
    while not list_empty(s, head):
        pfn = list_first(s, head)
        list_del(s, pfn)
        obj = s.frame[pfn].object
        lru = m.page[obj].lru
        if lru != NO_LRU:
            lru_del(s, m, obj)
            lru_add(s, m, obj, lru)
    m.control[0].nr_migratepages = 0


@jit
def isolate_migratepages_block(s: State, m: Memory, begun: Pfn, end: Pfn) -> Pfn:
    """Take pages of a pageblock to be moved, up to COMPACT_CLUSTER_MAX; where to go on.

    Who must not wait gives a chunk of the wanted order up at the first page that stays.
    """
    cc, pfn, isolated = m.control[0], begun, 0
    next_skip = block_end_pfn(m, pfn)
    while pfn < end:
        if not cc.sync and pfn >= next_skip:
            if isolated:
                break
            next_skip = block_end_pfn(m, pfn)
        size, at = _size_at(s, pfn), pfn
        m.vm[0].compact_migrate_scanned += _count_scanned(s, m, size)
        pfn = Pfn(pfn + size)
        if s.frame[at].where == IN_BUDDY:
            continue
        if _can_isolate(s, m, at):
            if not isolated:
                note_isolated_source(s, m, begun)
            _isolate(s, m, at)
            isolated += size
            if cc.nr_migratepages >= COMPACT_CLUSTER_MAX and not cc.finish_pageblock:
                break
        elif not cc.sync:
            putback_movable_pages(s, m)
            isolated = 0
            if pfn <= next_skip:
                pfn, next_skip = next_skip, block_end_pfn(m, next_skip)
    pfn = min(pfn, end)
    if pfn == end:
        note_scanned_source(s, m, begun, end, isolated)
    return pfn


@jit
def _is_source(s: State, m: Memory, pfn: Pfn, end: Pfn) -> bool:
    """Whether a pageblock is to be emptied (suitable_migration_source).

    Who must not wait takes pageblocks of the request's own type, since 4.12; before movable ones.
    """
    cc = m.control[0]
    if cc.sync:
        return True
    if has(s, COMPACTS_BY_TYPE) and cc.migratetype != MIGRATE_MOVABLE:
        suitable = get_pageblock_migratetype(s, pfn) == cc.migratetype
    else:
        suitable = is_movable_block(s, pfn)
    if not suitable and has(s, COMPACTS_BY_TYPE):
        update_cached_migrate(s, m, end)
    return suitable  # type: ignore[no-any-return]


@primitive
def _is_begun_or_suitable(s: State, m: Memory, pfn: Pfn) -> bool:
    """What is known of a pageblock counts where its scan begins (isolate_migratepages)."""
    begins = pfn == pageblock_start_pfn(s, pfn) or pfn == s.zone[m.control[0].zone].start_pfn
    return not begins or isolation_suitable(s, m, pfn)


@jit
def isolate_migratepages(s: State, m: Memory) -> None:
    """Take pages of the next pageblock that is suited, below the other scanner (isolate_migratepages)."""
    cc, pfn = m.control[0], Pfn(m.control[0].migrate_pfn)
    end = Pfn(pageblock_start_pfn(s, pfn) + pageblock_nr_pages(s))
    while end <= cc.free_pfn:
        in_zone = _is_in_zone(s, m, pfn, end)
        if in_zone and _is_begun_or_suitable(s, m, pfn) and _is_source(s, m, pfn, end):
            pfn = isolate_migratepages_block(s, m, pfn, end)
            break
        pfn, end = end, Pfn(end + pageblock_nr_pages(s))
    cc.migrate_pfn = pfn


@primitive
def _is_target(s: State, m: Memory, block: Pfn) -> bool:
    """Whether a pageblock may take pages (suitable_migration_target).

    Not if a chunk is free that is what compaction wants: a pageblock, or since 6.9 the wanted order.
    """
    cc = m.control[0]
    large = cc.order if has(s, COMPACTS_LARGE_PAGES) else s.config[0].pageblock_order
    if s.frame[block].where == IN_BUDDY and s.frame[block].order >= large:
        return False
    return cc.ignores_hints != 0 or is_movable_block(s, block)  # type: ignore[no-any-return]


@jit
def _may_take(s: State, m: Memory, order: Order) -> bool:
    """Whether enough stays free (__isolate_free_page); 4.7 keeps the low mark, and counts no free CMA."""
    zone = ZoneIndex(m.control[0].zone)
    if has(s, COMPACTS_BY_TYPE):
        return may_isolate(s, zone, order)
    mark = wmark_pages(s, zone, WMARK_LOW) + (1 << order)
    return zone_watermark_ok(s, zone, Order(0), mark, ZONE_DMA, NO_ALLOC_FLAGS)


@jit
def _take(s: State, m: Memory, pfn: Pfn, order: Order) -> None:
    """Take a free chunk as a target: whole since 6.9, before frame by frame, the last first."""
    isolate_free_page(s, pfn, order)
    m.control[0].nr_freepages += 1 << order
    if has(s, COMPACTS_LARGE_PAGES):
        s.frame[pfn].order = order
        list_add_tail(s, pfn, freepages(s, m, order))
        return
    for frame in range(pfn, pfn + (1 << order)):
        list_add(s, Pfn(frame), freepages(s, m, Order(0)))


@jit
def isolate_freepages_block(s: State, m: Memory, pfn: Pfn, end: Pfn) -> tuple[Pfn, int]:
    """Take free chunks of a pageblock until there are as many as pages to move.

    Returns where to go on, before ``end`` also where no more may be taken, and the frames taken.
    """
    cc, isolated = m.control[0], 0
    while pfn < end:
        size, order = _size_at(s, pfn), chunk_order(s, pfn)
        m.vm[0].compact_free_scanned += _count_scanned(s, m, size)
        if s.frame[pfn].where == IN_BUDDY:
            if not _may_take(s, m, order):
                break
            _take(s, m, pfn, order)
            isolated += size
        pfn = Pfn(pfn + size)
        if isolated and cc.nr_migratepages <= cc.nr_freepages:
            break
    return min(pfn, end), isolated


@jit
def isolate_freepages(s: State, m: Memory) -> None:
    """Take targets pageblock by pageblock, down to the other scanner (isolate_freepages)."""
    cc, nr_pages = m.control[0], pageblock_nr_pages(s)
    pfn, block = Pfn(cc.free_pfn), pageblock_start_pfn(s, Pfn(cc.free_pfn))
    end = Pfn(min(block + nr_pages, zone_end_pfn(s, ZoneIndex(cc.zone))))
    low = pageblock_start_pfn(s, Pfn(cc.migrate_pfn)) + nr_pages
    while block >= low:
        if _is_in_zone(s, m, block, end) and _is_target(s, m, block) and isolation_suitable(s, m, block):
            pfn, isolated = isolate_freepages_block(s, m, pfn, end)
            if pfn == end:
                note_scanned_target(s, m, block, isolated)
            if cc.nr_freepages >= cc.nr_migratepages or pfn < end:
                pfn = pfn if pfn < end else Pfn(block - nr_pages)
                break
        end, block = block, Pfn(block - nr_pages)
        pfn = block
    cc.free_pfn = pfn


@jit
def _pop(s: State, m: Memory, order: Order) -> Pfn:
    """The first target that is large enough, cut to size; its rests stay targets."""
    for index in range(order, s.config[0].max_order + 1):
        current = Order(index)
        head = freepages(s, m, current)
        if list_empty(s, head):
            continue
        pfn = list_first(s, head)
        list_del(s, pfn)
        while current > order:
            current = Order(current - 1)
            rest = Pfn(pfn + (1 << current))
            s.frame[rest].order = current
            list_add(s, rest, freepages(s, m, current))
        return pfn
    return NO_PFN


@jit
def compaction_alloc(s: State, m: Memory, order: Order) -> Pfn:
    """A target for a page, one that the free scanner took (compaction_alloc); NO_PFN."""
    pfn, cc = _pop(s, m, order), m.control[0]
    if pfn == NO_PFN:
        isolate_freepages(s, m)
        pfn = _pop(s, m, order)
    if pfn != NO_PFN:
        prep_new_page(s, pfn, order, UNKNOWN_USER)
        cc.nr_freepages -= 1 << order
        cc.nr_migratepages -= 1 << order if has(s, COMPACTS_LARGE_PAGES) else 0
    return pfn
