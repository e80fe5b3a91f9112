"""One run of a load on a machine with an area of some size: were the needs met, and at what cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from zonecma.kernel.notes import AN_ENDING
from zonecma.kernel.page_class import PageClass
from zonecma.kernel.units import NO_PFN
from zonecma.lab.contiguous_calls import wishes_of
from zonecma.lab.scenario_run import ScenarioRun, Setup, run_scenario
from zonecma.lab.scenarios import draw_scenario, parse_scenario
from zonecma.machine.wanted_area import WantedArea
from zonecma.workload.needs import ASKS, Need, with_needs
from zonecma.workload.scenario import Scenario

_MS = 1e6
COSTS = ("pgsteal_kswapd", "pgsteal_direct", "pswpin", "pswpout", "workingset_refault", "stall_seconds")


@dataclass(frozen=True)
class Trial:
    """A run that is to be made, as another process is given it."""

    load: str
    """a scenario as a user names it"""
    setup: Setup
    """with the area's size"""
    needs: tuple[Need, ...]
    lasts_ms: float
    """how long the load runs by itself"""
    seed: int
    label: str = ""
    """what its caller knows it by"""

    @property
    def size(self) -> int:
        """Of the area, bytes."""
        return self.setup.area.size if self.setup.area else 0


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
    costs: Mapping[str, float]
    """by name in COSTS"""
    in_the_way: Mapping[PageClass, int]
    """ranges that were tried in vain, by what was in the way"""

    def success(self, need: int) -> bool:
        """Whether a need was met, and the load lived through it."""
        return self.met[need].met and not self.killed


def with_size(setup: Setup, size: int) -> Setup:
    """The same machine with an area of another size."""
    below = setup.area.below if setup.area else 0
    return replace(setup, area=WantedArea(size, below))


def run_trial(trial: Trial) -> TrialOutcome:
    """One run, from drawing to outcome."""
    scenario = draw_scenario(parse_scenario(trial.load), trial.seed)
    asked = [need for need in trial.needs if need.count]
    loaded = with_needs(scenario, asked, trial.lasts_ms, trial.seed) if asked else scenario
    run = run_scenario(loaded, trial.setup, trial.seed)
    return outcome_of(trial, scenario, run)


def outcome_of(trial: Trial, scenario: Scenario, run: ScenarioRun) -> TrialOutcome:
    """What a run shows; ``scenario`` is the load without the needs."""
    own = run.calls["buffer"] < scenario.buffers
    wishes = wishes_of(replace(run, calls=run.calls[own]))
    met, first = [], scenario.buffers
    for need in trial.needs:
        if need.count:
            met.append(_met(run, need, first))
        else:
            took = max((wish.first_took + wish.fails_for for wish in wishes), default=0) / _MS
            met.append(_judged(all(wish.got for wish in wishes), took, need))
        first += need.count
    return TrialOutcome(
        trial=trial,
        met=tuple(met),
        killed=bool(run.figures["killed"] or run.figures["oom_kill"]),
        own_calls=len(wishes),
        own_failed=sum(not wish.got for wish in wishes),
        min_free_outside=int((run.samples["free"] - run.samples["free_area"]).min()),
        costs={name: run.figures[name] for name in COSTS},
        in_the_way=_in_the_way(run),
    )


def _met(run: ScenarioRun, need: Need, first: int) -> Met:
    """What became of the buffers from number ``first`` on; each is asked for once in each ask."""
    rows = run.calls[(run.calls["buffer"] >= first) & (run.calls["buffer"] < first + need.count)]
    if len(rows) < ASKS * need.count:
        return Met(False, 0.0, False)  # its task was killed
    asks = rows.reshape(ASKS, need.count)
    ends = asks["time"][:, -1] + asks["took"][:, -1]
    took = float((ends - asks["time"][:, 0]).max()) / _MS
    return _judged(bool((asks["start"] != NO_PFN).all()), took, need)


def _judged(got: bool, took_ms: float, need: Need) -> Met:
    return Met(got, took_ms, not need.within_ms or took_ms <= need.within_ms)


def _in_the_way(run: ScenarioRun) -> dict[PageClass, int]:
    classes = run.notes["page_class"][run.notes["start"] != AN_ENDING]
    return dict(Counter(PageClass(one) for one in classes.tolist()))
