"""A booted machine as its kernel's /proc/zoneinfo shows it.

vmstat.c: zoneinfo_show_print and the names of vmstat_text, in 4.7, 6.1 and 6.12.  Nothing runs
on a machine that has only booted, so counters of pages in use are 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from zonecma.kernel.alloc_flags import WMARK_HIGH, WMARK_LOW, WMARK_MIN, WMARK_PROMO
from zonecma.kernel.migratetype import MIGRATE_CMA
from zonecma.kernel.units import ZoneIndex
from zonecma.kernel.zone import NAMES
from zonecma.machine.boot.progress import Boot
from zonecma.machine.boot.shown import is_shown, present_as_shown

_ZONE_STATS_4_7 = """
nr_free_pages nr_alloc_batch nr_inactive_anon nr_active_anon nr_inactive_file nr_active_file nr_unevictable
nr_mlock nr_anon_pages nr_mapped nr_file_pages nr_dirty nr_writeback nr_slab_reclaimable nr_slab_unreclaimable
nr_page_table_pages nr_kernel_stack nr_unstable nr_bounce nr_vmscan_write nr_vmscan_immediate_reclaim
nr_writeback_temp nr_isolated_anon nr_isolated_file nr_shmem nr_dirtied nr_written nr_pages_scanned
workingset_refault workingset_activate workingset_nodereclaim nr_anon_transparent_hugepages
"""
_NODE_STATS_6_1 = """
nr_inactive_anon nr_active_anon nr_inactive_file nr_active_file nr_unevictable nr_slab_reclaimable
nr_slab_unreclaimable nr_isolated_anon nr_isolated_file workingset_nodes workingset_refault_anon
workingset_refault_file workingset_activate_anon workingset_activate_file workingset_restore_anon
workingset_restore_file workingset_nodereclaim nr_anon_pages nr_mapped nr_file_pages nr_dirty nr_writeback
nr_writeback_temp nr_shmem nr_shmem_hugepages nr_shmem_pmdmapped nr_file_hugepages nr_file_pmdmapped
nr_anon_transparent_hugepages nr_vmscan_write nr_vmscan_immediate_reclaim nr_dirtied nr_written
nr_throttled_written nr_kernel_misc_reclaimable nr_foll_pin_acquired nr_foll_pin_released nr_kernel_stack
nr_page_table_pages nr_sec_page_table_pages nr_swapcached
"""
_NODE_STATS_6_12 = f"{_NODE_STATS_6_1} pgdemote_kswapd pgdemote_direct pgdemote_khugepaged"
_ZONE_STATS_6 = """
nr_free_pages nr_zone_inactive_anon nr_zone_active_anon nr_zone_inactive_file nr_zone_active_file
nr_zone_unevictable nr_zone_write_pending nr_mlock nr_bounce nr_zspages nr_free_cma
"""

_NUMA_STATS = "numa_hit numa_miss numa_foreign numa_interleave numa_local numa_other"
"""Of kernels built for several nodes (CONFIG_NUMA); the model has it for machines that have them."""


def zoneinfo_text(boot: Boot) -> str:
    """The whole file."""
    return "\n".join(line for node in boot.nodes for line in _node(boot, node)) + "\n"


def _node(boot: Boot, node: int) -> Iterator[str]:
    shown = [zone for zone in boot.configured if is_shown(boot, node, zone)]
    populated = [zone for zone in shown if boot.nodes[node].zone[zone].present]
    for zone in shown:
        yield f"Node {node}, zone {NAMES[zone]:>8}"
        if boot.rules.boot.node_lru and populated[:1] == [zone]:
            yield "  per-node stats"
            names = _NODE_STATS_6_12 if boot.rules.boot.promo_mark else _NODE_STATS_6_1
            yield from (f"      {name:<12} 0" for name in names.split())
        yield from _zone(boot, node, zone)


def _zone(boot: Boot, node: int, zone: ZoneIndex) -> Iterator[str]:
    record = boot.nodes[node].zone[zone]
    yield from _sizes(boot, record)
    columns = ", ".join(str(record.lowmem_reserve[higher]) for higher in boot.configured)
    protection = f"        protection: ({columns})"
    stats = _stats(boot, record)
    if not boot.rules.boot.node_lru:
        yield from (f"    {name:<12} {value}" for name, value in stats)
        yield protection
    else:
        yield protection
        if not record.present:
            return
        yield from (f"      {name:<12} {value}" for name, value in stats)
    yield from _pagesets(boot, node, zone)
    yield from _tail(boot, record)


def _sizes(boot: Boot, record: Any) -> Iterator[str]:
    marks = {"min": WMARK_MIN, "low": WMARK_LOW, "high": WMARK_HIGH}
    rows: list[tuple[str, int]] = [("boost", 0)] if boot.rules.boot.node_lru else []
    rows += [(name, int(record.watermark[mark])) for name, mark in marks.items()]
    if boot.rules.boot.promo_mark:
        rows.append(("promo", int(record.watermark[WMARK_PROMO])))
    if not boot.rules.boot.node_lru:
        rows.append(("scanned", 0))
    rows += [("spanned", int(record.spanned)), ("present", present_as_shown(boot, int(record.present)))]
    rows.append(("managed", int(record.managed)))
    if boot.rules.boot.node_lru:
        rows.append(("cma", int(record.cma)))
    yield f"  pages free     {record.nr_free_pages}"
    yield from (f"        {name:<8} {value}" for name, value in rows)


def _stats(boot: Boot, record: Any) -> list[tuple[str, int]]:
    names = (_ZONE_STATS_6 if boot.rules.boot.node_lru else _ZONE_STATS_4_7).split()
    known = {
        "nr_free_pages": int(record.nr_free_pages),
        "nr_alloc_batch": int(record.nr_alloc_batch),
        "nr_free_cma": int(record.nr_free_cma),
    }
    counts_cma = boot.rules.boot.node_lru or boot.placement.migratetype == MIGRATE_CMA
    if counts_cma and "nr_free_cma" not in names:
        names.append("nr_free_cma")
    if len(boot.nodes) > 1:
        place = len(names) if boot.rules.boot.node_lru else names.index("workingset_refault")
        names[place:place] = _NUMA_STATS.split()
    return [(name, known.get(name, 0)) for name in names]


def _pagesets(boot: Boot, node: int, zone: ZoneIndex) -> Iterator[str]:
    yield "  pagesets"
    for cpu in range(boot.board.nr_cpus):
        pcp: Any = boot.nodes[node].pcp[zone, cpu]
        yield f"    cpu: {cpu}"
        yield f"              count: {pcp.count}"
        yield f"              high:  {pcp.high}"
        yield f"              batch: {pcp.batch}"
        if boot.board.smp:
            yield f"  vm stats threshold: {boot.nodes[node].zone[zone].stat_threshold}"


def _tail(boot: Boot, record: Any) -> Iterator[str]:
    if boot.rules.boot.node_lru:
        yield "  node_unreclaimable:  0"
        yield f"  start_pfn:           {record.start_pfn}"
    else:
        yield "  all_unreclaimable: 1"  # 0 pages scanned is not below 0 reclaimable ones (zone_reclaimable)
        yield f"  start_pfn:         {record.start_pfn}"
        yield "  inactive_ratio:    0"
