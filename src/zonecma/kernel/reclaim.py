"""Reclaim of one LRU set's pages (shrink_lruvec and below, mm/vmscan.c, 6.12 and 4.7).

What is left out: large pages are neither split nor deactivated apart, and nobody holds a page's lock.
"""

from __future__ import annotations

from zonecma.kernel.bonds import is_locked, is_referenced
from zonecma.kernel.checkpoint import is_held_by_journal, leave_journal
from zonecma.kernel.features import BALANCES_BY_COST, NODE_LRUS, has
from zonecma.kernel.huge import split_huge_page
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.limits import SWAP_CLUSTER_MAX
from zonecma.kernel.lru import (
    head_of,
    inactive_is_low,
    is_active,
    is_anonymous,
    is_file_list,
    is_mapped,
    lru_add,
    lru_del,
    pages_of,
)
from zonecma.kernel.memory import (
    ACTIVE_ANON,
    ACTIVE_FILE,
    DIRTY,
    DISK,
    EXECUTABLE,
    IN_SWAP,
    INACTIVE_ANON,
    INACTIVE_FILE,
    NR_LRU,
    ON_DISK,
    READAHEAD,
    RECLAIM,
    REFERENCED,
    SWAP,
    SWAP_CACHE,
    WORKINGSET,
    WRITEBACK,
    YOUNG,
    Memory,
    charge,
)
from zonecma.kernel.residence import leave_frames
from zonecma.kernel.scan_count import can_reclaim_anon, prepare_scan_control, scan_count
from zonecma.kernel.state import State
from zonecma.kernel.swap import add_to_swap, free_swap, is_swap_full, swap_writepage
from zonecma.kernel.units import Code, Cpu
from zonecma.kernel.workingset import note_cost, workingset_eviction
from zonecma.kernel.writeback import congestion_wait, start_writeback, wait_for_request, wakeup_flusher

DEF_PRIORITY = 12

# LRU_SET.set_flags
PGDAT_DIRTY = 1
PGDAT_WRITEBACK = 2
NODE_CONGESTED = 4

_KEEP, _ACTIVATE, _RECLAIM, _RECLAIM_CLEAN = Code(0), Code(1), Code(2), Code(3)


@jit
def _check_references(s: State, m: Memory, obj: int) -> Code:
    """What a page's use says of its fate (folio_check_references).

    Before 5.9 an anonymous page that was used is activated at once; one that is run is in all versions.
    """
    page = m.page[obj]
    young, referenced = page.page_flags & YOUNG, page.page_flags & REFERENCED
    page.page_flags &= ~(YOUNG | REFERENCED)
    if young:
        page.page_flags |= REFERENCED
        at_once = page.mapped == EXECUTABLE or (is_anonymous(m, obj) and not has(s, NODE_LRUS))
        return _ACTIVATE if referenced or at_once else _KEEP
    return _RECLAIM_CLEAN if referenced and not is_anonymous(m, obj) else _RECLAIM


@jit
def evict(s: State, m: Memory, cpu: Cpu, obj: int) -> None:
    """Free a clean page: swap, or its file, has what it held (__remove_mapping)."""
    page, pages = m.page[obj], pages_of(m, obj)
    workingset_eviction(m, obj)
    leave_journal(m, obj)
    lru_del(s, m, obj)
    page.where = IN_SWAP if is_anonymous(m, obj) else ON_DISK
    page.page_flags &= WORKINGSET | SWAP_CACHE
    leave_frames(s, m, cpu, obj)
    charge(m, m.cost[0].unmap_free * pages)


@jit
def _under_writeback(m: Memory, obj: int) -> None:
    """A page whose write has not ended: it is marked, and kept out of the way."""
    page, scan = m.page[obj], m.scan[0]
    pages = pages_of(m, obj)
    if page.page_flags & RECLAIM and not is_anonymous(m, obj):
        scan.congested += pages
    waits = scan.is_kswapd and page.page_flags & RECLAIM
    if waits and m.lru[page.set].set_flags & PGDAT_WRITEBACK:
        scan.immediate += pages
    else:
        page.page_flags |= RECLAIM
        scan.writeback += pages


