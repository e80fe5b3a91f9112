"""One area: what each frame holds, where there is room, and what two files say differently."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.areas_now import AreaNow
from zonecma.capture.proc.zoneinfo import ZoneInfo
from zonecma.lab.bitmap_runs import free_runs, ranges_of, sums
from zonecma.lab.frame_use import Prospect, Use, prospects, uses_by_flags
from zonecma.lab.holders import AreaOwners
from zonecma.lab.inspection import AreaView, SizeRow
from zonecma.lab.machine_facts import MachineFacts


def taken_by_bitmap(area: AreaNow) -> NDArray[np.bool_] | None:
    """Which frames contiguous calls have; None where there is no bitmap."""
    if area.bitmap is None:
        return None
    return np.repeat(area.bitmap.astype(bool), 1 << area.order_per_bit)


def view_of(area: AreaNow, owners: AreaOwners | None, facts: MachineFacts) -> AreaView:
    """What was read of an area, put together."""
    taken = taken_by_bitmap(area)
    told_by = "" if taken is None else "bitmap"
    if taken is None and owners is not None:
        taken, told_by = owners.contiguous, "page_owner"
    uses = uses_of(area, owners, taken)
    kinds, counts = np.unique(uses, return_counts=True)
    return AreaView(
        name=area.name,
        base_pfn=area.base_pfn,
        count=area.count,
        order_per_bit=area.order_per_bit,
        zone=_zone_of(area, facts.zones),
        taken_told_by=told_by,
        runs=() if taken is None else tuple(free_runs(taken)),
        uses=uses,
        counts={Use(kind): int(number) for kind, number in zip(kinds, counts, strict=True)},
        mapped=None if area.mappings is None else int(np.count_nonzero(area.mappings)),
        holders=() if owners is None else owners.holders(),
        others=0 if owners is None else owners.others,
        sizes=() if taken is None else tuple(_sizes(area, uses)),
        sysfs=facts.sysfs.get(area.name, {}),
        notes=tuple(_disagreements(area, owners, taken)),
    )


def uses_of(area: AreaNow, owners: AreaOwners | None, taken: NDArray[np.bool_] | None) -> NDArray[np.uint8]:
    """What each frame holds, by the bitmap, then an exact snapshot, kpageflags, page_owner.

    Where kpageflags say nothing of a frame (no flag: a CPU's free list, or the kernel's own page) its record
    in page_owner decides, or that it has none.
    """
    uses = np.full(area.count, Use.UNTOLD, np.uint8)
    if owners is not None:
        uses[:] = owners.uses
    if area.flags is not None:
        by_flags = uses_by_flags(area.flags, area.mappings)
        asked = (by_flags == Use.OFF_LRU) & (owners is not None)
        uses[: len(by_flags)] = np.where(asked, uses[: len(by_flags)], by_flags)
    if area.free is not None:
        stale = (uses == Use.FREE) & ~area.free
        uses[stale] = Use.UNTOLD
        uses[area.free] = Use.FREE
    if taken is not None:
        stale = (uses == Use.DEVICE) & ~taken
        uses[stale] = Use.UNTOLD
        uses[taken] = Use.DEVICE
    return uses


def _sizes(area: AreaNow, uses: NDArray[np.uint8]) -> Iterator[SizeRow]:
    """Powers of two, from one bit's frames up to the area."""
    prospect = prospects(uses)
    taken, stay, untold, free = (
        prospect == one for one in (Prospect.DEVICE, Prospect.STAYS, Prospect.UNTOLD, Prospect.FREE)
    )
    counted = (sums(taken), sums(stay), sums(untold), sums(~free))
    bit = 1 << area.order_per_bit
    starts = np.arange(0, area.count, bit)
    for order in range(area.order_per_bit, area.count.bit_length()):
        aligned = starts[(starts + area.base_pfn) % (1 << order) == 0]
        yield SizeRow(
            1 << order, ranges_of(1 << order, starts, *counted), ranges_of(1 << order, aligned, *counted)
        )


def _zone_of(area: AreaNow, zones: Sequence[ZoneInfo]) -> str:
    for zone in zones:
        start, spanned = zone.sizes.get("start_pfn", 0), zone.sizes.get("spanned", 0)
        if zone["managed"] and start <= area.base_pfn < start + spanned:
            return zone.name
    return ""


def _other_moments(area: AreaNow, owners: AreaOwners | None, taken: NDArray[np.bool_]) -> Iterator[str]:
    """What calls did between the reading of the bitmap and that of other files."""
    used, longest = int(taken.sum()), max((run.length for run in free_runs(taken)), default=0)
    if area.used not in (None, used):
        yield f"the kernel counted {area.used} frames in use, its bitmap has {used}: calls went on meanwhile"
    if area.maxchunk not in (None, longest):
        yield (
            f"the kernel's longest free run had {area.maxchunk} frames, its bitmap's {longest}:"
            " calls went on meanwhile"
        )
    if owners is not None and (off := int(np.count_nonzero(owners.contiguous & ~taken))):
        yield f"{off} frames are a contiguous call's by page_owner, and free in the bitmap, read earlier"


def _disagreements(
    area: AreaNow, owners: AreaOwners | None, taken: NDArray[np.bool_] | None
) -> Iterator[str]:
    """What two files say differently, which were read one after the other."""
    if area.bitmap is not None and taken is not None:
        yield from _other_moments(area, owners, taken)
    for name, words in (("kpageflags", area.flags), ("kpagecount", area.mappings)):
        if words is not None and len(words) < area.count:
            yield f"{name} ends after {len(words)} of {area.count} frames: the rest is untold"
    if area.free is not None and owners is not None:
        both = int(np.count_nonzero(area.free & (owners.uses != Use.FREE)))
        if both:
            yield f"{both} frames are free in the snapshot and allocated in page_owner, which was read later"
