"""interleave: movable and CMA lists take turns, in proportion, inside one zone."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import ClassVar

from zonecma.kernel.preference import IN_TURNS_BY_FREE, IN_TURNS_BY_SIZE
from zonecma.kernel.units import Code
from zonecma.placement.policy import Placement


class Version(enum.Enum):
    """The posts of the series."""

    V1 = "v1"
    """8 May 2014: turns are sized by free pages, whenever both are used up"""
    V2 = "v2"
    """28 May 2014: by the zone's pages, whenever its areas change"""


@dataclass(frozen=True)
class Interleave(Placement):
    """Turns of a pageblock or more from movable lists and from CMA, in proportion to both.

    Each turn is at least a pageblock long, so that pages that come one after the other stay
    neighbours.  The movable part is counted above the high watermark: once it is gone only CMA
    is left, before reclaim begins.

    v2 as posted adds a device's buffer to the area both when it is taken and when it is given
    back; here a zone's size stays what it was at boot.
    """

    name: ClassVar[str] = "interleave"
    kernels: ClassVar[str] = "none; series on linux-mm, 2014"
    source: ClassVar[str] = (
        "v1 <1399509144-8898-3-git-send-email-iamjoonsoo.kim@lge.com>,"
        " v2 <1401260672-28339-3-git-send-email-iamjoonsoo.kim@lge.com>, 2014"
    )
    leaves_out: ClassVar[str] = "for v2, that turns are sized anew while devices hold buffers"
    version: Version = Version.V1
    """v1 sizes turns by free pages, v2 by the zone's pages"""

    def cma_order(self) -> Code:
        """In turns."""
        return IN_TURNS_BY_FREE if self.version is Version.V1 else IN_TURNS_BY_SIZE
