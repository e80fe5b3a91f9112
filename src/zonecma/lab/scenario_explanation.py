"""The outcome of explain for a generated load, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

from zonecma.kernel.page_class import PageClass
from zonecma.lab.survival import Survival


@dataclass(frozen=True)
class Wishes:
    """Buffers that callers wished for, over all runs."""

    count: int
    failed_first: int
    """that were not got at the first try"""
    given_up: int
    """that were never got"""
    tries: int
    fails_for: Survival
    """of those not got at once: how long it went on to fail"""
    took_median_ms: float
    """of first tries"""
    took_most_ms: float


@dataclass(frozen=True)
class Cause:
    """What one class of pages did."""

    page_class: PageClass
    ranges: int
    """tried in vain because of such a page"""
    share: float
    """of all ranges tried in vain"""
    pages: int
    """different ones"""
    still: Survival
    """how long such a page stayed in the way"""
    entered: tuple[str, ...]
    """placements, of those asked about, that would have let it into the area"""


@dataclass(frozen=True)
class PageInTheWay:
    """A page that was in the way."""

    page_class: PageClass
    pfn: int
    task: int
    """the load's slot that brought it to memory; -1: what ran before"""
    age_ms: float
    """how long it had been in memory when it was found"""
    ranges: int
    """tried in vain because of it"""
    calls: int
    """that tried them"""
    lasted_ms: float
    """how long it was in the way"""
    seen_to_end: bool
    """whether it was free to go before the run ended"""


@dataclass(frozen=True)
class Work:
    """What calls did to the pages of one class that they met, over all runs."""

    page_class: PageClass
    dropped: int
    """frames"""
    moved: int
    """frames"""
    into_area: int
    """of these, to frames of an area"""
    tries: int
    failed: int
    """pages that stayed"""
    waited_ms: float
    took_ms: float
    """waits included"""


@dataclass(frozen=True)
class Remedy:
    """The same drawings once more with one thing changed."""

    what: str
    wishes: Wishes | None
    """None where the machine cannot be so"""
    why_not: str = ""


@dataclass(frozen=True)
class ScenarioExplanation:
    """The outcome of explain for a generated load."""

    scenario: str
    board: str
    kernel: str
    """series whose rules the model follows"""
    placement: str
    seeds: int
    area_pages: int
    ranges: int
    """tried in vain"""
    unnamed: int
    """notes that found no room: of ranges, which are not counted then, and of endings"""
    wishes: Wishes
    causes: tuple[Cause, ...]
    """the one with most ranges first"""
    work: tuple[Work, ...]
    remedies: tuple[Remedy, ...]
    """the one that leaves fewest failures first"""
    pages: tuple[PageInTheWay, ...] = ()
    """those that were in the way of most ranges"""
