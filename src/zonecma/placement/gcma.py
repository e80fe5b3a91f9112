"""gcma: the area holds nothing but cache that can be dropped at once."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from zonecma.kernel.gfp import Gfp, is_file_cache
from zonecma.placement.policy import Placement


@dataclass(frozen=True)
class Gcma(Placement):
    """File pages that were read, not written, enter first; the model moves them, GCMA drops them.

    GCMA never gives the area to the allocator.  Clean pages that reclaim would drop are copied
    there (cleancache) and dropped for good when a device asks, so a call can't fail.  Without
    reclaim nothing is ever copied, so pages of files enter when they are read instead.  The area
    counts as free memory for nobody, as there.
    """

    name: ClassVar[str] = "gcma"
    kernels: ClassVar[str] = "none; RFC of 2015, series of 2025; Android"
    source: ClassVar[str] = (
        "<1424721263-25314-1-git-send-email-sj38.park@gmail.com>, SeongJae Park, 2015;"
        " <20251026203611.1608903-1-surenb@google.com>, Suren Baghdasaryan, 2025"
    )
    leaves_out: ClassVar[str] = (
        "copies of what reclaim drops; clean from dirty, but for __GFP_WRITE; dropping instead of moving"
    )

    def may_use_cma_lists(self, gfp: int) -> bool:
        """Read, as far as the mask tells: what is to be written carries __GFP_WRITE."""
        return is_file_cache(gfp) and not gfp & Gfp.WRITE

    def counts_free_cma(self, gfp: int) -> bool:  # noqa: ARG002
        """The area is no free memory."""
        return False

    def cma_first_above(self) -> Fraction:
        """Whatever is free."""
        return Fraction(0)
