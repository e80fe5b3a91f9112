"""Pageblocks whose type is read wrong; spans that are too wide, or said to have no hole."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from zonecma.lab.faults.finding import Finding
from zonecma.lab.faults.places import own_zone
from zonecma.machine.boot.contiguous import has_no_hole
from zonecma.machine.boot.progress import Boot


def wrong_types(boot: Boot) -> Iterator[Finding]:
    """Pageblocks of activated areas that read another type than they were given."""
    order = boot.board.architecture.pageblock_order
    for area in boot.areas:
        if area.name in boot.refused:
            continue
        types = boot.nodes[boot.node_of(area)].block[area.base_pfn >> order : area.end_pfn >> order]
        wrong = int(np.count_nonzero(types != boot.placement.migratetype)) if boot.lends_areas else 0
        if wrong:
            yield Finding(
                "pageblock-types-shifted",
                f"area {area.name}",
                "cma_init_reserved_areas trims the span after set_pageblock_migratetype; FLATMEM",
                f"{wrong} of {len(types)} pageblocks read a type that was never set for them: pages freed"
                " there go to Unmovable lists, where movable requests find them only by stealing; a"
                " contiguous allocation heals the pageblocks that it covers",
                blocks_wrong=wrong,
            )


def wide_span(boot: Boot) -> Iterator[Finding]:
    """A zone of areas alone that spans more than them."""
    for node, zone, record in own_zone(boot):
        areas = boot.areas_of(node)
        if not areas:
            continue
        needed = max(area.end_pfn for area in areas) - min(area.base_pfn for area in areas)
        if record.spanned > needed and record.present == sum(area.count for area in areas):
            yield Finding(
                "span-not-trimmed",
                boot.name_of(node, zone),
                "free_area_init_core gives the zone its node's span, and nothing cuts it down to its areas",
                f"the zone spans {record.spanned} frames, its areas {needed}: it is not contiguous, and"
                " compaction and /proc/pagetypeinfo walk memory of other zones",
                figures={"spanned": int(record.spanned), "needed": int(needed)},
            )


def stale_contiguous(boot: Boot) -> Iterator[Finding]:
    """A zone that is marked as free of holes and has some."""
    for node, zone, record in boot.populated():
        if record.contiguous and not has_no_hole(boot, node, zone):
            yield Finding(
                "contiguous-stale",
                boot.name_of(node, zone),
                "set_zone_contiguous marks, and never clears; 4.6 and later",
                f"the zone counts as free of holes, but {record.spanned - record.present} of the"
                f" {record.spanned} frames that it spans are not its own: compaction skips the check of each"
                " pageblock's zone and walks into the areas",
            )
