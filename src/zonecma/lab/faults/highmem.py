"""What goes wrong where the kernel can't address all memory: 32 bits with high memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from zonecma.lab.faults.finding import Finding
from zonecma.machine.boot.progress import Boot


def freed_twice(boot: Boot) -> Iterator[Finding]:
    """Low memory that set-up of high memory frees a second time."""
    if boot.freed_twice:
        yield Finding(
            "lowmem-freed-as-highmem",
            "ZONE_MOVABLE",
            "set_highmem_pages_init walks ZONE_MOVABLE's span, which free_area_init_core widened to the node",
            f"{boot.freed_twice} frames of low memory are freed a second time, as high memory: the kernel"
            " stops with 'Bad page state'",
            figures={"frames": boot.freed_twice},
        )


def unmapped(boot: Boot) -> Iterator[Finding]:
    """Low memory of areas in a zone that counts as high memory."""
    end = boot.board.low_memory_end // boot.board.architecture.page_size
    for area in boot.areas:
        frames = boot.nodes[boot.node_of(area)].frame.zone[area.base_pfn : min(area.end_pfn, end)]
        low = int(np.isin(frames, list(boot.tunables.highmem)).sum())
        if low:
            yield Finding(
                "page-address-unmapped",
                f"area {area.name}",
                "PageHighMem() asks for the zone, and this one counts as high memory",
                f"{low} frames of low memory look like high memory: page_address() of them is NULL though"
                " they are mapped, and a driver that allocates there follows it",
                figures={"frames": low},
            )
