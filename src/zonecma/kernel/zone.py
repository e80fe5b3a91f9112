"""``enum zone_type``: the zones a node can have, lowest first.

ZONE_CMA stands where the series put it: above MOVABLE, so that a request which may use it
may use every other zone too.
"""

from __future__ import annotations

from zonecma.kernel.units import ZoneIndex

ZONE_DMA = ZoneIndex(0)
ZONE_DMA32 = ZoneIndex(1)
ZONE_NORMAL = ZoneIndex(2)
ZONE_HIGHMEM = ZoneIndex(3)
ZONE_MOVABLE = ZoneIndex(4)
ZONE_CMA = ZoneIndex(5)
MAX_NR_ZONES = 6

NO_ZONE = ZoneIndex(255)
"""The zone of a frame that is in none: a hole, or an area that was carved out."""

NOT_ASKED = -1
"""Nobody has asked kswapd for a zone since its last round."""

NAMES = ("DMA", "DMA32", "Normal", "HighMem", "Movable", "CMA")
"""As /proc/zoneinfo prints them."""

# zone->flags (mmzone.h, 6.12 and 4.7); the values are ours.
ZONE_RECLAIM_ACTIVE = 2
"""kswapd reclaims: per-cpu lists keep little."""
ZONE_BELOW_HIGH = 4
ZONE_FAIR_DEPLETED = 8
"""4.7: the zone's turn is over."""
