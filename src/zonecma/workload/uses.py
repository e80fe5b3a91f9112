"""What the pages of a generated load are used for: the kernel asks for each with a mask of its own."""

from __future__ import annotations

from typing import NamedTuple

from zonecma.kernel.gfp import GFP_HIGHUSER_MOVABLE, GFP_KERNEL, GFP_NOFS, GFP_TRANSHUGE_LIGHT, Gfp
from zonecma.kernel.memory import (
    ABSENT,
    ANONYMOUS,
    BLOCKDEV,
    EXECUTABLE,
    FILE,
    KERNEL,
    MAPPED,
    ON_DISK,
    READ_AND_WRITTEN,
    SHARED,
)

_READ_AHEAD = GFP_HIGHUSER_MOVABLE | Gfp.COLD | Gfp.NORETRY | Gfp.NOWARN
"""page_cache_alloc_readahead"""


class Use(NamedTuple):
    """One use of pages."""

    gfp: int
    kind: int
    """of kernel.memory"""
    mapped: int = READ_AND_WRITTEN
    """of kernel.memory"""
    where: int = ABSENT
    """of kernel.memory, before anybody used it"""
    order: int = 0


PROGRAM, READ, WRITTEN, KERNEL_PAGE, SLAB, BUFFER, RUN, MAPPED_FILE, SHARED_MEMORY, HUGE = range(10)
"""Uses, each a gfp class."""
NOT_AHEAD = 10
"""And that of a page of a file that could not be read ahead (filemap_create_folio)."""

USES = (
    Use(GFP_HIGHUSER_MOVABLE | Gfp.ZERO, ANONYMOUS),
    Use(_READ_AHEAD, FILE, where=ON_DISK),
    Use(GFP_HIGHUSER_MOVABLE | Gfp.WRITE, FILE),
    Use(GFP_KERNEL | Gfp.ZERO, KERNEL),
    Use(GFP_KERNEL | Gfp.RECLAIMABLE, KERNEL),
    Use(GFP_NOFS | Gfp.MOVABLE, BLOCKDEV, where=ON_DISK),  # getblk
    Use(_READ_AHEAD, FILE, EXECUTABLE, ON_DISK),
    Use(_READ_AHEAD, FILE, MAPPED, ON_DISK),  # filemap_fault
    Use(GFP_HIGHUSER_MOVABLE | Gfp.ZERO, ANONYMOUS, SHARED),  # shmem_fault
    Use(GFP_TRANSHUGE_LIGHT, ANONYMOUS, order=9),  # defrag=madvise: who asks for none does not wait
    Use(GFP_HIGHUSER_MOVABLE, FILE, where=ON_DISK),
)
"""Each use's description."""

READ_AHEAD = (READ, RUN, MAPPED_FILE)
"""Uses whose pages are read ahead."""

GFP_MASKS = tuple(use.gfp for use in USES)
"""The gfp mask of each use."""
