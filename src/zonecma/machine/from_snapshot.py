"""The machine that a snapshot shows."""

from __future__ import annotations

import dataclasses

from zonecma.capture.snapshot import Snapshot
from zonecma.kernel.alloc_flags import WMARK_MIN
from zonecma.kernel.rules import Rules
from zonecma.kernel.thresholds import HugePages, recalculate
from zonecma.kernel.zone import ZONE_NORMAL
from zonecma.machine.machine import Area, Machine, Zone
from zonecma.machine.state import bare_state

_AGREE_WITHIN = 0.02
"""Marks are computed at boot from page counts that have grown a little since."""


def machine_of(snapshot: Snapshot, rules: Rules) -> Machine:
    """The machine, under a kernel's rules.  An area that was not activated (count 0) is none."""
    machine = Machine(
        zones=tuple(Zone(z.index, z.start_pfn, z.spanned, z.present, z.managed) for z in snapshot.zones),
        areas=tuple(Area(a.name, a.base_pfn, a.count, a.order_per_bit) for a in snapshot.areas if a.count),
        nr_cpus=len(snapshot.zones[0].pcp),
        pageblock_order=snapshot.zones[0].pageblock_order,
        rules=rules,
        page_kib=snapshot.page_kib,
        max_order=snapshot.max_order,
    )
    return _with_min_free(machine, snapshot)


def _with_min_free(machine: Machine, snapshot: Snapshot) -> Machine:
    """Tell from the recorded marks what vm.min_free_kbytes follows: the kernel's rule or somebody's value."""
    largest = max((z for z in snapshot.zones if z.index <= ZONE_NORMAL), key=lambda z: z.managed)
    recorded = largest.watermark[WMARK_MIN]

    def misses_by(huge_pages: HugePages) -> int:
        state = bare_state(machine)
        recalculate(state, machine.tunables, huge_pages=huge_pages)
        return abs(int(state.zone[largest.index].watermark[WMARK_MIN]) - recorded)

    nearest = min(HugePages, key=misses_by)
    if misses_by(nearest) <= _AGREE_WITHIN * recorded:
        return dataclasses.replace(machine, huge_pages=nearest)
    lowmem = sum(z.managed for z in snapshot.zones if z.index <= ZONE_NORMAL)
    return dataclasses.replace(machine, min_free_pages=-(-recorded * lowmem // max(largest.managed, 1)))
