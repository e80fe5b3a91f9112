"""What a placement decides.  One policy a file; a user's own is one more subclass."""

from __future__ import annotations

import enum
from abc import ABC
from dataclasses import dataclass, fields
from fractions import Fraction
from types import MappingProxyType
from typing import ClassVar

from zonecma.kernel.gfp import gfp_migratetype, gfp_zone
from zonecma.kernel.migratetype import MIGRATE_CMA, MIGRATE_MOVABLE
from zonecma.kernel.preference import BY_SHARE
from zonecma.kernel.units import Code, Migratetype, ZoneIndex
from zonecma.kernel.zone import ZONE_CMA, ZONE_MOVABLE
from zonecma.placement.population import Population


def shown(value: object) -> str:
    """A parameter's value as the command line takes it."""
    if isinstance(value, enum.Enum):
        return str(value.value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


class Home(enum.Enum):
    """Which zone an area's pages belong to."""

    NONE = "no zone: the area is never lent"
    DONOR = "the zone in which its frames lie"
    ZONE_CMA = "a zone of its own"
    ZONE_MOVABLE = "the zone of movable memory"


HOME_ZONES = MappingProxyType({Home.ZONE_CMA: ZONE_CMA, Home.ZONE_MOVABLE: ZONE_MOVABLE})
"""The zone that areas move to, by home; where they stay there is none."""


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
    """Which kernels do so"""
    source: ClassVar[str] = ""
    """Where that is written: a commit, or a mail's address and year"""
    leaves_out: ClassVar[str] = ""
    """What the original does and the model does not"""

    @property
    def population(self) -> Population | None:
        """How boot fills the zone that the areas move to; None when they stay where they lie."""
        return Population(HOME_ZONES[self.home]) if self.home in HOME_ZONES else None

    @property
    def label(self) -> str:
        """Its name, and its parameters where they are not the usual ones."""
        values = {field.name: (getattr(self, field.name), field.default) for field in fields(self)}
        changed = [f"{key}={shown(value)}" for key, (value, usual) in values.items() if value != usual]
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

    def cma_order(self) -> Code:
        """Which rule says when CMA lists come before movable ones (``kernel/preference.py``)."""
        return BY_SHARE

    def cma_first_above(self) -> Fraction:
        """BY_SHARE: CMA comes first while free CMA is more than this share of free pages."""
        return Fraction(1)

    def cma_gate(self) -> tuple[int, int]:
        """BEHIND_GATE: CMA is used while at most so many pages are free outside it, and so many inside."""
        return 0, 0
