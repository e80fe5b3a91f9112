"""Counters of free pages, of which every CPU keeps a part to itself (mm/vmstat.c, 6.12 and 6.1).

What a CPU adds or takes joins the common counter only beyond ``stat_threshold`` pages, and when
that CPU's timer runs.  Decisions read the common part; the model keeps the exact counters, and
beside them by how much the common ones lag.
"""

from __future__ import annotations

from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.state import State
from zonecma.kernel.units import Cpu, ZoneIndex


@primitive
def free_pages_seen(s: State, zone: ZoneIndex) -> int:
    """NR_FREE_PAGES as a decision reads it (zone_page_state)."""
    return s.zone[zone].nr_free_pages - s.zone[zone].free_lag  # type: ignore[no-any-return]


@primitive
def free_cma_seen(s: State, zone: ZoneIndex) -> int:
    """NR_FREE_CMA_PAGES as a decision reads it (zone_page_state)."""
    return s.zone[zone].nr_free_cma - s.zone[zone].cma_lag  # type: ignore[no-any-return]


@primitive
def keep_free_diff(s: State, zone: ZoneIndex, nr_pages: int) -> None:
    """Add pages, counted exactly already, to this CPU's part of NR_FREE_PAGES (__mod_zone_page_state)."""
    record, pcp = s.zone[zone], s.pcp[zone, s.config[0].this_cpu]
    pcp.free_diff += nr_pages
    if abs(pcp.free_diff) > record.stat_threshold:
        record.free_lag -= pcp.free_diff
        pcp.free_diff = 0


@primitive
def mod_free_pages(s: State, zone: ZoneIndex, nr_pages: int) -> None:
    """Count free pages; a refill that counts at its end only lets them lag (rmqueue_bulk, 6.1)."""
    record = s.zone[zone]
    record.nr_free_pages += nr_pages
    record.free_lag += nr_pages
    if not record.counts_later:
        keep_free_diff(s, zone, nr_pages)


@primitive
def mod_free_cma(s: State, zone: ZoneIndex, nr_pages: int) -> None:
    """Count free pages of CMA (__mod_zone_page_state)."""
    record, pcp = s.zone[zone], s.pcp[zone, s.config[0].this_cpu]
    record.nr_free_cma += nr_pages
    record.cma_lag += nr_pages
    pcp.cma_diff += nr_pages
    if abs(pcp.cma_diff) > record.stat_threshold:
        record.cma_lag -= pcp.cma_diff
        pcp.cma_diff = 0


@jit
def fold_zone_diffs(s: State, zone: ZoneIndex, cpu: Cpu) -> None:
    """Let a CPU's parts join the common counters (refresh_cpu_vm_stats)."""
    record, pcp = s.zone[zone], s.pcp[zone, cpu]
    record.free_lag -= pcp.free_diff
    record.cma_lag -= pcp.cma_diff
    pcp.free_diff = pcp.cma_diff = 0
