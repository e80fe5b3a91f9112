"""Who holds the frames of areas, by page_owner: grouped while the file is read, in bounded memory."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.areas_now import AreaNow
from zonecma.capture.proc.page_owner import OwnedPage, functions
from zonecma.lab.frame_use import PROSPECTS, Prospect, Use, use_by_owner
from zonecma.lab.inspection import Holder

_MOST_GROUPS = 4096
"""Of an area; further ones are only counted."""
_ALLOCATOR = re.compile(
    r"get_page_from_freelist|post_alloc_hook|prep_new_page|_*set_page_owner|save_stack|_*get_free_pages|get_zeroed_page"
    r"|_*alloc_(?:frozen_)?pages\w*|_*folio_alloc\w*|_*vma_alloc_\w+|_*alloc_contig\w*|(?:__)?cma_alloc\w*"
    r"|dma_alloc_(?:from_)?contiguous|split_map_pages|split_free_pages|isolate_freepages_range|alloc_migration_target"
    r"|_*allocate_slab|_*new_slab|_*slab_alloc\w*|_*kmem_cache_alloc\w*|_*kmalloc\w*|alloc_slab_page|_*do_kmalloc\w*"
)
"""Functions through which anybody's request goes (mm/page_alloc.c, slub.c, cma.c)."""
_CONTIGUOUS = ("cma_alloc", "__cma_alloc", "alloc_contig_range", "alloc_contig_range_noprof")
_BLOCKS = (b"CMA", b"Isolate")
"""What pageblocks of an area are; those of one that the kernel gave up are of other types."""
_FLAG = re.compile(rb"[a-z][a-z_0-9]*")


def is_contiguous(stack: tuple[str, ...]) -> bool:
    """Whether a contiguous call allocated this."""
    return any(name in _CONTIGUOUS for name in stack)


def function_of(stack: tuple[str, ...]) -> str:
    """The innermost function that is not the allocator's; empty where there is none."""
    own = (name.removesuffix("_noprof") for name in stack)
    return next((name for name in own if not _ALLOCATOR.fullmatch(name)), "")


@functools.lru_cache(1 << 14)
def _stack(raw: bytes) -> tuple[str, tuple[str, ...], bool]:
    names = functions(raw)
    return function_of(names), names, is_contiguous(names)


@functools.lru_cache(1 << 12)
def _flags(raw: bytes) -> frozenset[str]:
    """The names within the brackets of ``0x...(a|b|zone=1)``."""
    inside = raw.partition(b"(")[2]
    return frozenset(name.decode() for name in _FLAG.findall(inside))


class AreaOwners:
    """What page_owner says of one area, as it is read."""

    def __init__(self, area: AreaNow, taken: NDArray[np.bool_] | None) -> None:
        self.area = area
        self.taken = taken
        self.uses = np.full(area.count, Use.FREE, np.uint8)
        """what each frame holds by its record; free where there is none"""
        self.contiguous = np.zeros(area.count, bool)
        """which frames a contiguous call allocated"""
        self.groups: dict[tuple[str, str, str, str, Use, bool, bool, str], int] = {}
        self.others = 0

    def add(self, page: OwnedPage) -> None:
        """Take up one record."""
        first = page.pfn - self.area.base_pfn
        here = slice(first, min(first + (1 << page.order), self.area.count))
        function, names, contiguous = _stack(page.stack)
        device = contiguous if self.taken is None else bool(self.taken[first])
        movable = page.page_type == b"Movable"
        use = Use.DEVICE if contiguous or device else use_by_owner(_flags(page.flags), movable, names)
        self.uses[here] = use
        self.contiguous[here] = contiguous
        misplaced = not movable and not device and not contiguous and page.block_type in _BLOCKS
        moved_by = _text(page.migrated) if misplaced else ""
        who = _text(page.task), _text(page.gfp), _text(page.page_type)
        key = (*who, function, use, device, misplaced, moved_by)
        if key in self.groups or len(self.groups) < _MOST_GROUPS:
            self.groups[key] = self.groups.get(key, 0) + here.stop - here.start
        else:
            self.others += here.stop - here.start

    def end_after(self, pfn: int) -> None:
        """Nothing is known of frames after this one, but what was told of them."""
        beyond = self.uses[max(pfn + 1 - self.area.base_pfn, 0) :]
        beyond[beyond == Use.FREE] = Use.UNTOLD

    def holders(self) -> tuple[Holder, ...]:
        """The groups: those in the wrong place, those whose pages stay, those with the most frames."""
        found = [Holder(frames, *key) for key, frames in self.groups.items()]
        return tuple(sorted(found, key=_rank))


def _rank(holder: Holder) -> tuple[bool, bool, bool, int, str]:
    stays = PROSPECTS[holder.use] == Prospect.STAYS
    return not holder.misplaced, not stays, holder.device, -holder.frames, holder.task


def _text(raw: bytes) -> str:
    return raw.decode(errors="replace")


def find_area(owners: Sequence[AreaOwners], pfn: int) -> AreaOwners:
    """The area that has this frame; there is one."""
    return next(one for one in owners if one.area.base_pfn <= pfn < one.area.end_pfn)
