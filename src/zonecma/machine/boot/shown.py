"""What of a booted machine /proc shows."""

from __future__ import annotations

import numpy as np

from zonecma.kernel.migratetype import MIGRATE_CMA, MIGRATE_TYPES
from zonecma.kernel.units import ZoneIndex
from zonecma.machine.boot.memmap import have_memory_map
from zonecma.machine.boot.progress import Boot


def is_shown(boot: Boot, node: int, zone: ZoneIndex) -> bool:
    """Whether /proc/zoneinfo lists a zone (zoneinfo_show: populated ones, from 4.12 on all)."""
    return boot.rules.boot.zones_without_pages_are_shown or bool(boot.nodes[node].zone[zone].present)


def present_as_shown(boot: Boot, present: int) -> int:
    """A count as the kernel's unsigned long prints it."""
    return present % (1 << boot.board.architecture.bits)


def block_counts(boot: Boot, node: int, zone: ZoneIndex) -> list[int]:
    """A zone's pageblocks of each type, as /proc/pagetypeinfo counts them.

    pagetypeinfo_showblockcount_print goes from the zone's first frame on in steps of a pageblock,
    so that it misses the last one where the zone starts further into a pageblock than it ends.
    Frames without a struct page are passed over.
    """
    state, order = boot.nodes[node], boot.board.architecture.pageblock_order
    record = state.zone[zone]
    frames = np.arange(record.start_pfn, record.start_pfn + record.spanned, 1 << order)
    own = frames[(state.frame.zone[frames] == zone) & have_memory_map(boot, frames)]
    return [int(count) for count in np.bincount(state.block[own >> order], minlength=MIGRATE_TYPES)]


def cma_total(boot: Boot) -> int:
    """Frames of all areas (CmaTotal of /proc/meminfo)."""
    return sum(area.count for area in boot.areas)


def cma_free(boot: Boot) -> int:
    """Frames of areas that are free (CmaFree of /proc/meminfo).

    Without MIGRATE_CMA it is what is free in the zones of areas (patch 6 of the ZONE_CMA
    series, cma_get_free); else free frames on CMA lists.
    """
    population = boot.placement.population
    if population and boot.placement.migratetype != MIGRATE_CMA:
        return sum(int(state.zone[population.zone].nr_free_pages) for state in boot.nodes.values())
    return sum(int(zone.nr_free_cma) for _, _, zone in boot.zones())
