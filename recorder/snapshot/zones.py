"""Zones: sizes, thresholds, free lists, per-cpu lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drgn import Object, Program, sizeof
from drgn.helpers.linux.list import list_for_each_entry
from drgn.helpers.linux.mm import pfn_to_page
from drgn.helpers.linux.percpu import per_cpu_ptr

from recorder.snapshot.pageblocks import pageblocks
from recorder.snapshot.program import has_member

_COMPACTION = (
    "compact_cached_free_pfn",
    "compact_considered",
    "compact_defer_shift",
    "compact_order_failed",
    "compact_init_migrate_pfn",
    "compact_init_free_pfn",
)
_PCP = (
    "count",
    "high",
    "high_min",
    "high_max",
    "batch",
    "flags",
    "alloc_factor",
    "free_factor",
    "free_count",
    "expire",
)
"""Fields of struct per_cpu_pages; a kernel has some of them."""


class Pages:
    """Turns lists of struct pages into frames."""

    def __init__(self, program: Program) -> None:
        self._base = int(pfn_to_page(program, 0))
        self._size = sizeof(program.type("struct page"))
        self._buddy = "buddy_list" if has_member(program, "struct page", "buddy_list") else "lru"
        self._pcp = "pcp_list" if has_member(program, "struct page", "pcp_list") else "lru"

    def free(self, head: Object) -> list[int]:
        """Frames of a free list."""
        return self._frames(head, self._buddy)

    def pcp(self, head: Object) -> list[int]:
        """Frames of a per-cpu list."""
        return self._frames(head, self._pcp)

    def _frames(self, head: Object, member: str) -> list[int]:
        entries = list_for_each_entry("struct page", head.address_of_(), member)
        return [(int(page) - self._base) // self._size for page in entries]


def zones(program: Program, cpus: Sequence[int], migratetypes: dict[int, str]) -> list[dict[str, Any]]:
    """The zones of the node that span anything, lowest first."""
    pages = Pages(program)
    every = program["contig_page_data"].node_zones
    return [_zone(program, zone, pages, cpus, migratetypes) for zone in every if zone.spanned_pages]


def _zone(
    program: Program, zone: Object, pages: Pages, cpus: Sequence[int], types: dict[int, str]
) -> dict[str, Any]:
    start, spanned = int(zone.zone_start_pfn), int(zone.spanned_pages)
    return {
        "name": zone.name.string_().decode(),
        "address": hex(int(zone.address_of_())),  # what the probe `decay` names a zone by
        "start_pfn": start,
        "spanned": spanned,
        "present": int(zone.present_pages),
        "managed": int(zone.managed_pages.counter),
        "cma": int(zone.cma_pages),
        **_thresholds(zone),
        **{name: int(zone.member_(name)) for name in _COMPACTION},
        "compact_cached_migrate_pfn": [int(pfn) for pfn in zone.compact_cached_migrate_pfn],
        "vm_stat": _statistics(program, zone),
        "nr_free": [int(area.nr_free) for area in zone.free_area],
        "free": _free(zone, pages, types),
        "pcp": [_pcp(per_cpu_ptr(zone.per_cpu_pageset, cpu), cpu, program, pages) for cpu in cpus],
        "pageblocks": pageblocks(program, start, spanned),
    }


def _thresholds(zone: Object) -> dict[str, Any]:
    return {
        "watermark": [int(mark) for mark in zone._watermark],
        "watermark_boost": int(zone.watermark_boost),
        "lowmem_reserve": [int(reserve) for reserve in zone.lowmem_reserve],
        "nr_reserved_highatomic": int(zone.nr_reserved_highatomic),
    }


def _statistics(program: Program, zone: Object) -> dict[str, int]:
    """The zone's counters by name; per-cpu differences are not in them."""
    names = program.type("enum zone_stat_item").enumerators
    assert names, "an enumeration has enumerators"
    return {name: int(zone.vm_stat[value].counter) for name, value in names if value < len(zone.vm_stat)}


def _free(zone: Object, pages: Pages, types: dict[int, str]) -> dict[int, dict[str, list[int]]]:
    """Order, migratetype, frames: the lists that are not empty."""
    lists = {}
    for order, area in enumerate(zone.free_area):
        found = {types[i]: frames for i, head in enumerate(area.free_list) if (frames := pages.free(head))}
        if found:
            lists[order] = found
    return lists


def _pcp(pcp: Object, cpu: int, program: Program, pages: Pages) -> dict[str, Any]:
    """A CPU's lists, by their number."""
    fields = {
        name: int(pcp.member_(name)) for name in _PCP if has_member(program, "struct per_cpu_pages", name)
    }
    return {"cpu": cpu, **fields, "lists": [pages.pcp(head) for head in pcp.lists]}
