"""The outcome of size, as plain data.  Sizes and addresses are bytes, times ms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zonecma.kernel.page_class import PageClass
from zonecma.lab.compare import Reclaim
from zonecma.workload.needs import Need


@dataclass(frozen=True)
class NeedShown:
    """How often a need was met at the size that was found."""

    need: Need
    runs: int
    failures: int
    confidence: float
    """with which it is met as often as it must be"""
    at_least: float
    """the share of runs that meet it at least, with 95 % confidence"""
    runs_needed: int
    """without a failure, for 95 % confidence in the wanted share"""
    slowest_ms: float
    """that it took, over all runs in which it was got"""


@dataclass(frozen=True)
class SizeTried:
    """A size that was run."""

    size: int
    runs: int
    failures: int
    """runs in which some need was not met"""


@dataclass(frozen=True)
class Blocked:
    """Why nothing suffices: what the runs with the largest area show."""

    size: int
    runs: int
    not_got: int
    """runs in which a buffer was not got"""
    too_slow: int
    """runs in which all were got, but some not in time"""
    killed: int
    """runs in which a program was killed for want of memory"""
    in_the_way: Mapping[PageClass, int]
    """ranges that were tried in vain, by what was in the way, the most first"""


@dataclass(frozen=True)
class Answer:
    """What was found for one placement."""

    placement: str
    kernels: str
    """that have it"""
    lent: bool
    """whether the load may use the area"""
    size: int | None
    """None: nothing up to the largest suffices"""
    needs: tuple[NeedShown, ...] = ()
    own_calls: int = 0
    """buffers that the load itself wished for, over the runs of the test"""
    own_failed: int = 0
    costs: Reclaim | None = None
    """a run's mean"""
    min_free_outside: int = 0
    """frames: the fewest on free lists outside of areas in any run"""
    tried: tuple[SizeTried, ...] = ()
    """in the order in which they were"""
    neighbours: tuple[SizeTried, ...] = ()
    blocked: Blocked | None = None

    @property
    def runs(self) -> int:
        """Of all sizes."""
        return sum(one.runs for one in self.tried)


@dataclass(frozen=True)
class Check:
    """Something that users trip over, looked at for this area."""

    rule: str
    text: str
    """a sentence or two"""
    trips: bool = False
    """whether it goes wrong here"""


@dataclass(frozen=True)
class Paste:
    """How to ask for an area."""

    placement: str
    size: int
    start: int
    """where the kernel puts it"""
    end: int
    node: str
    """device tree source; empty where there is no device tree"""
    option: str
    """of the kernel's command line; empty where none asks for it"""
    option_remark: str
    """what is different with it, or why there is none"""
    needs: str
    """what the kernel must be for that"""


@dataclass(frozen=True)
class Sizing:
    """The outcome of size."""

    load: str
    machine: str
    kernel: str
    """series whose rules the model follows"""
    needs: tuple[Need, ...]
    ram: int
    unit: int
    """what areas are multiples of"""
    least: int
    """all needed buffers together, rounded up"""
    most: int
    """the largest size that was looked at"""
    most_reason: str
    """why none is larger"""
    asks: int
    """times that the needs are asked for in a run"""
    most_runs: int
    """of a test"""
    answers: tuple[Answer, ...]
    """by size; those without come last"""
    pastes: tuple[Paste, ...]
    """the best answer's, then that of the placement which the kernel has by itself"""
    checks: tuple[Check, ...]
    notes: tuple[str, ...]

    @property
    def best(self) -> Answer | None:
        """The smallest area; of several that which costs the load least."""
        return next((one for one in self.answers if one.size is not None), None)
