"""What users trip over with a contiguous area, looked at for one area of one booted board."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from zonecma.kernel.alloc_flags import WMARK_HIGH, WMARK_LOW
from zonecma.kernel.units import ZoneIndex
from zonecma.kernel.zone import NAMES, NO_ZONE
from zonecma.lab.sizing import Check
from zonecma.machine.architecture import ARM64
from zonecma.machine.area_rules import smallest_alignment
from zonecma.machine.boot.progress import Boot
from zonecma.machine.memblock import align_up
from zonecma.machine.sizes import size_text
from zonecma.machine.wanted_area import Placed

_HALF = 0.5


def check_area(placed: Placed, boot: Boot, below: int = 0) -> tuple[Check, ...]:
    """Look at an area that lies where the kernel puts it, on the board that booted with it.

    ``below``: the address that its devices' addresses end at; 0: none was told.
    """
    return (
        *_alignment(placed),
        _reach(placed, below),
        _neighbours(placed),
        *_free_but_unusable(placed, boot),
        *_low_memory(placed),
    )


def _alignment(placed: Placed) -> Iterator[Check]:
    """CMA_MIN_ALIGNMENT_BYTES, here and with other page sizes."""
    board, unit = placed.board, smallest_alignment(placed.board)
    page = board.architecture.page_size >> 10
    text = f"with pages of {page} KiB an area is a multiple of {size_text(unit)}"
    yield Check(
        "alignment", f"{text}; the kernel passes over a node whose size is not (CMA_MIN_ALIGNMENT_BYTES)"
    )
    if board.architecture.name != ARM64.name:
        return
    others = []
    for kib in (4, 16, 64):
        if kib != page:
            other = replace(board, architecture=board.architecture.with_pages_of(kib))
            least = smallest_alignment(other)
            others.append(
                f"{size_text(align_up(placed.request.size, least))} with pages of {kib} KiB"
                f" (multiples of {size_text(least)})"
            )
    yield Check("page-size", f"a kernel built otherwise rounds it up to {' or '.join(others)}")


def _reach(placed: Placed, below: int) -> Check:
    """Whether devices reach it."""
    bits = (placed.end - 1).bit_length()
    text = (
        f"it lies at {placed.start:#x} to {placed.end - 1:#x}: a device needs {bits} address bits to reach it"
    )
    if below:
        text += f"; the limit of {below:#x} is kept"
    elif not placed.request.windows and not placed.request.limit:
        text += "; nothing keeps it there on another board: --dma-limit does"
    return Check("reach", text)


def _neighbours(placed: Placed) -> Check:
    """What else is set aside, and whether any of it is shared."""
    others = [one for one in placed.declared.areas if one is not placed.area]
    kept = placed.board.reserved
    overlapping = [one for one in kept if one.start < placed.end and placed.start < one.end]
    text = f"it overlaps none of the board's {len(kept)} reservations"
    if overlapping:
        text = f"it overlaps {', '.join(one.name or hex(one.start) for one in overlapping)}"
    if others:
        page = placed.board.architecture.page_size
        total = sum(one.count for one in others) * page
        text += f" and {len(others)} other areas ({size_text(total)}), which stay as they are"
    notes = [one for one in placed.declared.notes if not one.startswith("board")]
    return Check("overlap", "; ".join([text, *notes]), bool(overlapping or notes))


def _zone_of(boot: Boot, pfn: int, node: int) -> ZoneIndex:
    return ZoneIndex(int(boot.nodes[node].frame.zone[pfn]))


def _free_but_unusable(placed: Placed, boot: Boot) -> Iterator[Check]:
    """Free frames of the area are none to the kernel's own requests, nor to their marks."""
    node = boot.node_of(placed.area)
    zone = _zone_of(boot, placed.area.base_pfn, node)
    kib = boot.board.architecture.page_size >> 10
    whole = sum(int(record.managed) for _, _, record in boot.populated())
    if zone == NO_ZONE or not boot.lends_areas:
        yield Check(
            "never-lent",
            f"nobody else ever has its {size_text(placed.request.size)}: the load has"
            f" {(whole - _reserved(placed, boot)) * kib >> 10} MiB; the size is for a driver that packs"
            " buffers as cma_alloc does, where dma_alloc_from_coherent would hand out powers of two: 20 MiB"
            " take 32 MiB",
        )
        return
    record, inside = boot.nodes[node].zone[zone], _area_frames(placed, boot, node, zone)
    share = inside / max(whole, 1)
    yield Check(
        "free-but-unusable",
        f"while nobody uses the areas {100 * share:.0f} % of RAM is free memory that the kernel's own"
        " requests (slab, page tables, drivers) can't have, and that does not count for them in the"
        f" watermarks; min_free_kbytes is {boot.min_free_kbytes}",
        trips=share > _HALF,
    )
    outside = int(record.managed) - inside
    low, high = int(record.watermark[WMARK_LOW]), int(record.watermark[WMARK_HIGH])
    if outside:
        yield _rest_of_zone(boot, zone, outside * kib, low * kib, high * kib, inside / int(record.managed))


def _rest_of_zone(boot: Boot, zone: ZoneIndex, rest: int, low: int, high: int, share: float) -> Check:
    """What is left of the area's zone for requests that may not enter the area; sizes in KiB."""
    text = (
        f"outside of areas zone {NAMES[zone]} has {rest >> 10} MiB; for requests that may not enter areas"
        f" kswapd is woken when less than {low} KiB of these are free"
    )
    if rest <= high:
        text += (
            f", and goes on until {high} KiB are, which can't be: processes are killed beside free CMA; lower"
            " vm.min_free_kbytes or make the area smaller"
        )
    else:
        most = boot.min_free_kbytes * rest // max(high, 1) >> 10
        text += f"; with vm.min_free_kbytes above about {most} MiB there would never be enough of them"
    if share > _HALF:
        text += f"; areas are {100 * share:.0f} % of the zone: pages that may move fill them at once"
    return Check("rest-of-zone", text, trips=rest <= high or share > _HALF)


def _reserved(placed: Placed, boot: Boot) -> int:
    """Frames of areas that were counted as managed."""
    return 0 if not boot.lends_areas else sum(area.count for area in placed.declared.areas)


def _area_frames(placed: Placed, boot: Boot, node: int, zone: ZoneIndex) -> int:
    """Frames of all areas that a zone has."""
    frames = boot.nodes[node].frame.zone
    return sum(
        int(np.count_nonzero(frames[area.base_pfn : area.end_pfn] == zone))
        for area in placed.declared.areas
        if boot.node_of(area) == node
    )


def _low_memory(placed: Placed) -> Iterator[Check]:
    """On 32 bits, how much of low memory the area takes."""
    board = placed.board
    if not board.architecture.has_highmem:
        return
    end = board.low_memory_end
    low = sum(max(min(one.end, end) - one.start, 0) for one in board.memory)
    inside = max(min(placed.end, end) - placed.start, 0)
    where = "none of it is low memory" if not inside else f"{size_text(inside)} of it are low memory"
    yield Check(
        "low-memory",
        f"{where}: of {low >> 20} MiB that the kernel can address at once {(low - inside) >> 20} MiB"
        " are left",
        trips=inside > low * _HALF,
    )
