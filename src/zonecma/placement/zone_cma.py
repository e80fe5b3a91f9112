"""zone-cma: the area as a zone of its own, as the 2016 series proposed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zonecma.kernel.gfp import gfp_zone, is_highuser_movable
from zonecma.kernel.migratetype import MIGRATE_MOVABLE
from zonecma.kernel.units import Migratetype, ZoneIndex
from zonecma.kernel.zone import ZONE_CMA
from zonecma.placement.policy import Home, Placement


@dataclass(frozen=True)
class ZoneCma(Placement):
    """Only requests with both __GFP_HIGHMEM and __GFP_MOVABLE enter, and they enter first.

    A block-device buffer has __GFP_MOVABLE alone and stays out.  The pageblocks are movable
    ones and no watermark knows of CMA (patches 2 to 6 of the series, v3).
    """

    name: ClassVar[str] = "zone-cma"
    kernels: ClassVar[str] = "none; series on linux-mm, 2015 to 2018"
    home: ClassVar[Home] = Home.ZONE_CMA
    migratetype: ClassVar[Migratetype] = MIGRATE_MOVABLE

    def highest_zone(self, gfp: int) -> ZoneIndex:
        """GFP_ZONE_TABLE's entry for HIGHMEM and MOVABLE becomes ZONE_CMA."""
        return ZONE_CMA if is_highuser_movable(gfp) else gfp_zone(gfp)

    def may_use_cma_lists(self, gfp: int) -> bool:  # noqa: ARG002
        """There are none."""
        return False
