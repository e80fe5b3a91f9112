"""What an architecture fixes: where its zones end, its page size, its orders."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from zonecma.kernel.units import ZoneIndex
from zonecma.kernel.zone import ZONE_DMA, ZONE_DMA32, ZONE_HIGHMEM, ZONE_NORMAL

MIB = 1 << 20
GIB = 1 << 30
END_OF_MEMORY = None
"""A zone that reaches as far as memory does."""


@dataclass(frozen=True)
class Architecture:
    """Zone limits and page sizes of one kind of kernel build.  Addresses and sizes in bytes."""

    name: str
    zone_ends: tuple[tuple[ZoneIndex, int | None], ...]
    """each configured zone below MOVABLE, lowest first, with its end address; END_OF_MEMORY for the last"""
    bits: int = 64
    page_shift: int = 12
    pageblock_order: int = 9
    max_order: int = 10
    """the largest order that the buddy lists hold (MAX_PAGE_ORDER)"""
    default_area_below: ZoneIndex | None = None
    """the default area ends with this zone (dma_contiguous_reserve's limit); None: with memory"""
    gigantic_page: int = 0
    """bytes of the huge page that ``hugetlb_cma=`` is for; 0: none"""
    huge_areas_first: bool = False
    """``hugetlb_cma=`` is served before the default area"""

    @property
    def page_size(self) -> int:
        """Bytes of a page frame."""
        return 1 << self.page_shift

    @property
    def default_area_limit(self) -> int:
        """The address that the default area ends below; 0: none."""
        if self.default_area_below is None:
            return 0
        return dict(self.zone_ends)[self.default_area_below] or 0

    @property
    def has_highmem(self) -> bool:
        """Whether the kernel can't address all memory at once (CONFIG_HIGHMEM)."""
        return any(zone == ZONE_HIGHMEM for zone, _ in self.zone_ends)

    def with_zone_end(self, zone: ZoneIndex, end: int) -> Architecture:
        """The same with another address at which ``zone`` ends."""
        ends = tuple((one, end if one == zone else old) for one, old in self.zone_ends)
        return dataclasses.replace(self, zone_ends=ends)

    def with_pages_of(self, kib: int) -> Architecture:
        """The same with pages of 4, 16 or 64 KiB, and the orders that arm64 has for them.

        arch/arm64/Kconfig: ARCH_FORCE_MAX_ORDER 10, 11, 13; a huge page is one page table's worth,
        a gigantic one a block of the table above or 32 huge ones (arm64_hugetlb_cma_reserve).
        Raises ValueError for another size.
        """
        orders = {4: (12, 9, 10, GIB), 16: (14, 11, 11, GIB), 64: (16, 13, 13, 16 * GIB)}
        if kib not in orders:
            raise ValueError(f"pages of {kib} KiB; expected 4, 16 or 64")
        shift, pageblock, largest, gigantic = orders[kib]
        return dataclasses.replace(
            self, page_shift=shift, pageblock_order=pageblock, max_order=largest, gigantic_page=gigantic
        )


X86_64 = Architecture(
    "x86-64",
    ((ZONE_DMA, 16 * MIB), (ZONE_DMA32, 4 * GIB), (ZONE_NORMAL, END_OF_MEMORY)),
    gigantic_page=GIB,
)
"""arch/x86/mm/init.c, zone_sizes_init."""

X86_32_LOWMEM = 0x377FE000
"""MAXMEM of x86-32 with 3 GiB of user space and the usual 128 MiB of vmalloc (pgtable_32_types.h)."""
X86_32 = Architecture(
    "x86-32",
    ((ZONE_DMA, 16 * MIB), (ZONE_NORMAL, X86_32_LOWMEM)),
    bits=32,
    pageblock_order=10,
    default_area_below=ZONE_NORMAL,
)
"""CONFIG_NOHIGHMEM, no huge pages: memory above low memory is not used."""
X86_32_HIGHMEM = Architecture(
    "x86-32-highmem",
    ((ZONE_DMA, 16 * MIB), (ZONE_NORMAL, X86_32_LOWMEM), (ZONE_HIGHMEM, END_OF_MEMORY)),
    bits=32,
    pageblock_order=10,
    default_area_below=ZONE_NORMAL,
)
"""CONFIG_HIGHMEM4G, no huge pages."""

ARM64 = Architecture(
    "arm64",
    ((ZONE_DMA, 4 * GIB), (ZONE_DMA32, 4 * GIB), (ZONE_NORMAL, END_OF_MEMORY)),
    default_area_below=ZONE_DMA,
    gigantic_page=GIB,
    huge_areas_first=True,
)
"""arch/arm64/mm/init.c: without devices of fewer address bits, all below 4 GiB is ZONE_DMA."""

ARM_LOWMEM = 760 * MIB
"""From the start of memory, with the usual 240 MiB of vmalloc (arch/arm/mm/mmu.c, adjust_lowmem_bounds)."""
ARM_HIGHMEM = Architecture(
    "arm-highmem", ((ZONE_NORMAL, ARM_LOWMEM), (ZONE_HIGHMEM, END_OF_MEMORY)), bits=32, pageblock_order=10
)
"""CONFIG_HIGHMEM without CONFIG_ZONE_DMA; memory is taken to start at address 0."""

ARCHITECTURES = {one.name: one for one in (X86_64, X86_32, X86_32_HIGHMEM, ARM64, ARM_HIGHMEM)}
"""By name."""
