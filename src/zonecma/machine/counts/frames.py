"""What is known of each frame at the start, from the trace, /proc/iomem and the areas' bitmaps together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.snapshot import AreaSnapshot
from zonecma.machine.counts.evidence import BUFFER, IN_BUDDY, UNSEEN, USED, Evidence
from zonecma.machine.iomem import Resource

_RAM, _IMAGE = "System RAM", "Kernel "


@dataclass(frozen=True)
class Frames:
    """b1[frames] each."""

    in_area: NDArray[np.bool_]
    buffers: NDArray[np.bool_]
    """a contiguous call had got them"""
    may_be_free: NDArray[np.bool_]
    """on a buddy list: known to be, or nothing is known"""
    unknown: NDArray[np.bool_]
    """the allocator may have them, and nothing is known"""


def frames_of(
    evidence: Evidence, resources: Sequence[Resource], areas: Sequence[AreaSnapshot], page: int
) -> Frames:
    """Each frame's part; ``page``: bytes of one.

    The kernel's image is no free memory, unless the trace frees it.  Without ``resources`` all may be.
    """
    buffers = _buffers(evidence, areas)
    exists = _ram(resources, len(evidence.held), page) | (evidence.held != UNSEEN)
    unknown = exists & ~buffers & (evidence.held == UNSEEN)
    return Frames(
        in_area=_in_areas(areas, len(evidence.held)),
        buffers=buffers,
        may_be_free=unknown | (evidence.held == IN_BUDDY),
        unknown=unknown,
    )


def _ram(resources: Sequence[Resource], nr_frames: int, page: int) -> NDArray[np.bool_]:
    """Whole frames of RAM that no part of the kernel's image touches; the image's lines come later."""
    ram = np.full(nr_frames, not resources, np.bool_)
    for one in resources:
        if one.name.startswith(_RAM):
            ram[-(-one.start // page) : one.end // page] = True
        elif one.name.startswith(_IMAGE):
            ram[one.start // page : -(-one.end // page)] = False
    return ram


def _in_areas(areas: Sequence[AreaSnapshot], nr_frames: int) -> NDArray[np.bool_]:
    inside = np.zeros(nr_frames, np.bool_)
    for area in areas:
        inside[area.base_pfn : area.base_pfn + area.count] = True
    return inside


def _buffers(evidence: Evidence, areas: Sequence[AreaSnapshot]) -> NDArray[np.bool_]:
    """What contiguous calls had got: as the trace says, else as the bitmap does."""
    buffers = np.equal(evidence.held, BUFFER)
    for area in areas:
        bits = np.repeat(area.bitmap, 1 << area.order_per_bit) != 0
        frames = slice(area.base_pfn, area.base_pfn + len(bits))
        buffers[frames] |= bits & np.isin(evidence.held[frames], (UNSEEN, USED))
    return buffers


def bits_of(area: AreaSnapshot, buffers: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """An area's bitmap for these buffers."""
    mine = buffers[area.base_pfn : area.base_pfn + (len(area.bitmap) << area.order_per_bit)]
    bits: NDArray[np.bool_] = np.any(mine.reshape(-1, 1 << area.order_per_bit), axis=1)
    return bits.astype(np.uint8)
