"""The answer's rows: one kind of page under one placement and one kernel's rules, over seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tools.answer.seen import Seen, seen_doing
from zonecma.kernel.memory import ANONYMOUS, BLOCKDEV, FILE
from zonecma.kernel.notes import AN_ENDING
from zonecma.kernel.page_class import PageClass
from zonecma.lab.contiguous_calls import Wish, wishes_of
from zonecma.lab.episodes import Episode, episodes_of
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
    wishes = [wish for run in runs for wish in wishes_of(run)]
    failed = sum(wish.first_failed for wish in wishes)
    fails_for = _fails_for(runs)
    return Row(
        kind=kind,
        kernel=kernel,
        placement=placement,
        use=float(np.mean([_use(run) for run in runs])),
        wishes=len(wishes),
        failed=failed,
        failed_interval=share_interval(failed, len(wishes)),
        in_vain=sum(int((run.notes["start"] != AN_ENDING).sum()) for run in runs),
        blame=_blame(runs),
        fails_for=fails_for,
        fails_for_interval=_interval(runs, _fails_for),
        pages=sum(len(episodes_of(run)) for run in runs),
        in_the_way=_in_the_way(runs),
        slowest_ms=max(float(run.calls["took"].max()) for run in runs) / 1e6,
        seen=seen_doing(kind, placement, kernel),
    )


def _use(run: ScenarioRun) -> float:
    return float(run.samples["used"].sum(axis=1).mean()) / max(run.area_pages, 1)


def _blame(runs: Runs) -> dict[str, float]:
    notes = np.concatenate([run.notes[run.notes["start"] != AN_ENDING] for run in runs])
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


def _fails_for(runs: Runs) -> tuple[float | None, float | None]:
    failed: list[Wish] = [wish for run in runs for wish in wishes_of(run) if wish.first_failed]
    found = survival_of([wish.fails_for for wish in failed], [wish.got for wish in failed])
    return found.quantile(0.5), found.quantile(0.99)


def _in_the_way(runs: Runs) -> tuple[float | None, float | None]:
    every: list[Episode] = [episode for run in runs for episode in episodes_of(run)]
    found = survival_of([one.lasted for one in every], [one.seen_to_end for one in every])
    return found.quantile(0.5), found.quantile(0.99)


def _interval(
    runs: Runs, measure: Callable[[Runs], tuple[float | None, float | None]]
) -> tuple[Interval, Interval]:
    """Where 95 % of the figures of seeds drawn anew lie, of draws in which something failed.

    None: beyond what was waited, or nothing failed in any.
    """
    draw, failed = np.random.default_rng(0), [_fails(run) for run in runs]
    draws = [draw.integers(len(runs), size=len(runs)) for _ in range(_RESAMPLED)]
    drawn = [measure([runs[i] for i in chosen]) for chosen in draws if any(failed[i] for i in chosen)]
    return _middle([median for median, _ in drawn]), _middle([late for _, late in drawn])


def _fails(run: ScenarioRun) -> bool:
    return any(wish.first_failed for wish in wishes_of(run))


def _middle(found: Sequence[float | None]) -> Interval:
    if not found:
        return None, None
    ordered = sorted(np.inf if one is None else one for one in found)
    low, high = ordered[int(0.025 * len(ordered))], ordered[int(0.975 * len(ordered))]
    return (None if np.isinf(low) else low), (None if np.isinf(high) else high)
