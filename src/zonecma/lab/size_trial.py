"""One run of a load on a machine with an area of some size: were the needs met, and at what cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from zonecma.kernel.page_class import PageClass
from zonecma.lab.compare import Reclaim
from zonecma.workload.needs import Need


class Trial(Protocol):
    """A run that is to be made, as another process is given it."""

    @property
    def needs(self) -> tuple[Need, ...]:
        """What is to be met; a need without buffers is what the load itself asks for."""

    @property
    def seed(self) -> int:
        """Of the drawing."""

    @property
    def label(self) -> str:
        """What its caller knows it by."""

    def run(self) -> TrialOutcome:
        """Make it."""


@dataclass(frozen=True)
class Met:
    """What became of one need in one run."""

    got: bool
    """all buffers, each time"""
    took_ms: float
    """the slowest time, from its first call to the end of the last"""
    in_time: bool

    @property
    def met(self) -> bool:
        """Whether the run is a success for this need."""
        return self.got and self.in_time


NOT_ASKED = Met(False, 0.0, False)
"""Its task was killed before it had asked for all."""


def judged(got: bool, took_ms: float, need: Need) -> Met:
    """A need of which all was got, or not, in a time."""
    return Met(got, took_ms, not need.within_ms or took_ms <= need.within_ms)


@dataclass(frozen=True)
class TrialOutcome:
    """What became of a run."""

    trial: Trial
    met: tuple[Met, ...]
    """by need"""
    killed: bool
    """a program was killed for want of memory"""
    own_calls: int
    """buffers that the load itself wished for"""
    own_failed: int
    """of these, never got"""
    min_free_outside: int
    """frames: the fewest on free lists outside of areas"""
    costs: Reclaim
    in_the_way: Mapping[PageClass, int]
    """ranges that were tried in vain, by what was in the way"""

    def success(self, need: int) -> bool:
        """Whether a need was met, and the load lived through it."""
        return self.met[need].met and not self.killed


def run_trial(trial: Trial) -> TrialOutcome:
    """One run, from drawing to outcome."""
    return trial.run()
