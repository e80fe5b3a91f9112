"""The outcome of explain, as plain data.  Times are ns of the trace's clock, sizes frames."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Kind(enum.Enum):
    """What a range was busy with, in plain words."""

    ANONYMOUS = "anonymous"
    TMPFS = "tmpfs"
    FILE = "file cache"
    BLOCKDEV = "block-device buffer"
    BUFFER = "movable but not highmem: block-device buffer or file-system metadata"
    """as far as its gfp mask tells"""
    USER = "anonymous or file cache"
    """its gfp mask does not tell which"""
    MOVED = "held by a migration, its owner not shown"
    KERNEL = "the kernel's own"
    CONTIGUOUS = "another contiguous buffer"
    PER_CPU = "free, on a per-cpu list"
    FREE = "free when it was looked at"
    """a race: the trace shows its free before the test"""
    NOT_ISOLATED = "a pageblock that could not be isolated"
    LOST = "taken again after it was found free"
    GIVEN_UP = "given up before it was looked at"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Blocker:
    """The first frame of a range that was not free, and what lay there."""

    kind: Kind
    pfn: int | None = None
    """None where the trace names no frame"""
    page: tuple[int, int] | None = None
    """what tells this page from others that were in the frame before and after it; None: no page"""
    task: str | None = None
    """who allocated it, as "comm-pid"; None: not in the trace"""
    gfp: int | None = None
    """what it was allocated with; None: not in the trace"""
    order: int = 0
    """of its allocation"""
    allocated: int | None = None
    dirtied: int | None = None
    """when its file last wrote to it, or its block device; None: not in the trace"""
    moves: int = 0
    """how often migration had moved it"""
    seen: int = 0
    """when the range was looked at"""
    left: int | None = None
    """when its frame became free; None: not in the trace"""
    moved_on: bool = False
    """whether it left by migration, and lives on elsewhere"""
    barred: bool | None = None
    """whether zone-cma would have kept it out; None: its gfp mask is not known"""


class Outcome(enum.Enum):
    """How the attempt at one range ended."""

    GOT = "ok"
    BUSY = "busy"
    FAILED = "failed"
    OPEN = "unfinished"


@dataclass(frozen=True)
class Attempt:
    """One range that a call tried."""

    start: int | None
    """first frame; None: not in the trace"""
    end: int | None
    """the frame after it"""
    begin: int
    ended: int
    outcome: Outcome
    blocker: Blocker | None
    """None where the range was got, or the trace ends within"""
    nr_moved: int
    """pages that moved"""
    nr_failed: int
    """pages that the last of up to five rounds of migration left where they were"""
    waits: int
    """waits for the end of a page's writeback, where the trace shows them"""

    @property
    def failed(self) -> bool:
        """Whether the range was tried in vain."""
        return self.outcome in (Outcome.BUSY, Outcome.FAILED)


@dataclass(frozen=True)
class Call:
    """One contiguous call, cma_alloc."""

    number: int
    """from 1, in order of time"""
    time: int
    task: str
    area: str
    """its name; empty where the kernel does not print it"""
    area_pages: int
    size: int
    outcome: str
    """"ok"; "EBUSY", "ENOMEM" or another error's name; "refused", because its area can never hold so
    many frames; "unfinished" in the trace"""
    latency: int | None
    pfn: int | None
    """first frame that it got"""
    held: int
    """frames of the area that other calls held when it began"""
    attempts: tuple[Attempt, ...]

    @property
    def ok(self) -> bool:
        """Whether it got its frames."""
        return self.outcome == "ok"


@dataclass(frozen=True)
class KindTotal:
    """What one kind of blocker did, over several calls."""

    ranges: int
    time: int
    """spent on these ranges"""
    pages: int
    """different ones"""
    longest: int
    """the longest time between a page's first and last range in vain"""


@dataclass(frozen=True)
class BlockingPage:
    """A page that blocked, over several calls."""

    first: Blocker
    """as it was found first"""
    until: int
    """when it was found last"""
    ranges: int
    calls: tuple[int, ...]
    """numbers"""


@dataclass(frozen=True)
class Persistence:
    """Pages that blocked more than one call, and whether zone-cma would have kept them out."""

    pages: int
    barred: int
    """of those, how many zone-cma would have kept out"""
    not_known: int
    """of those, how many whose gfp mask the trace does not have"""
    kinds: dict[Kind, int]
    """of those that zone-cma would have let in"""


@dataclass(frozen=True)
class Explanation:
    """The outcome of explain."""

    recording: str
    kernel: str
    page_kib: int
    calls: tuple[Call, ...]
    """those that were asked for"""
    nr_calls: int
    """all of the recording"""
    by_kind: dict[Kind, KindTotal]
    """of the calls that were asked for, the kind with most ranges first"""
    pages: tuple[BlockingPage, ...]
    """of the calls that were asked for, the page with most ranges first"""
    persistence: Persistence
    """of all calls"""
    nr_busy: int
    """ranges that were tried in vain in all calls"""
    own_zone: bool
    """the recorded kernel's areas are a zone of their own"""
    lost: int = 0
    """events that the recording's ring buffer dropped"""
    damage: str = ""
    """what is wrong with the part of the trace that was left out"""
