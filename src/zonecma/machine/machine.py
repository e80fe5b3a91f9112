"""A machine as the model needs it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.rules import Rules
from zonecma.kernel.state import MAX_PAGE_ORDER
from zonecma.kernel.thresholds import HugePages, Tunables
from zonecma.kernel.units import Pfn, ZoneIndex
from zonecma.kernel.zone import NO_ZONE, ZONE_DMA, ZONE_DMA32, ZONE_NORMAL


@dataclass(frozen=True)
class Zone:
    """One zone's extent; sizes in frames."""

    index: ZoneIndex
    start_pfn: Pfn
    spanned: int
    present: int
    managed: int


@dataclass(frozen=True)
class Area:
    """One CMA area."""

    name: str
    base_pfn: Pfn
    count: int
    """frames"""
    order_per_bit: int

    @property
    def end_pfn(self) -> Pfn:
        """The frame after the area."""
        return Pfn(self.base_pfn + self.count)


@dataclass(frozen=True)
class Machine:
    """What memory there is, and which kernel's rules govern it."""

    zones: tuple[Zone, ...]
    areas: tuple[Area, ...]
    nr_cpus: int
    pageblock_order: int
    rules: Rules
    former_areas: tuple[Area, ...] = ()
    """what its areas were when its snapshot was taken, where they are to be others now"""
    huge_pages: HugePages = HugePages.ON
    """khugepaged runs, and raises the watermarks"""
    min_free_pages: int | None = None
    """vm.min_free_kbytes in pages where somebody set it; None: as the kernel computes it"""
    page_kib: int = 4
    max_order: int = MAX_PAGE_ORDER
    dma_end: int = (16 << 20) >> 12
    """The frame after ZONE_DMA; x86-64"""
    dma32_end: int = (4 << 30) >> 12
    """The frame after ZONE_DMA32; x86-64"""

    @property
    def tunables(self) -> Tunables:
        """What its thresholds depend on besides its zones."""
        return Tunables(self.rules, self.page_kib)

    @property
    def nr_frames(self) -> int:
        """The frame after the last zone."""
        return max(zone.start_pfn + zone.spanned for zone in self.zones)

    def zone_of_frames(self) -> NDArray[np.uint8]:
        """u1[frames]: the zone of each; NO_ZONE."""
        zone_of = np.full(self.nr_frames, NO_ZONE, np.uint8)
        for zone in self.zones:
            zone_of[zone.start_pfn : zone.start_pfn + zone.spanned] = zone.index
        return zone_of

    @property
    def area_pages(self) -> int:
        """Frames of all areas."""
        return sum(area.count for area in self.areas)

    def home_zone(self, pfn: Pfn) -> ZoneIndex:
        """The zone that the architecture gives to a frame, before any zone is carved out."""
        if pfn < self.dma_end:
            return ZONE_DMA
        return ZONE_DMA32 if pfn < self.dma32_end else ZONE_NORMAL
