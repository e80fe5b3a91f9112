"""In which order a request tries the zones (build_zonelists, mm/page_alloc.c)."""

from __future__ import annotations

from zonecma.kernel.state import State
from zonecma.kernel.units import ZoneIndex


def build_zonelist(s: State, highest_zone: ZoneIndex) -> list[ZoneIndex]:
    """The populated zones from ``highest_zone`` down, on a machine of one node."""
    return [ZoneIndex(i) for i in range(highest_zone, -1, -1) if s.zone[i].present]
