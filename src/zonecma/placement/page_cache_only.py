"""page-cache-only: page cache alone enters, and only when memory is short."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zonecma.kernel.gfp import gfp_migratetype, is_buffer_cache, is_file_cache
from zonecma.kernel.migratetype import MIGRATE_MOVABLE
from zonecma.kernel.preference import BEHIND_GATE
from zonecma.kernel.units import Code
from zonecma.placement.policy import Placement

MIB_48 = 48 * 256
"""48 MiB in pages of 4 KiB"""


@dataclass(frozen=True)
class PageCacheOnly(Placement):
    """Page cache takes CMA first, while little is free outside it and much inside it.

    The patch marks what __page_cache_alloc asks for, which in its 3.14 is block-device buffers
    too, and closes the way from movable lists to CMA for all others.  Free CMA still counts in
    the watermark check of every movable request, as there.

    A gfp mask tells page cache by readahead, by a write or by a file system that may not
    recurse (``is_file_cache``).  A file's page that is faulted in alone looks like program
    memory, and stays out here.
    """

    name: ClassVar[str] = "page-cache-only"
    kernels: ClassVar[str] = "none; Intel's phones, 3.14"
    source: ClassVar[str] = "Feng Tang, 27 May 2016, quoted in <5763A909.8080907@hisilicon.com>"
    leaves_out: ClassVar[str] = (
        "page cache that its mask does not tell; passing the per-cpu lists, where others find CMA pages"
    )
    gate: int = MIB_48
    """opens once no more pages than this are free outside CMA, reserves not counted"""
    keep: int = MIB_48
    """and closes below this many free pages of CMA"""

    def __post_init__(self) -> None:
        if self.gate < 0 or self.keep < 0:
            got = f"gate is {self.gate}, keep is {self.keep}"
            raise ValueError(f"placement page-cache-only: {got}; expected 0 or more pages")

    def may_use_cma_lists(self, gfp: int) -> bool:
        """GFP_PAGE_CACHE, as far as the mask tells."""
        return is_file_cache(gfp) or is_buffer_cache(gfp)

    def counts_free_cma(self, gfp: int) -> bool:
        """The patch leaves ALLOC_CMA as it is in 3.14."""
        return gfp_migratetype(gfp) == MIGRATE_MOVABLE

    def cma_order(self) -> Code:
        """Behind a gate, and never as the last resort."""
        return BEHIND_GATE

    def cma_gate(self) -> tuple[int, int]:
        """Free outside at most, free inside at least."""
        return self.gate, self.keep
