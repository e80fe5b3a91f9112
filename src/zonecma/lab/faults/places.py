"""Zones that faults are looked for in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from zonecma.kernel.units import ZoneIndex
from zonecma.machine.boot.progress import Boot


def own_zone(boot: Boot) -> Iterator[tuple[int, ZoneIndex, Any]]:
    """The zone that areas moved to, on each node where it has pages."""
    population = boot.placement.population
    return (one for one in boot.populated() if population and one[1] == population.zone)


def zones_of_areas(boot: Boot) -> Iterator[tuple[int, ZoneIndex, Any]]:
    """Zones that hold frames of activated areas."""
    held = {
        (boot.node_of(area), int(boot.nodes[boot.node_of(area)].frame.zone[area.base_pfn]))
        for area in boot.areas
        if boot.lends_areas
    }
    return (one for one in boot.populated() if (one[0], int(one[1])) in held)
