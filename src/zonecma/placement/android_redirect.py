"""android-redirect: only what carries __GFP_CMA enters, and it enters first."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from zonecma.kernel.gfp import Gfp, gfp_migratetype, is_highuser_movable
from zonecma.kernel.migratetype import MIGRATE_MOVABLE
from zonecma.placement.policy import Placement


def is_marked(gfp: int) -> bool:
    """Whether the series sets __GFP_CMA on this request.

    It does for the zeroed page of an anonymous fault (alloc_zeroed_user_highpage_movable) and
    for zram's memory, which is the only movable one without __GFP_HARDWALL.
    """
    return is_highuser_movable(gfp) and bool(gfp & Gfp.ZERO or not gfp & Gfp.HARDWALL)


@dataclass(frozen=True)
class AndroidRedirect(Placement):
    """Zeroed pages of anonymous faults, and zram's, take CMA first; nobody else may.

    Such pages are rarely pinned.  A page that is copied on write, or page cache, has no mark.
    Without ``restrict`` (restrict_cma_redirect=false on a GKI's command line) all movable
    requests may enter, by the balance rule of 5.8.
    """

    name: ClassVar[str] = "android-redirect"
    kernels: ClassVar[str] = "Android common kernels, 5.4 and later"
    source: ClassVar[str] = "<cover.1604282969.git.cgoldswo@codeaurora.org>, Heesub Shin, Vinayak Menon, 2020"
    leaves_out: ClassVar[str] = (
        "per-cpu lists of CMA alone: here others find CMA pages on the movable ones; later marks (swap-in);"
        " without restrict, that marked requests still come first"
    )
    restrict: bool = True
    """whether requests without a mark are kept out"""

    def may_use_cma_lists(self, gfp: int) -> bool:
        """ALLOC_CMA asks for both the movable type and the mark."""
        return is_marked(gfp) if self.restrict else gfp_migratetype(gfp) == MIGRATE_MOVABLE

    def cma_first_above(self) -> Fraction:
        """Marked requests try CMA first (__rmqueue_cma)."""
        return Fraction(0) if self.restrict else Fraction(1, 2)
