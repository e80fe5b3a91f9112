"""size of a generated load: where to look for an area, and one run with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from zonecma.errors import InputError
from zonecma.kernel.units import NO_PFN
from zonecma.lab.compare import in_the_way, reclaim_of
from zonecma.lab.contiguous_calls import wishes_of
from zonecma.lab.scenario_compare import assumptions_of
from zonecma.lab.scenario_run import ScenarioRun, Setup, run_scenario
from zonecma.lab.scenario_setup import checked_setup, compile_scenarios, setup_for
from zonecma.lab.scenarios import draw_scenario, parse_scenario
from zonecma.lab.size_bench import Bench, Question, range_of
from zonecma.lab.size_trial import NOT_ASKED, Met, TrialOutcome, judged
from zonecma.machine.command_line import apply_command_line
from zonecma.machine.read import read_board
from zonecma.machine.sizes import size_text
from zonecma.machine.wanted_area import WantedArea
from zonecma.progress import Progress, no_progress
from zonecma.workload.generated import GeneratedLoad
from zonecma.workload.needs import ASKS, Need, with_needs
from zonecma.workload.scenario import PAGE_SIZE, Scenario
from zonecma.workload.steps import CALL

_MS = 1e6


def bench_of_scenario(scenario: str, question: Question, progress: Progress = no_progress) -> Bench:
    """The load, once run on its own; raises InputError for what is wrong with the question."""
    load = parse_scenario(scenario)
    setup = _setup(scenario, load, question)
    board = apply_command_line(read_board(setup.board), setup.command_line)
    board = replace(board, rules=setup.kernel.series)
    if board.architecture.page_size != PAGE_SIZE:
        raise InputError(
            f"{board.name}: its pages have {size_text(board.architecture.page_size)}; expected a machine with"
            f" pages of {size_text(PAGE_SIZE)}, which generated loads are written in"
        )
    where, reason = range_of(board, _needed_bytes(load, question.needs), question)
    setup = replace(setup, area=WantedArea(where.least, question.below))
    compile_scenarios(progress)
    pilot = run_scenario(draw_scenario(load, 0), setup, 0)
    lasts_ms = 1000 * pilot.figures["elapsed"]

    def trial(placement: str, size: int, seed: int) -> ScenarioTrial:
        wanted = with_size(replace(setup, placement=placement), size)
        return ScenarioTrial(scenario, wanted, question.needs, lasts_ms, seed, placement)

    notes = assumptions_of(scenario)[:2]
    return Bench(scenario, question, setup.board, setup.kernel, board, where, reason, trial, notes)


def _setup(scenario: str, load: GeneratedLoad, question: Question) -> Setup:
    """The machine, with everything checked that can be wrong with it."""
    if not question.machine:
        return checked_setup(scenario, question.terms)
    draw_scenario(load, 0)
    rules = question.terms.rules or read_board(question.machine).rules
    return replace(setup_for(load, replace(question.terms, rules=rules)), board=question.machine)


def _needed_bytes(load: GeneratedLoad, needs: Sequence[Need]) -> int:
    """What an area has at least: all needed buffers, or the largest that the load itself asks for."""
    steps = draw_scenario(load, 0).steps
    largest = int(steps["count"][steps["op"] == CALL].max(initial=0))
    return (sum(need.frames for need in needs) or largest) * PAGE_SIZE


@dataclass(frozen=True)
class ScenarioTrial:
    """A run that is to be made."""

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

    def run(self) -> TrialOutcome:
        """Draw the load, and run it beside the needs."""
        scenario = draw_scenario(parse_scenario(self.load), self.seed)
        asked = [need for need in self.needs if need.count]
        loaded = with_needs(scenario, asked, self.lasts_ms, self.seed) if asked else scenario
        return outcome_of(self, scenario, run_scenario(loaded, self.setup, self.seed))


def with_size(setup: Setup, size: int) -> Setup:
    """The same machine with an area of another size."""
    below = setup.area.below if setup.area else 0
    return replace(setup, area=WantedArea(size, below))


def outcome_of(trial: ScenarioTrial, scenario: Scenario, run: ScenarioRun) -> TrialOutcome:
    """What a run shows; ``scenario`` is the load without the needs."""
    own = run.calls["buffer"] < scenario.buffers
    wishes = wishes_of(replace(run, calls=run.calls[own]))
    met, first = [], scenario.buffers
    for need in trial.needs:
        if need.count:
            met.append(_met(run, need, first))
        else:
            took = max((wish.first_took + wish.fails_for for wish in wishes), default=0) / _MS
            met.append(judged(all(wish.got for wish in wishes), took, need))
        first += need.count
    return TrialOutcome(
        trial=trial,
        met=tuple(met),
        killed=bool(run.figures["killed"] or run.figures["oom_kill"]),
        own_calls=len(wishes),
        own_failed=sum(not wish.got for wish in wishes),
        min_free_outside=int((run.samples["free"] - run.samples["free_area"]).min()),
        costs=reclaim_of(run.figures, stall_seconds=run.figures["stall_seconds"]),
        in_the_way=in_the_way(run.notes),
    )


def _met(run: ScenarioRun, need: Need, first: int) -> Met:
    """What became of the buffers from number ``first`` on; each is asked for once in each ask."""
    rows = run.calls[(run.calls["buffer"] >= first) & (run.calls["buffer"] < first + need.count)]
    if len(rows) < ASKS * need.count:
        return NOT_ASKED
    asks = rows.reshape(ASKS, need.count)
    ends = asks["time"][:, -1] + asks["took"][:, -1]
    took = float((ends - asks["time"][:, 0]).max()) / _MS
    return judged(bool((asks["start"] != NO_PFN).all()), took, need)