@jit
def _page_out(s: State, m: Memory, obj: int) -> None:
    """Begin to write a page that reclaim wants (pageout)."""
    m.page[obj].page_flags |= RECLAIM
    m.scan[0].pageout += pages_of(m, obj)
    wait_for_request(s, m, SWAP if is_anonymous(m, obj) else DISK)
    if is_anonymous(m, obj):
        swap_writepage(s, m, obj)
    else:
        start_writeback(s, m, obj, DISK)


@primitive
def _kswapd_writes(m: Memory, obj: int) -> bool:
    """Whether a dirty file page is written here: by kswapd, when nobody else does."""
    page, scan = m.page[obj], m.scan[0]
    marked = scan.is_kswapd and page.page_flags & RECLAIM
    return marked and m.lru[page.set].set_flags & PGDAT_DIRTY != 0  # type: ignore[no-any-return]


@primitive
def _weight(s: State, m: Memory, obj: int) -> int:
    """How often a page counts as scanned: a mapped one twice in 4.7 (shrink_page_list)."""
    return 2 if is_mapped(m, obj) and not has(s, NODE_LRUS) else 1


@jit
def _shrink_page(s: State, m: Memory, cpu: Cpu, obj: int) -> Code:
    """Free one page, or say what becomes of it: _RECLAIM when it is gone (shrink_folio_list)."""
    page, scan = m.page[obj], m.scan[0]
    pages = pages_of(m, obj)
    scan.nr_scanned += pages * _weight(s, m, obj)
    if is_locked(m, obj):
        return _KEEP
    if page.page_flags & (DIRTY | WRITEBACK) and not is_anonymous(m, obj):
        scan.dirty += pages
        scan.unqueued_dirty += 0 if page.page_flags & WRITEBACK else pages
    if page.page_flags & WRITEBACK:
        _under_writeback(m, obj)
        return _ACTIVATE if has(s, NODE_LRUS) else _KEEP
    references = _check_references(s, m, obj)
    if references == _ACTIVATE or references == _KEEP:
        return references
    if is_referenced(m, obj) or is_held_by_journal(m, obj):
        return _ACTIVATE
    if is_anonymous(m, obj) and not page.page_flags & SWAP_CACHE:
        split_huge_page(s, m, obj)  # its small pages follow, each by itself
        if not add_to_swap(m, obj):
            return _ACTIVATE
        _page_out(s, m, obj)
        return _KEEP
    if page.page_flags & DIRTY:
        if not _kswapd_writes(m, obj):
            page.page_flags |= RECLAIM
            return _ACTIVATE if has(s, NODE_LRUS) else _KEEP
        if references != _RECLAIM_CLEAN:
            _page_out(s, m, obj)
        return _KEEP
    evict(s, m, cpu, obj)
    return _RECLAIM


@jit
def _next_taken(s: State, m: Memory, lru_set: int, lru: int) -> int:
    """The oldest page of a list that lies in a zone that counts; -1.

    The others go to the list's head, so that they are not looked at again (isolate_lru_folios).
    """
    head = head_of(m, lru_set, lru)
    tries = m.lru[lru_set].nr[lru]
    obj = m.page[head].prev
    while obj != head and tries > 0:
        charge(m, m.cost[0].scan_page)
        if s.frame[s.object_pfn[obj]].zone <= m.scan[0].reclaim_idx:
            return obj  # type: ignore[no-any-return]
        tries -= pages_of(m, obj)
        lru_del(s, m, obj)
        lru_add(s, m, obj, lru)
        obj = m.page[head].prev
    return -1


@jit
def _put_back(s: State, m: Memory, obj: int, lru: int, fate: Code) -> None:
    """A page that reclaim did not free goes to the head of its list, or of the active one."""
    if fate == _ACTIVATE:
        flags = m.page[obj].page_flags & (SWAP_CACHE | WRITEBACK | READAHEAD)
        if flags == SWAP_CACHE and is_swap_full(m):
            free_swap(m, obj)
        lru_add(s, m, obj, ACTIVE_ANON if is_anonymous(m, obj) else ACTIVE_FILE)
    else:
        lru_add(s, m, obj, lru)


@jit
def _note_reclaim(s: State, m: Memory, lru_set: int, lru: int, taken: int, freed: int, kept: int) -> None:
    """Weigh what a list cost, in the way of the version."""
    file = 1 if is_file_list(lru) else 0
    if has(s, BALANCES_BY_COST):
        note_cost(s, m, lru_set, file, m.scan[0].pageout, taken - freed)
    else:
        m.lru[lru_set].scanned[file] += taken
        m.lru[lru_set].rotated[file] += kept


