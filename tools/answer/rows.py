"""The answer's rows: one kind of page under one placement and one kernel's rules, over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tools.answer.seen import Seen, seen_doing
from zonecma.kernel.memory import ANONYMOUS, BLOCKDEV, FILE
from zonecma.kernel.page_class import PageClass
from zonecma.lab.contiguous_calls import Wish, wishes_of
from zonecma.lab.episodes import Episode, blocked_ranges, episodes_of
from zonecma.lab.scenario_run import ScenarioRun
from zonecma.lab.scenario_setup import Task, Terms
from zonecma.lab.survival import share_interval, survival_of
from zonecma.workload.uses import USES

LOAD = "page-kinds,seconds=90,calls=12,pause_ms=3000,patience_ms=5000,again_ms=100"
KINDS: Mapping[str, str] = {
    "buffers": "buffers_mib=1000",
    "read": "read_mib=1500",
    "written": "written_mib=1000",
    "mapped": "mapped_mib=1500",
    "anonymous": "anonymous_mib=840",
    "pinned": "pinned_mib=840",
}
"""What fills memory, and the load's parameter for it."""
KERNELS = ("4.7", "6.12")
PLACEMENTS = ("last-resort", "half-free", "zone-cma")
_METADATA = (PageClass.BUFFER, PageClass.BUFFER_DIRTY, PageClass.BUFFER_HEAD, PageClass.JOURNAL)
_FILES = (PageClass.FILE, PageClass.FILE_MAPPED, PageClass.FILE_DIRTY)
_MEMORY = (PageClass.ANONYMOUS, PageClass.TMPFS, PageClass.HUGE)
_PINS = (PageClass.PINNED, PageClass.DIRECT_IO, PageClass.REFERENCED)
_ON_ITS_WAY = (PageClass.WRITEBACK, PageClass.LOCKED)
"""Read or written just then: pages of any kind, told by their use."""
_RESAMPLED = 200
"""Draws of as many seeds as there are, for an interval."""

Runs = Sequence[ScenarioRun]
Interval = tuple[float | None, float | None]


@dataclass(frozen=True)
class Row:
    """One kind of page under one placement and kernel."""

    kind: str
    kernel: str
    placement: str
    use: float
    """share of the area, mean"""
    wishes: int
    failed: int
    """not got at once"""
    failed_interval: tuple[float, float]
    in_vain: int
    """ranges"""
    blame: Mapping[str, float]
    """share of these by metadata, files, memory, pins, other"""
    fails_for: tuple[float | None, float | None]
    """ns: median and 99th percentile of how long failures went on; None: longer than was waited"""
    fails_for_interval: tuple[Interval, Interval]
    pages: int
    """different ones that were in the way"""
    in_the_way: tuple[float | None, float | None]
    """ns: the same of a page"""
    slowest_ms: float
    """the slowest single try"""
    seen: Seen | None


def task_of(kind: str, kernel: str, placement: str, seed: int) -> Task:
    """One run."""
    label = f"{kind} {kernel} {placement}"
    return Task(f"{LOAD},{KINDS[kind]}", Terms(placement=placement, rules=kernel), seed, label)


def row_of(kind: str, kernel: str, placement: str, runs: Runs) -> Row:
    """The row that some runs, one a seed, give."""
    wishes = [wishes_of(run) for run in runs]
    asked = sum(map(len, wishes))
    failed = sum(wish.first_failed for wish in _all(wishes))
    episodes = [episode for run in runs for episode in episodes_of(run)]
    return Row(
        kind=kind,
        kernel=kernel,
        placement=placement,
        use=float(np.mean([_use(run) for run in runs])),
        wishes=asked,
        failed=failed,
        failed_interval=share_interval(failed, asked),
        in_vain=sum(len(blocked_ranges(run)) for run in runs),
        blame=_blame(runs),
        fails_for=_fails_for(wishes),
        fails_for_interval=_interval(wishes),
        pages=len(episodes),
        in_the_way=_in_the_way(episodes),
        slowest_ms=max(float(run.calls["took"].max()) for run in runs) / 1e6,
        seen=seen_doing(kind, placement, kernel),
    )


def _use(run: ScenarioRun) -> float:
    return float(run.samples["used"].sum(axis=1).mean()) / max(run.area_pages, 1)


def _blame(runs: Runs) -> dict[str, float]:
    notes = np.concatenate([blocked_ranges(run) for run in runs])
    classes, kinds = notes["page_class"], np.array([use.kind for use in USES])[notes["gfp"]]
    on_its_way = np.isin(classes, _ON_ITS_WAY)
    groups = {"metadata": (_METADATA, BLOCKDEV), "files": (_FILES, FILE), "memory": (_MEMORY, ANONYMOUS)}
    found = {
        name: np.isin(classes, group) | (on_its_way & (kinds == kind))
        for name, (group, kind) in groups.items()
    }
    found["pins"] = np.isin(classes, _PINS)
    total = max(len(notes), 1)
    shares = {name: float(those.sum()) / total for name, those in found.items()}
    return {**shares, "other": max(1 - sum(shares.values()), 0.0) if len(notes) else 0.0}


def _all(wishes: Sequence[Sequence[Wish]]) -> list[Wish]:
    return [wish for of_run in wishes for wish in of_run]


def _fails_for(wishes: Sequence[Sequence[Wish]]) -> tuple[float | None, float | None]:
    failed = [wish for wish in _all(wishes) if wish.first_failed]
    found = survival_of([wish.fails_for for wish in failed], [wish.got for wish in failed])
    return found.quantile(0.5), found.quantile(0.99)


def _in_the_way(episodes: Sequence[Episode]) -> tuple[float | None, float | None]:
    found = survival_of([one.lasted for one in episodes], [one.seen_to_end for one in episodes])
    return found.quantile(0.5), found.quantile(0.99)


def _interval(wishes: Sequence[Sequence[Wish]]) -> tuple[Interval, Interval]:
    """Where 95 % of the figures of seeds drawn anew lie, of draws in which something failed.

    ``wishes``: of each seed's run.  None: beyond what was waited, or nothing failed in any.
    """
    draw, failed = np.random.default_rng(0), [any(one.first_failed for one in of_run) for of_run in wishes]
    draws = [draw.integers(len(wishes), size=len(wishes)) for _ in range(_RESAMPLED)]
    drawn = [_fails_for([wishes[i] for i in chosen]) for chosen in draws if any(failed[i] for i in chosen)]
    return _middle([median for median, _ in drawn]), _middle([late for _, late in drawn])


def _middle(found: Sequence[float | None]) -> Interval:
    if not found:
        return None, None
    ordered = sorted(np.inf if one is None else one for one in found)
    low, high = ordered[int(0.025 * len(ordered))], ordered[int(0.975 * len(ordered))]
    return (None if np.isinf(low) else low), (None if np.isinf(high) else high)
