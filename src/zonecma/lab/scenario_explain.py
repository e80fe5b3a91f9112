"""explain for a generated load: who was in the way, for how long, and what would have prevented it.

The model knows every page, so nothing is unknown.  What would have prevented a failure is not argued
but tried: the same drawings run once more with one thing changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from zonecma.errors import InputError
from zonecma.kernel.gfp import Gfp
from zonecma.kernel.page_class import PageClass
from zonecma.lab.contiguous_calls import wishes_of
from zonecma.lab.episodes import Episode, blocked_ranges, episodes_of
from zonecma.lab.placements import parse_placement
from zonecma.lab.scenario_explanation import Cause, PageInTheWay, Remedy, ScenarioExplanation, Wishes, Work
from zonecma.lab.scenario_run import ScenarioRun, Setup, booted_state
from zonecma.lab.scenario_setup import SEEDS, Task, Terms, checked_setup, runs_by_label, setup_for
from zonecma.lab.scenarios import parse_scenario
from zonecma.lab.survival import survival_of
from zonecma.placement.policy import HOME_ZONES
from zonecma.progress import Progress, no_progress
from zonecma.workload.uses import GFP_MASKS

_ASKED = ("last-resort", "half-free", "zone-cma")
_PAGEBLOCK_ORDER = 9
_PAGES = 5
"""Pages that are shown one by one."""
_MS = 1e6


def explain_scenario(
    scenario: str, terms: Terms, seeds: int = SEEDS, progress: Progress = no_progress, workers: int = 0
) -> ScenarioExplanation:
    """Run a load's drawings as they are, and with one thing changed at a time.

    Raises InputError for a scenario, placement, kernel or size that does not exist.
    """
    setup = checked_setup(scenario, terms)
    area_pages = int(booted_state(setup, 1).cma["count"].sum())
    variants, impossible = _possible(scenario, _variants(setup, terms, area_pages))
    each = {"": terms, **variants}
    tasks = [Task(scenario, one, seed, what) for what, one in each.items() for seed in range(seeds)]
    found = runs_by_label(tasks, progress, workers)
    runs = found.pop("")
    remedies = [Remedy(what, _wishes(found[what])) for what in variants]
    episodes = [episode for run in runs for episode in episodes_of(run)]
    return ScenarioExplanation(
        scenario=scenario,
        board=setup.board,
        kernel=setup.rules,
        placement=setup.placement,
        seeds=seeds,
        area_pages=area_pages,
        ranges=sum(len(blocked_ranges(run)) for run in runs),
        unnamed=sum(run.nr_notes - len(run.notes) for run in runs),
        wishes=_wishes(runs),
        causes=causes_of(runs, episodes),
        pages=pages_of(episodes),
        work=work_of(runs),
        remedies=(*sorted(remedies, key=_failures), *impossible),
    )


def _variants(setup: Setup, terms: Terms, area_pages: int) -> dict[str, Terms]:
    """What is tried instead, each in words."""
    variants = {
        f"placement {name}": replace(terms, placement=name) for name in _ASKED if name != setup.placement
    }
    variants["an area twice as large"] = replace(terms, cma=f"{2 * area_pages * 4}K")
    variants["calls aligned to pageblocks"] = replace(terms, aligned=_PAGEBLOCK_ORDER)
    if not setup.kernel.moves_before_pinning:
        variants["pages leave the area before they are pinned"] = replace(terms, pins_move=True)
    return variants


def _possible(scenario: str, variants: Mapping[str, Terms]) -> tuple[dict[str, Terms], tuple[Remedy, ...]]:
    """The variants whose machines boot, and those whose don't."""
    possible, impossible = {}, []
    for what, terms in variants.items():
        try:
            booted_state(setup_for(parse_scenario(scenario), terms), 1)
            possible[what] = terms
        except InputError as error:
            impossible.append(Remedy(what, None, str(error)))
    return possible, tuple(impossible)


