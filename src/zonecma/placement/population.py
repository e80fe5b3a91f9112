"""How a placement gives a zone of its own to contiguous memory while the machine boots."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from zonecma.kernel.units import ZoneIndex


class Trim(enum.Enum):
    """When the zone's span, the whole node's at first, is cut down to the areas."""

    NEVER = "never"
    AFTER = "after the areas are activated"
    BEFORE = "before the areas are activated"


class ReserveRatio(enum.Enum):
    """What vm.lowmem_reserve_ratio has for the new zone."""

    LISTED = "one more 32 at the end of a list without names"
    SHORT = "nothing: the list is one short, and the zone below gets 0, taken as 1"
    NAMED = "nothing is kept back, by name"


@dataclass(frozen=True)
class Population:
    """What cma_init_reserved_areas and the code around it do to fill the zone."""

    zone: ZoneIndex
    trim: Trim = Trim.BEFORE
    trims_populated_only: bool = False
    """only zones that have pages are trimmed: before activation it has none"""
    per_node: bool = True
    """each node's zone is trimmed to that node's areas; else to the range of all"""
    counted_from_start: bool = False
    """the areas' pages count as present in the zone from the first"""
    crosses_zones: bool = False
    """an area may lie in several zones of one node"""
    before_watermarks: bool = True
    """activation comes before init_per_zone_wmark_min (pure_initcall, or an older kernel's module_init)"""
    own_pageset: bool = True
    """the zone gets per-cpu lists of its own (setup_zone_pageset); else it stays on those of early boot"""
    reserve_ratio: ReserveRatio = ReserveRatio.NAMED
    spares_populated: bool = False
    """a zone that has pages already keeps the whole node's span"""
    frees_lowmem_as_highmem: bool = False
    """32-bit set-up of high memory walks this zone, too, while it spans the node"""
    offline_refused: bool = True
    """memory of the zone can't be taken offline (-EINVAL)"""
