"""half-free: the balance rule of 5.8 and later."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from zonecma.placement.policy import Placement


@dataclass(frozen=True)
class HalfFree(Placement):
    """CMA first while free CMA is more than ``fraction`` of the zone's free pages.

    __rmqueue, a half.  Raspberry Pi's kernel has a parameter for it in sixteenths,
    alloc_in_cma_threshold, usually 12: ``fraction=12/16``.
    """

    name: ClassVar[str] = "half-free"
    kernels: ClassVar[str] = "5.8 and later; Raspberry Pi's from 2022 on with fraction=12/16"
    source: ClassVar[str] = "commit 16867664936e, Roman Gushchin, 2020; raspberrypi/linux pull 4964, 2022"
    fraction: float = 0.5
    """0 always tries CMA first, 1 never does; the kernel's is one half"""

    def __post_init__(self) -> None:
        if not 0 <= self.fraction <= 1:
            raise ValueError(f"placement half-free: fraction is {self.fraction:g}; expected 0 to 1")

    def cma_first_above(self) -> Fraction:
        """``fraction``, to a millionth."""
        return Fraction(self.fraction).limit_denominator(1_000_000)
