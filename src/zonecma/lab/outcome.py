"""What became of a load on one machine: recorded from a real kernel, or predicted for another placement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True)
class Outcome:
    """A load's figures, from its start to its end.  A figure that nobody told is None."""

    area_use_mean: float
    """share of the areas' frames in ordinary use, 0 to 1, mean over the load's time

    A contiguous call's frames are no use, from the moment it takes them off the free lists.  Frames
    on per-cpu lists are free.
    """
    frames_migrated: int
    """frames that contiguous calls moved out of their way; clean page cache that they dropped is not moved"""
    calls_ok: int
    """contiguous calls that got their frames"""
    calls: int
    """contiguous calls that ended"""
    direct_reclaim: int
    """how often a task had to reclaim memory itself (allocstall)"""
    kswapd_wakes: int
    """rounds of kswapd"""
    min_free_outside: int
    """fewest free frames outside the areas, in all zones, on free lists and on per-cpu lists together"""
    pages_reclaimed: int
    """pages that reclaim freed (shrink_inactive_list)"""
    stall_seconds: float
    """time that tasks spent in direct reclaim, all together"""
    swapped_in: int | None = None
    """pages (pswpin)"""
    swapped_out: int | None = None
    """pages (pswpout)"""
    refaults: int | None = None
    """pages that came back soon after they were reclaimed (workingset_refault)"""
    oom_kills: int | None = None


@dataclass(frozen=True)
class Prediction:
    """A load under a placement: what the model expects, and what a kernel did."""

    recording: str
    """whose load it is: a recording's name, or a scenario as a user names it"""
    placement: str
    kernel: str
    """series whose rules the model follows"""
    area_pages: int
    """frames of all areas"""
    seeds: int
    """how many runs"""
    predicted: Outcome
    """mean of the runs"""
    spread: Mapping[str, tuple[float, float]] = field(default_factory=lambda: MappingProxyType({}))
    """where 95 % of the runs lie, by figure"""
    against: str = ""
    """a recording of the same load under that placement"""
    recorded: Outcome | None = None
    """what happened in it"""
    open_loop: Outcome | None = None
    """what a replay of a recording without reclaim says: of area use, frames moved and calls alone"""
    notes: tuple[str, ...] = ()
    """what is assumed, and what does not carry over"""
