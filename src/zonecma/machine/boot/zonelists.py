"""build_all_zonelists: in which order each request tries the zones, and whether types are kept apart."""

from __future__ import annotations

from zonecma.kernel.alloc_flags import WMARK_HIGH
from zonecma.machine.boot.progress import Boot

MIGRATE_TYPES_WITH_CMA = 6


def build_all_zonelists(boot: Boot) -> None:
    """Note the zones that have pages now, and vm_total_pages: what is above their high marks."""
    total = vm_total_pages(boot)
    grouping = "on" if groups_by_mobility(boot, total) else "off"
    lists = (f"node {node}: {_fallback(boot, node)}" for node in boot.nodes)
    boot.log("build_all_zonelists", *lists, f"mobility grouping {grouping}; total pages: {total}")


def _fallback(boot: Boot, node: int) -> str:
    """The zones that a request on a node tries: its own from the highest down, then the next nodes'.

    Which node is next is taken from their numbers, as distances are not known.
    """
    numbers = list(boot.nodes)
    after = numbers.index(node)
    order = [*numbers[after:], *numbers[:after]]
    zones = [one for near in order for one in reversed([z for z in boot.populated() if z[0] == near])]
    return " > ".join(boot.name_of(number, zone) for number, zone, _ in zones)


def vm_total_pages(boot: Boot) -> int:
    """Pages above the high marks of all zones (nr_free_pagecache_pages, nr_free_zone_pages)."""
    return sum(max(0, int(zone.managed - zone.watermark[WMARK_HIGH])) for _, _, zone in boot.populated())


def groups_by_mobility(boot: Boot, total: int) -> bool:
    """Whether there are pageblocks enough to keep types apart.

    Before any page is managed the kernel counts with an estimate; the model takes all present ones.
    """
    if not any(zone.managed for _, _, zone in boot.populated()):
        total = sum(int(zone.present) for _, _, zone in boot.populated())
    return total >= MIGRATE_TYPES_WITH_CMA << boot.board.architecture.pageblock_order
