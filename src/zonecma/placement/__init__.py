"""Where contiguous memory lives: one policy a file, each a few pure decisions."""

from __future__ import annotations

from zonecma.placement.android_redirect import AndroidRedirect
from zonecma.placement.balanced import Balanced
from zonecma.placement.carveout import Carveout
from zonecma.placement.cma_first import CmaFirst
from zonecma.placement.gcma import Gcma
from zonecma.placement.half_free import HalfFree
from zonecma.placement.interleave import Interleave
from zonecma.placement.last_resort import LastResort
from zonecma.placement.page_cache_only import PageCacheOnly
from zonecma.placement.parse import COMPARED, PLACEMENTS
from zonecma.placement.policy import Home, Placement
from zonecma.placement.zone_cma import Series, ZoneCma
from zonecma.placement.zone_movable import ZoneMovable

__all__ = [
    "COMPARED",
    "PLACEMENTS",
    "AndroidRedirect",
    "Balanced",
    "Carveout",
    "CmaFirst",
    "Gcma",
    "HalfFree",
    "Home",
    "Interleave",
    "LastResort",
    "PageCacheOnly",
    "Placement",
    "Series",
    "ZoneCma",
    "ZoneMovable",
]
