"""What inspect finds: plain values.  Sizes are frames unless they say otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from zonecma.lab.bitmap_runs import Ranges, Run
from zonecma.lab.frame_use import Use


@dataclass(frozen=True)
class Holder:
    """Pages that the same task got in the same way."""

    frames: int
    task: str
    """empty: this kernel does not say"""
    gfp: str
    page_type: str
    """migratetype of the request"""
    function: str
    """the innermost that is not the allocator's"""
    use: Use
    device: bool
    """whether it is a contiguous call that has them"""
    misplaced: bool
    """whether such pages have no business in an area: not movable, and no contiguous call's"""
    moved_by: str = ""
    """of the misplaced: why migration put them there; empty: they were allocated there"""


@dataclass(frozen=True)
class SizeRow:
    """What a contiguous call of a size would find."""

    frames: int
    anywhere: Ranges
    """ranges that may begin at any bit"""
    aligned: Ranges
    """those that begin at a multiple of their size, as the DMA API asks for up to CONFIG_CMA_ALIGNMENT"""


@dataclass(frozen=True)
class AreaView:
    """One area."""

    name: str
    base_pfn: int
    count: int
    order_per_bit: int
    zone: str
    """empty: not told"""
    taken_told_by: str
    """``bitmap`` or ``page_owner``; empty: nothing tells what contiguous calls have"""
    runs: tuple[Run, ...]
    """free runs of the bitmap"""
    uses: NDArray[np.uint8]
    """what each frame holds, a Use"""
    counts: dict[Use, int]
    """frames of each use that occurs"""
    mapped: int | None
    """frames that some address space maps (kpagecount); None: not read"""
    holders: tuple[Holder, ...]
    """the misplaced first, then those whose pages stay, then the most frames"""
    others: int
    """frames of allocations beyond so many kinds of holders as are kept"""
    sizes: tuple[SizeRow, ...]
    sysfs: dict[str, int]
    """counters of /sys/kernel/mm/cma since boot: frames"""
    notes: tuple[str, ...] = ()
    """what does not agree, or is not whole"""

    @property
    def used(self) -> int:
        """Frames that contiguous calls have."""
        return self.counts.get(Use.DEVICE, 0)

    @property
    def largest(self) -> Run | None:
        """The longest free run of the bitmap, the first of several."""
        return max(self.runs, key=lambda run: run.length, default=None)


@dataclass(frozen=True)
class ZoneRoom:
    """What of a zone is free, and for whom."""

    node: int
    name: str
    free: int
    free_cma: int
    watermarks: tuple[int, int, int]
    """min, low, high"""
    on_cpus: int
    """free frames on the lists of CPUs, which ``free`` does not count"""
    reserve: int | None
    """lowmem_reserve against requests up to Normal; None: not told which it is"""
    unmovable_may_use: bool
    """whether GFP_KERNEL gets there: not in HighMem, Movable, CMA"""

    @property
    def for_unmovable(self) -> int:
        """What __zone_watermark_ok counts as free for GFP_KERNEL."""
        return self.free - self.free_cma if self.unmovable_may_use else 0

    @property
    def above_min(self) -> int:
        """How many of those may go before the zone's min refuses; not positive: it does."""
        return self.for_unmovable - self.watermarks[0] - (self.reserve or 0)

    @property
    def above_low(self) -> int:
        """The same of low, which is asked first."""
        return self.for_unmovable - self.watermarks[1] - (self.reserve or 0)


@dataclass(frozen=True)
class Missing:
    """Something that could not be read."""

    what: str
    why: str
    hides: str
    """what it would have shown"""


@dataclass(frozen=True)
class OwnerScan:
    """How page_owner was read."""

    records: int
    unread: int
    cut: bool
    seconds: float


@dataclass(frozen=True)
class Inspection:
    """A machine's areas at one moment."""

    name: str
    moment: str
    kernel: str
    """its release; empty: not told"""
    page_size: int
    """bytes"""
    areas: tuple[AreaView, ...]
    zones: tuple[ZoneRoom, ...]
    total_cma: int | None
    """frames in areas as the kernel counts them; None: not told"""
    huge_free: int | None
    """free huge pages, of which hugetlb ones in an area need one to move"""
    owners: OwnerScan | None
    missing: tuple[Missing, ...] = field(default=())
    notes: tuple[str, ...] = field(default=())
