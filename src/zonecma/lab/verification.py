"""The outcome of verify, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Score:
    """How many choices were checked, and how many were the kernel's."""

    checked: int
    exact: int

    def __add__(self, other: Score) -> Score:
        """Both together."""
        return Score(self.checked + other.checked, self.exact + other.exact)


@dataclass(frozen=True)
class Miss:
    """The first choice of a kind that was not the kernel's."""

    line: int
    """of the trace"""
    predicted: int
    """a frame (-1: none), or a number of chunks"""
    recorded: int


@dataclass(frozen=True)
class Verification:
    """The outcome of verify."""

    recording: str
    kernel: str
    events: int
    """trace lines between snapshots A and B"""
    allocations: Score
    """the chunk of each allocation"""
    refills: Score
    """each chunk that a per-cpu list was filled with"""
    refill_sizes: Score
    """how many chunks each refill fetched"""
    drain_decisions: Score
    """for each free through a per-cpu list: how many chunks it drained"""
    drains_after_free: Score
    """each chunk that a free drained"""
    drains_in_calls: Score
    """each chunk that a contiguous call drained"""
    drains_by_timer: Score
    """each chunk that the periodic timer drained"""
    drains_by_others: Score
    """each chunk that some other path drained"""
    calls: Score
    """the outcome and the first frame of each contiguous call"""
    calls_untold: Score
    """calls, where no failure to migrate is told: foreseen is that the first range serves"""
    ranges: Score
    """within contiguous calls: each range given up, and the first frame not free of each range looked at"""
    final_lists: Score
    """lists, empty in both left out, that equal snapshot B in content and order"""
    skipped: dict[str, int] = field(default_factory=dict)
    """what is not modelled yet, by reason"""
    repairs: int = 0
    """requests after which the state was put right from the trace"""
    lost: int = 0
    """events that the recording's ring buffer dropped"""
    seconds: float = 0.0
    """of the replay itself"""
    damage: str = ""
    """what is wrong with the part of the trace that was left out"""
    first_misses: dict[str, Miss] = field(default_factory=dict)
    """by the name of the score"""

    @property
    def drains_external(self) -> Score:
        """Each chunk that was drained by what no request causes."""
        return self.drains_by_timer + self.drains_by_others

    @property
    def drains(self) -> Score:
        """Each drained chunk."""
        return self.drains_after_free + self.drains_in_calls + self.drains_external
