"""Areas that were not activated."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from zonecma.kernel.state import RESERVED
from zonecma.lab.faults.finding import Finding
from zonecma.machine.boot.progress import Boot
from zonecma.machine.machine import Area


def refused_area(boot: Boot) -> Iterator[Finding]:
    """An area that straddles zones, and what became of its frames."""
    for area in boot.areas:
        if area.name not in boot.refused:
            continue
        moved = _activated_frames(boot, area)
        lost = area.count - moved
        fate = (
            f"its first {moved} frames have moved, {lost} are lost to everybody"
            if boot.rules.boot.refused_area_is_lost
            else f"its {area.count} frames become ordinary memory"
        )
        yield Finding(
            "area-refused",
            f"area {area.name}",
            "cma_activate_area wants all frames of an area in one zone",
            f"the area straddles two zones: {fate}, and contiguous allocations from it fail",
            figures={"moved": moved, "lost": lost if boot.rules.boot.refused_area_is_lost else 0},
        )


def _activated_frames(boot: Boot, area: Area) -> int:
    """Frames of a refused area that were freed before the refusal."""
    where = boot.nodes[boot.node_of(area)].frame.where[area.base_pfn : area.end_pfn]
    return int(np.count_nonzero(where != RESERVED))
