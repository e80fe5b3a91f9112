"""What a placement decides.  One policy a file; a user's own is one more subclass."""

from __future__ import annotations

import enum
from abc import ABC
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import ClassVar

from zonecma.kernel.gfp import gfp_migratetype, gfp_zone
from zonecma.kernel.migratetype import MIGRATE_CMA, MIGRATE_MOVABLE
from zonecma.kernel.units import Migratetype, ZoneIndex
from zonecma.placement.population import Population


def _short(value: object) -> str:
    if isinstance(value, enum.Enum):
        return str(value.value)
    return f"{value:g}" if isinstance(value, float) else str(value)


class Home(enum.Enum):
    """Which zone an area's pages belong to."""

    NONE = "no zone: the area is never lent"
    DONOR = "the zone in which its frames lie"
    ZONE_CMA = "a zone of its own"
    ZONE_MOVABLE = "the zone of movable memory"


@dataclass(frozen=True)
class Placement(ABC):
    """Where contiguous memory lives, as pure decisions.

    The model asks once, for each kind of request, and keeps the answers in tables: a policy
    is ordinary Python and never recompiled.
    """

    name: ClassVar[str]
    """How the command line calls it"""
    home: ClassVar[Home] = Home.DONOR
    """Which zone the area's pages belong to"""
    migratetype: ClassVar[Migratetype] = MIGRATE_CMA
    """The free lists of the area's pageblocks"""
    kernels: ClassVar[str] = ""
    """Which kernels do so, and where that is written"""

    @property
    def population(self) -> Population | None:
        """How boot fills the zone that the areas move to; None when they stay where they lie."""
        return None

    @property
    def label(self) -> str:
        """Its name, and its parameters where they are not the usual ones."""
        values = {field.name: (getattr(self, field.name), field.default) for field in fields(self)}
        changed = [f"{key}={_short(value)}" for key, (value, usual) in values.items() if value != usual]
        return ",".join([self.name, *changed])

    def highest_zone(self, gfp: int) -> ZoneIndex:
        """The highest zone that a request may use; all below it are tried next."""
        return gfp_zone(gfp)

    def may_use_cma_lists(self, gfp: int) -> bool:
        """Whether a request may take chunks from CMA free lists."""
        return gfp_migratetype(gfp) == MIGRATE_MOVABLE

    def counts_free_cma(self, gfp: int) -> bool:
        """Whether free CMA counts as free in a request's watermark check."""
        return self.may_use_cma_lists(gfp)

    def cma_first_above(self) -> Fraction:
        """CMA lists come before movable ones while free CMA is more than this share of free pages."""
        return Fraction(1)
