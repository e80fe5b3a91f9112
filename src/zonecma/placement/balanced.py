"""balanced: a limit in percent, and pages that are moved into the area to keep it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from zonecma.placement.policy import Placement


@dataclass(frozen=True)
class Balanced(Placement):
    """CMA first above a percentage of free memory; the kernel also moves pages in, the model not yet.

    use_cma_first rounds the percentage down before it compares, so that a limit of 50 lets CMA
    come first from 51 % on.  (Where free CMA is exactly that share the kernel takes one page more
    of it than the model.)
    """

    name: ClassVar[str] = "balanced"
    kernels: ClassVar[str] = "none; RFC on linux-mm, 2025"
    source: ClassVar[str] = "<20250915195153.462039-1-fvdl@google.com>, Frank van der Linden, 2025"
    leaves_out: ClassVar[str] = (
        "moving pages into the area (balance_zone_cma, as hugetlb frees); areas at the top of their zone"
    )
    limit: int = 50
    """vm.cma_first_limit, percent: 0 is always, 100 never"""

    def __post_init__(self) -> None:
        if not 0 <= self.limit <= 100:
            raise ValueError(f"placement balanced: limit is {self.limit}; expected 0 to 100 percent")

    def cma_first_above(self) -> Fraction:
        """The next whole percent, but for always and never."""
        return Fraction(self.limit + 1, 100) if 0 < self.limit < 100 else Fraction(self.limit, 100)