@jit
def _begin_count(m: Memory) -> None:
    scan = m.scan[0]
    scan.taken = scan.file_taken = scan.dirty = scan.unqueued_dirty = 0
    scan.congested = scan.writeback = scan.immediate = 0


@jit
def _note_state(m: Memory, lru_set: int, could_be_dirty: int) -> None:
    """What was seen decides who writes, and who waits.

    kswapd notes it after a round (shrink_node); in 4.7 everybody does after each 32 pages
    (shrink_inactive_list).
    """
    scan, lists = m.scan[0], m.lru[lru_set]
    if scan.writeback and scan.writeback == scan.taken:
        lists.set_flags |= PGDAT_WRITEBACK
    if scan.unqueued_dirty and scan.unqueued_dirty == could_be_dirty:
        lists.set_flags |= PGDAT_DIRTY
    if scan.dirty and scan.dirty == scan.congested:
        lists.set_flags |= NODE_CONGESTED


@jit
def shrink_inactive_list(s: State, m: Memory, cpu: Cpu, lru_set: int, lru: int, nr: int) -> int:
    """Look at the oldest ``nr`` pages of an inactive list, and free what can be; how many were."""
    scan = m.scan[0]
    taken = freed = activated = 0
    if not has(s, NODE_LRUS):
        _begin_count(m)
    unqueued = scan.unqueued_dirty
    scan.pageout = 0
    while taken < nr:
        obj = _next_taken(s, m, lru_set, lru)
        if obj < 0:
            break
        pages = pages_of(m, obj)
        taken += pages
        fate = _shrink_page(s, m, cpu, obj)
        if fate == _RECLAIM:
            freed += pages
        else:
            lru_del(s, m, obj)
            _put_back(s, m, obj, lru, fate)
            activated += pages if fate == _ACTIVATE else 0
    _count_scan(m, taken, freed)
    _note_reclaim(s, m, lru_set, lru, taken, freed, activated)
    scan.taken += taken
    scan.file_taken += taken if is_file_list(lru) else 0
    if taken and not has(s, NODE_LRUS):
        _note_state(m, lru_set, taken)
        if scan.immediate:
            congestion_wait(s, m)
    elif taken and scan.unqueued_dirty - unqueued == taken:
        wakeup_flusher(s, m)
    return freed


@primitive
def _count_scan(m: Memory, taken: int, freed: int) -> None:
    vm = m.vm[0]
    if m.scan[0].is_kswapd:
        vm.pgscan_kswapd += taken
        vm.pgsteal_kswapd += freed
    else:
        vm.pgscan_direct += taken
        vm.pgsteal_direct += freed


@jit
def shrink_active_list(s: State, m: Memory, lru_set: int, lru: int, nr: int) -> None:
    """Move the oldest ``nr`` pages of an active list to the inactive one, used or not.

    What programs run stays active when it was used.
    """
    taken = used = kept = 0
    while taken < nr:
        obj = _next_taken(s, m, lru_set, lru)
        if obj < 0:
            break
        page = m.page[obj]
        taken += pages_of(m, obj)
        young = page.page_flags & YOUNG != 0
        used += pages_of(m, obj) if young else 0
        page.page_flags &= ~YOUNG
        lru_del(s, m, obj)
        if young and page.mapped == EXECUTABLE:
            lru_add(s, m, obj, lru)
            kept += pages_of(m, obj)
        else:
            page.page_flags |= WORKINGSET
            lru_add(s, m, obj, lru - 1)
    file = 1 if is_file_list(lru) else 0
    if not has(s, BALANCES_BY_COST):
        m.lru[lru_set].scanned[file] += taken
        m.lru[lru_set].rotated[file] += used
    elif kept:
        note_cost(s, m, lru_set, file, 0, kept)


@primitive
def _may_deactivate(s: State, m: Memory, lru_set: int, lru: int) -> bool:
    file = 1 if is_file_list(lru) else 0
    if has(s, NODE_LRUS):
        return m.scan[0].may_deactivate & (1 << file) != 0  # type: ignore[no-any-return]
    return inactive_is_low(m, lru_set, lru - 1)


