"""Where contiguous memory lives: one policy a file, each a few pure decisions."""

from __future__ import annotations

from zonecma.placement.carveout import Carveout
from zonecma.placement.half_free import HalfFree
from zonecma.placement.last_resort import LastResort
from zonecma.placement.parse import PLACEMENTS
from zonecma.placement.policy import Home, Placement
from zonecma.placement.zone_cma import ZoneCma

__all__ = [
    "PLACEMENTS",
    "Carveout",
    "HalfFree",
    "Home",
    "LastResort",
    "Placement",
    "ZoneCma",
]
