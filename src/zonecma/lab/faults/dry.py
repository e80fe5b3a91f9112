"""Memory that runs dry beside a free area."""

from __future__ import annotations

from collections.abc import Iterator

from zonecma.kernel.alloc_flags import WMARK_HIGH
from zonecma.lab.faults.finding import Finding
from zonecma.lab.faults.places import own_zone
from zonecma.lab.fill import fill
from zonecma.machine.boot.progress import Boot
from zonecma.progress import Progress

_A_LOT = 20
"""One part in so many of an area is a lot to be left free."""


def dry_beside_area(boot: Boot, progress: Progress) -> Iterator[Finding]:
    """Whether requests fail while more of the area is free than its zone's own high mark."""
    if not boot.areas or not boot.lends_areas:
        return
    outcome = fill(boot, progress)
    reserve = max((int(zone.watermark[WMARK_HIGH]) for _, _, zone in own_zone(boot)), default=0)
    total = sum(area.count for area in boot.areas if area.name not in boot.refused)
    if outcome.area_free > max(reserve, total // _A_LOT):
        mib = outcome.touched * boot.board.architecture.page_size >> 20
        yield Finding(
            "out-of-memory-beside-free-area",
            ", ".join(area.name for area in boot.areas),
            "get_page_from_freelist; __GFP_MOVABLE requests fill what the kernel's own need",
            f"one process that touches memory is killed after {mib} MiB, when the kernel finds no page for"
            f" its page tables, with {outcome.area_free} frames of the area free (no swap, no reclaim)",
            figures={"touched_mib": mib, "area_free": outcome.area_free},
        )
