"""The frames that a zone spans (include/linux/mmzone.h); some of them may be in no zone, or in another."""

from __future__ import annotations

from zonecma.kernel.jit import primitive
from zonecma.kernel.pageblock import pageblock_nr_pages
from zonecma.kernel.state import State
from zonecma.kernel.units import Pfn, ZoneIndex


@primitive
def zone_end_pfn(s: State, zone: ZoneIndex) -> Pfn:
    """The first frame after a zone (zone_end_pfn)."""
    return Pfn(s.zone[zone].start_pfn + s.zone[zone].spanned)


@primitive
def zone_spans_block(s: State, zone: ZoneIndex, start: Pfn) -> bool:
    """Whether the zone's span holds this whole pageblock (prep_move_freepages_block)."""
    first, end = s.zone[zone].start_pfn, start + pageblock_nr_pages(s)
    return start >= first and end <= zone_end_pfn(s, zone)  # type: ignore[no-any-return]
