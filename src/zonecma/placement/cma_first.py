"""cma-first: CMA lists always come before movable ones."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from zonecma.placement.policy import Placement


@dataclass(frozen=True)
class CmaFirst(Placement):
    """Movable requests take CMA first, always.

    What phone vendors shipped, and the first of the two ways that Joonsoo Kim tried in 2014.  He
    let it go: free memory swung widely, since kswapd found CMA pages in a row on its list.
    """

    name: ClassVar[str] = "cma-first"
    kernels: ClassVar[str] = "Qualcomm's tree of 2014, and others"
    source: ClassVar[str] = (
        "approach 1 of <1399509144-8898-3-git-send-email-iamjoonsoo.kim@lge.com>;"
        " <537FEE96.8000704@codeaurora.org>, Laura Abbott, 2014"
    )
    leaves_out: ClassVar[str] = "reclaim, which made free memory swing"

    def cma_first_above(self) -> Fraction:
        """Whatever is free."""
        return Fraction(0)