@jit
def shrink_list(s: State, m: Memory, cpu: Cpu, lru_set: int, lru: int, nr: int) -> int:
    """Scan ``nr`` pages of a list; how many were freed."""
    if not is_active(lru):
        return shrink_inactive_list(s, m, cpu, lru_set, lru, nr)
    if _may_deactivate(s, m, lru_set, lru):
        shrink_active_list(s, m, lru_set, lru, nr)
    else:
        m.scan[0].skipped_deactivate = 1
    return 0


@primitive
def _rest(target: int, left: int, percent: int) -> int:
    """What is left of a list to scan, when the smaller kind has been scanned to so many per cent."""
    wanted = target * percent // 100
    return wanted - min(wanted, target - left)


@jit
def _stop_smaller_kind(m: Memory) -> bool:
    """Of anonymous pages and those of files, the kind with fewer left is not scanned on; the other as far.

    False when one has none left (shrink_lruvec, where enough was freed).
    """
    left, target = m.scan[0].left, m.scan[0].target
    anon, file = left[INACTIVE_ANON] + left[ACTIVE_ANON], left[INACTIVE_FILE] + left[ACTIVE_FILE]
    if not anon or not file:
        return False
    small, large = (INACTIVE_ANON, INACTIVE_FILE) if file > anon else (INACTIVE_FILE, INACTIVE_ANON)
    percent = 100 - min(anon, file) * 100 // (target[small] + target[small + 1] + 1)
    for lru in range(2):
        left[small + lru] = 0
        left[large + lru] = _rest(target[large + lru], left[large + lru], percent)
    return True


@jit
def shrink_lruvec(s: State, m: Memory, cpu: Cpu, lru_set: int) -> None:
    """Scan all lists of a set, each in its turn, until enough was freed (shrink_lruvec)."""
    scan, left = m.scan[0], m.scan[0].left
    for lru in range(NR_LRU):
        left[lru] = scan.target[lru] = scan_count(s, m, lru_set, lru)
    adjusted = not scan.is_kswapd and scan.priority == DEF_PRIORITY
    freed = 0
    while left[INACTIVE_ANON] or left[ACTIVE_FILE] or left[INACTIVE_FILE]:
        for lru in range(NR_LRU):
            nr = min(left[lru], SWAP_CLUSTER_MAX)
            left[lru] -= nr
            freed += shrink_list(s, m, cpu, lru_set, lru, nr) if nr else 0
        if freed < scan.nr_to_reclaim or adjusted:
            continue
        if not _stop_smaller_kind(m):
            break
        adjusted = True
    scan.nr_reclaimed += freed
    if can_reclaim_anon(m) and inactive_is_low(m, lru_set, INACTIVE_ANON):
        shrink_active_list(s, m, lru_set, ACTIVE_ANON, SWAP_CLUSTER_MAX)


@jit
def shrink_node(s: State, m: Memory, cpu: Cpu, lru_set: int) -> int:
    """Reclaim from one set of lists; how many pages (shrink_node, 4.7: shrink_zone)."""
    scan, before = m.scan[0], m.scan[0].nr_reclaimed
    _begin_count(m)
    prepare_scan_control(s, m, lru_set)
    shrink_lruvec(s, m, cpu, lru_set)
    if scan.is_kswapd and has(s, NODE_LRUS):
        _note_state(m, lru_set, scan.file_taken)
    freed = scan.nr_reclaimed - before
    if freed:
        m.vm[0].kswapd_failures = 0
        m.lru[lru_set].pages_scanned = 0
    else:
        scan.cache_trim_failed |= scan.cache_trim
        m.lru[lru_set].pages_scanned += scan.nr_scanned
    return freed  # type: ignore[no-any-return]


@primitive
def zone_reclaimable(m: Memory, lru_set: int) -> bool:
    """4.7: whether a zone has not been scanned six times over in vain (zone_reclaimable)."""
    nr = m.lru[lru_set].nr
    pages = nr[INACTIVE_FILE] + nr[ACTIVE_FILE]
    if can_reclaim_anon(m):
        pages += nr[INACTIVE_ANON] + nr[ACTIVE_ANON]
    return m.lru[lru_set].pages_scanned < pages * 6  # type: ignore[no-any-return]


@jit
def snapshot_refaults(m: Memory, lru_set: int) -> None:
    """The next reclaim asks whether the working set changed since (snapshot_refaults)."""
    lists = m.lru[lru_set]
    lists.refaults[0], lists.refaults[1] = lists.activated[0], lists.activated[1]