def _failures(remedy: Remedy) -> tuple[int, int]:
    assert remedy.wishes
    return remedy.wishes.given_up, remedy.wishes.failed_first


def _wishes(runs: Iterable[ScenarioRun]) -> Wishes:
    """The buffers that were wished for in all runs."""
    every = [wish for run in runs for wish in wishes_of(run)]
    failed = [wish for wish in every if wish.first_failed]
    took = [wish.first_took / _MS for wish in every]
    return Wishes(
        count=len(every),
        failed_first=len(failed),
        given_up=sum(not wish.got for wish in every),
        tries=sum(wish.tries for wish in every),
        fails_for=survival_of([wish.fails_for for wish in failed], [wish.got for wish in failed]),
        took_median_ms=float(np.median(took)) if took else 0.0,
        took_most_ms=max(took, default=0.0),
    )


def causes_of(runs: Sequence[ScenarioRun], episodes: Iterable[Episode]) -> tuple[Cause, ...]:
    """What was in the way, by class; free frames and those of nobody known among them.

    ``episodes``: of all these runs.
    """
    ranges: dict[PageClass, int] = defaultdict(int)
    for run in runs:
        for page_class in blocked_ranges(run)["page_class"].tolist():
            ranges[PageClass(page_class)] += 1
    by_class: dict[PageClass, list[Episode]] = defaultdict(list)
    for episode in episodes:
        by_class[episode.page_class].append(episode)
    total = sum(ranges.values())
    causes = [_cause(one, ranges[one], total, by_class[one]) for one in ranges]
    return tuple(sorted(causes, key=lambda cause: -cause.ranges))


def _cause(page_class: PageClass, ranges: int, total: int, episodes: Sequence[Episode]) -> Cause:
    uses = {episode.use for episode in episodes}
    return Cause(
        page_class=page_class,
        ranges=ranges,
        share=ranges / total,
        pages=len(episodes),
        still=survival_of(
            [episode.lasted for episode in episodes], [episode.seen_to_end for episode in episodes]
        ),
        entered=tuple(name for name in _ASKED if any(_enters(name, use) for use in uses)),
    )


def _enters(placement: str, use: int) -> bool:
    """Whether a placement lets pages of a use into areas."""
    policy, mask = parse_placement(placement), GFP_MASKS[use]
    if policy.home in HOME_ZONES:
        return bool(policy.highest_zone(mask) == HOME_ZONES[policy.home])
    return bool(mask & Gfp.MOVABLE)


def pages_of(episodes: Iterable[Episode]) -> tuple[PageInTheWay, ...]:
    """The pages that were in the way of most ranges."""
    most = sorted(episodes, key=lambda episode: -episode.ranges)[:_PAGES]
    return tuple(
        PageInTheWay(
            page_class=one.page_class,
            pfn=one.pfn,
            task=one.task,
            age_ms=max(one.begun - one.brought, 0) / _MS,
            ranges=one.ranges,
            calls=len(one.calls),
            lasted_ms=one.lasted / _MS,
            seen_to_end=one.seen_to_end,
        )
        for one in most
    )


def work_of(runs: Iterable[ScenarioRun]) -> tuple[Work, ...]:
    """What calls did to the pages that they met, by class."""
    all_runs = np.stack([run.classes for run in runs])
    sums = {name: all_runs[name].sum(axis=0) for name in all_runs.dtype.names or ()}
    return tuple(
        Work(
            page_class=one,
            dropped=int(sums["dropped"][one]),
            moved=int(sums["moved"][one]),
            into_area=int(sums["into_area"][one]),
            tries=int(sums["tries"][one]),
            failed=int(sums["failed"][one]),
            waited_ms=float(sums["waited_ns"][one]) / _MS,
            took_ms=float(sums["ns"][one]) / _MS,
        )
        for one in PageClass
        if sums["tries"][one] or sums["dropped"][one]
    )
