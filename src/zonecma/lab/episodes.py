"""Episodes: a page that contiguous calls found in their way, until it was free to go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from zonecma.kernel.notes import AN_ENDING, NOT_KNOWN
from zonecma.kernel.page_class import PageClass
from zonecma.kernel.state import NO_OBJECT
from zonecma.lab.scenario_run import ScenarioRun


@dataclass
class Episode:
    """One page in the way; times are ns of the run's clock."""

    page_class: PageClass
    """as it was found first: what had to end"""
    object: int
    pfn: int
    begun: int
    """when it was found first"""
    ended: int
    """when it was free to go; when the run ended, if ``seen_to_end`` is false"""
    seen_to_end: bool
    ranges: int
    """tried in vain because of it"""
    calls: set[int]
    """by number"""
    brought: int
    """when it came to memory"""
    task: int
    """that brought it; -1: before the load"""
    use: int
    """workload.uses"""

    @property
    def lasted(self) -> int:
        """How long it was in the way (ns)."""
        return max(self.ended - self.begun, 0)  # tasks have clocks of their own


def blocked_ranges(run: ScenarioRun) -> NDArray[Any]:
    """NOTE[]: of the ranges that a run's calls tried in vain."""
    found: NDArray[Any] = run.notes[run.notes["start"] != AN_ENDING]
    return found


def episodes_of(run: ScenarioRun) -> list[Episode]:
    """The pages that were in the way of a run's calls, in the order in which they were found."""
    end = run.begun_at + round(run.figures["elapsed"] * 1e9)
    found: list[Episode] = []
    open_now: dict[int, Episode] = {}
    for note in run.notes:
        number = int(note["object"])
        if note["start"] == AN_ENDING:
            if number in open_now:
                _end(open_now.pop(number), int(note["time"]))
        elif number != NO_OBJECT:
            known = open_now.get(number)
            if known is None or (known.seen_to_end and known.ended <= note["time"]):
                known = open_now[number] = _begin(note, end)
                found.append(known)
            _look(known, note, end)
    return found


def _begin(note: Any, end: int) -> Episode:
    time = int(note["time"])
    return Episode(
        page_class=PageClass(int(note["page_class"])),
        object=int(note["object"]),
        pfn=int(note["pfn"]),
        begun=time,
        ended=max(end, time),
        seen_to_end=False,
        ranges=0,
        calls=set(),
        brought=int(note["since"]),
        task=int(note["by"]),
        use=int(note["gfp"]),
    )


def _look(episode: Episode, note: Any, end: int) -> None:
    """The page is in the way once more.  A bond that ends by itself says when."""
    episode.ranges += 1
    episode.calls.add(int(note["call"]))
    if note["until"] != NOT_KNOWN:
        episode.ended, episode.seen_to_end = min(int(note["until"]), end), bool(note["until"] <= end)


def _end(episode: Episode, time: int) -> None:
    """The page is free to go, sooner than its bond said, if it had a time."""
    if time < episode.ended or not episode.seen_to_end:
        episode.ended, episode.seen_to_end = time, True
