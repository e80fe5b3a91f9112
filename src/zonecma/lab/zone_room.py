"""What of each zone is free for requests that may not use areas (__zone_watermark_ok of mm/page_alloc.c)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zonecma.capture.proc.zoneinfo import ZoneInfo
from zonecma.lab.inspection import ZoneRoom

_NOT_FOR_KERNEL = ("HighMem", "Movable", "CMA", "Device")
"""Zones above that of GFP_KERNEL (gfp_zone of gfp.h)."""


def zone_rooms(zones: Sequence[ZoneInfo]) -> Iterator[ZoneRoom]:
    """The zones that have pages."""
    for zone in zones:
        if zone["managed"]:
            yield ZoneRoom(
                node=zone.node,
                name=zone.name,
                free=zone["free"],
                free_cma=zone.stats.get("nr_free_cma", 0),
                watermarks=(zone["min"], zone["low"], zone["high"]),
                on_cpus=sum(pageset.get("count", 0) for pageset in zone.pagesets),
                reserve=_reserve(zone, zones),
                unmovable_may_use=zone.name not in _NOT_FOR_KERNEL,
            )


def _reserve(zone: ZoneInfo, zones: Sequence[ZoneInfo]) -> int | None:
    """What the zone keeps from GFP_KERNEL, whose highest zone is Normal.

    lowmem_reserve has a column for each zone that the kernel is built with; which is Normal's shows where
    the file prints them all.
    """
    names = [other.name for other in zones if other.node == zone.node]
    if len(names) != len(zone.protection) or "Normal" not in names:
        return None
    return zone.protection[names.index("Normal")]
