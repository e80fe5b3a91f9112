"""zone-movable: the areas as part of ZONE_MOVABLE, merged for 4.17 and reverted before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zonecma.kernel.gfp import gfp_migratetype
from zonecma.kernel.migratetype import MIGRATE_MOVABLE
from zonecma.kernel.zone import ZONE_MOVABLE
from zonecma.placement.policy import Home, Placement
from zonecma.placement.population import Population


@dataclass(frozen=True)
class ZoneMovable(Placement):
    """The area joins ZONE_MOVABLE, and whoever may use that zone may use the area.

    Pageblocks keep MIGRATE_CMA, for counting; free CMA counts for every request (ALLOC_CMA is
    gone).  Boot widens ZONE_MOVABLE to its node and trims it to the areas, unless it has other
    memory.
    """

    name: ClassVar[str] = "zone-movable"
    kernels: ClassVar[str] = "4.17-rc1 to 4.17-rc6"
    source: ClassVar[str] = "commit bad8c6c0b114 and two more, 2018; reverted in the same year"
    home: ClassVar[Home] = Home.ZONE_MOVABLE

    @property
    def population(self) -> Population:
        """What that commit does at boot."""
        return Population(
            ZONE_MOVABLE, spares_populated=True, frees_lowmem_as_highmem=True, offline_refused=False
        )

    def may_use_cma_lists(self, gfp: int) -> bool:
        """Movable requests do, where the zone is open to them."""
        return gfp_migratetype(gfp) == MIGRATE_MOVABLE

    def counts_free_cma(self, gfp: int) -> bool:  # noqa: ARG002
        """No watermark leaves it out."""
        return True
