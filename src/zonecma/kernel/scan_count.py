"""How many pages of each LRU list reclaim scans (get_scan_count, mm/vmscan.c, 6.12 and 4.7)."""

from __future__ import annotations

from zonecma.kernel.alloc_flags import WMARK_HIGH
from zonecma.kernel.features import BALANCES_BY_COST, NODE_LRUS, has
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.lru import inactive_is_low, is_file_list
from zonecma.kernel.memory import ACTIVE_FILE, INACTIVE_ANON, INACTIVE_FILE, Memory
from zonecma.kernel.state import State
from zonecma.kernel.zone import MAX_NR_ZONES

_DEACTIVATE_ANON, _DEACTIVATE_FILE = 1, 2


@jit
def can_reclaim_anon(m: Memory) -> bool:
    """Whether there is a place for anonymous pages (can_reclaim_anon_pages)."""
    return m.vm[0].swap_free > 0  # type: ignore[no-any-return]


@jit
def _free_and_high(s: State, lru_set: int) -> tuple[int, int]:
    """Free pages, and the high marks' sum, of a set's zones."""
    free = high = 0
    for zone in range(MAX_NR_ZONES):
        if s.zone[zone].managed and (has(s, NODE_LRUS) or zone == lru_set):
            free += s.zone[zone].nr_free_pages
            high += s.zone[zone].watermark[WMARK_HIGH] + s.zone[zone].watermark_boost
    return free, high


@jit
def _set_may_deactivate(m: Memory, lru_set: int) -> None:
    scan, lists = m.scan[0], m.lru[lru_set]
    scan.may_deactivate = _DEACTIVATE_ANON | _DEACTIVATE_FILE
    if scan.force_deactivate:
        return
    if lists.activated[0] == lists.refaults[0] and not inactive_is_low(m, lru_set, INACTIVE_ANON):
        scan.may_deactivate &= ~_DEACTIVATE_ANON
    if lists.activated[1] == lists.refaults[1] and not inactive_is_low(m, lru_set, INACTIVE_FILE):
        scan.may_deactivate &= ~_DEACTIVATE_FILE


@jit
def prepare_scan_control(s: State, m: Memory, lru_set: int) -> None:
    """Which lists may be deactivated, and whether file pages alone will do (prepare_scan_control)."""
    scan, nr = m.scan[0], m.lru[lru_set].nr
    if has(s, NODE_LRUS):
        _set_may_deactivate(m, lru_set)
        calm = not scan.may_deactivate & _DEACTIVATE_FILE
    else:
        calm = not inactive_is_low(m, lru_set, INACTIVE_FILE)
    plenty = nr[INACTIVE_FILE] >> scan.priority != 0
    scan.cache_trim = calm and plenty and scan.no_cache_trim == 0
    free, high = _free_and_high(s, lru_set)
    tiny = nr[ACTIVE_FILE] + nr[INACTIVE_FILE] + free <= high
    keeps_anon = scan.may_deactivate & _DEACTIVATE_ANON == 0 and nr[INACTIVE_ANON] >> scan.priority != 0
    scan.file_is_tiny = tiny and (keeps_anon or not has(s, NODE_LRUS))


@jit
def _pressure(s: State, m: Memory, lru_set: int) -> tuple[int, int]:
    """How the scan divides between anonymous and file pages (get_scan_count)."""
    lists, swappiness = m.lru[lru_set], m.vm[0].swappiness
    if has(s, BALANCES_BY_COST):
        total = lists.cost[0] + lists.cost[1]
        anon_cost, file_cost = total + lists.cost[0], total + lists.cost[1]
        total = anon_cost + file_cost
        anon = swappiness * (total + 1) // (anon_cost + 1)
        return int(anon), int((200 - swappiness) * (total + 1) // (file_cost + 1))
    for file in range(2):
        if lists.scanned[file] > (lists.nr[2 * file] + lists.nr[2 * file + 1]) // 4:
            lists.scanned[file] //= 2
            lists.rotated[file] //= 2
    anon = swappiness * (lists.scanned[0] + 1) // (lists.rotated[0] + 1)
    return int(anon), int((200 - swappiness) * (lists.scanned[1] + 1) // (lists.rotated[1] + 1))


@primitive
def eligible_pages(m: Memory, lru_set: int, lru: int) -> int:
    """Pages of a list in zones that count (lruvec_lru_size)."""
    pages = 0
    for zone in range(min(m.scan[0].reclaim_idx + 1, MAX_NR_ZONES)):
        pages += m.lru[lru_set].nr_zone[lru, zone]
    return pages  # type: ignore[no-any-return]


@jit
def scan_count(s: State, m: Memory, lru_set: int, lru: int) -> int:
    """How many pages of a list are to be scanned (get_scan_count)."""
    scan, file = m.scan[0], is_file_list(lru)
    pages = eligible_pages(m, lru_set, lru) >> scan.priority
    if not can_reclaim_anon(m) or not scan.may_swap:
        return pages if file else 0
    if scan.priority == 0 and m.vm[0].swappiness:
        return pages  # type: ignore[no-any-return]
    if scan.file_is_tiny:
        return 0 if file else pages
    if scan.cache_trim:
        return pages if file else 0
    of_anon, of_file = _pressure(s, m, lru_set)
    return int(pages * (of_file if file else of_anon) // max(of_anon + of_file, 1))
