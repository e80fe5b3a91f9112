"""zone->contiguous: whether pfn walkers may skip the check of each pageblock's zone."""

from __future__ import annotations

import numpy as np

from zonecma.kernel.units import ZoneIndex
from zonecma.machine.boot.memmap import have_memory_map
from zonecma.machine.boot.progress import Boot


def has_no_hole(boot: Boot, node: int, zone: ZoneIndex) -> bool:
    """Whether both ends of every pageblock in the span are the zone's (__pageblock_pfn_to_page)."""
    state = boot.nodes[node]
    record = state.zone[zone]
    start, end = int(record.start_pfn), int(record.start_pfn + record.spanned)
    if start == end:
        return True
    block = 1 << boot.board.architecture.pageblock_order
    firsts = np.unique(np.append(np.arange(start // block * block, end, block).clip(start), start))
    ends = np.append(firsts, np.append(firsts[1:], end) - 1)
    if (state.frame.zone[ends] != zone).any():
        return False
    return bool(have_memory_map(boot, ends).all())


def set_zone_contiguous(boot: Boot) -> None:
    """Mark every populated zone that has no hole; a mark that is wrong by now stays (set_zone_contiguous)."""
    for node, zone, record in boot.populated():
        if has_no_hole(boot, node, zone):
            record.contiguous = 1
