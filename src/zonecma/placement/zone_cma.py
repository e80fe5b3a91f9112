"""zone-cma: the area as a zone of its own, as the series of 2015 to 2017 proposed."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar

from zonecma.kernel.gfp import gfp_zone, is_highuser_movable
from zonecma.kernel.migratetype import MIGRATE_MOVABLE
from zonecma.kernel.units import Migratetype, ZoneIndex
from zonecma.kernel.zone import ZONE_CMA
from zonecma.placement.policy import Home, Placement
from zonecma.placement.population import Population, ReserveRatio, Trim


class Series(enum.Enum):
    """A posting of the series."""

    V1 = "v1"
    V2 = "v2"
    V3 = "v3"
    V3_FLATMEM_FIX = "v3-flatmem-fix"
    V4 = "v4"
    V5 = "v5"
    V6 = "v6"
    V7 = "v7"


_TRIMS_NOTHING = Population(
    ZONE_CMA,
    trims_populated_only=True,
    per_node=False,
    before_watermarks=False,
    own_pageset=False,
    reserve_ratio=ReserveRatio.SHORT,
)
"""v4: a core_initcall, which is linked after init_per_zone_wmark_min's."""

_POPULATIONS = MappingProxyType(
    {
        # 3.18: watermarks came with module_init; init_cma_reserved_pageblock, [RFC 13/16], 2015-02-12.
        Series.V1: Population(
            ZONE_CMA,
            trim=Trim.NEVER,
            counted_from_start=True,
            crosses_zones=True,
            reserve_ratio=ReserveRatio.LISTED,
        ),
        # v2, 2016-04-25, and [PATCH v3 3/6], 2016-05-26: activate, then trim.
        Series.V2: replace(_TRIMS_NOTHING, trim=Trim.AFTER),
        Series.V3: replace(_TRIMS_NOTHING, trim=Trim.AFTER),
        # The mail of 2016-06-23 in that thread, and [PATCH v4 2/5], 2016-08-09: the other way round.
        Series.V3_FLATMEM_FIX: _TRIMS_NOTHING,
        Series.V4: _TRIMS_NOTHING,
        # [PATCH v5 3/6], 2016-08-29: pure_initcall, for_each_zone, setup_zone_pageset.
        Series.V5: Population(ZONE_CMA, per_node=False),
        # [PATCH v6 3/6], 2016-10-14, and v7, 2017-04-11: each node by itself.
        Series.V6: Population(ZONE_CMA),
        Series.V7: Population(ZONE_CMA),
    }
)


@dataclass(frozen=True)
class ZoneCma(Placement):
    """Only requests with both __GFP_HIGHMEM and __GFP_MOVABLE enter, and they enter first.

    A block-device buffer has __GFP_MOVABLE alone and stays out.  The pageblocks are movable
    ones and no watermark knows of CMA (patches 2 to 6 of the series).  ``series`` decides how
    the zone is filled at boot.
    """

    name: ClassVar[str] = "zone-cma"
    kernels: ClassVar[str] = "none"
    source: ClassVar[str] = (
        "series on linux-mm, 1423726340-4084-1-git-send-email-iamjoonsoo.kim@lge.com, 2015, to v7, 2017"
    )
    home: ClassVar[Home] = Home.ZONE_CMA
    migratetype: ClassVar[Migratetype] = MIGRATE_MOVABLE
    series: Series = Series.V7

    @property
    def population(self) -> Population:
        """What this posting's code does at boot."""
        return _POPULATIONS[self.series]

    def highest_zone(self, gfp: int) -> ZoneIndex:
        """GFP_ZONE_TABLE's entry for HIGHMEM and MOVABLE becomes ZONE_CMA."""
        return ZONE_CMA if is_highuser_movable(gfp) else gfp_zone(gfp)

    def may_use_cma_lists(self, gfp: int) -> bool:  # noqa: ARG002
        """There are none."""
        return False
