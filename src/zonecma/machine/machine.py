"""A machine as the model needs it."""

from __future__ import annotations

from dataclasses import dataclass

from zonecma.capture.snapshot import Snapshot
from zonecma.errors import InputError
from zonecma.kernel.rules import Rules, rules_for, why_not_modelled
from zonecma.kernel.units import Pfn, ZoneIndex
from zonecma.kernel.zone import ZONE_DMA, ZONE_DMA32, ZONE_NORMAL


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
    page_kib: int = 4
    max_order: int = 10
    dma_end: int = (16 << 20) >> 12
    """The frame after ZONE_DMA; x86-64"""
    dma32_end: int = (4 << 30) >> 12
    """The frame after ZONE_DMA32; x86-64"""

    @property
    def nr_frames(self) -> int:
        """The frame after the last zone."""
        return max(zone.start_pfn + zone.spanned for zone in self.zones)

    def home_zone(self, pfn: Pfn) -> ZoneIndex:
        """The zone that the architecture gives to a frame, before any zone is carved out."""
        if pfn < self.dma_end:
            return ZONE_DMA
        return ZONE_DMA32 if pfn < self.dma32_end else ZONE_NORMAL


def machine_of(snapshot: Snapshot, release: str) -> Machine:
    """The machine that a snapshot shows, under the rules of a kernel release.

    An area that the kernel did not activate (count 0) is none.  Raises InputError for a
    kernel whose allocator is not modelled.
    """
    rules = rules_for(release)
    if rules is None:
        raise InputError(f"{why_not_modelled(release)}; recordings of 6.12 can be used")
    return Machine(
        zones=tuple(Zone(z.index, z.start_pfn, z.spanned, z.present, z.managed) for z in snapshot.zones),
        areas=tuple(Area(a.name, a.base_pfn, a.count, a.order_per_bit) for a in snapshot.areas if a.count),
        nr_cpus=len(snapshot.zones[0].pcp),
        pageblock_order=snapshot.zones[0].pageblock_order,
        rules=rules,
    )
