"""size: the smallest area that serves given buffers under a generated load, for each placement."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from zonecma.errors import InputError
from zonecma.kernel.page_class import PageClass
from zonecma.lab.area_checks import check_area
from zonecma.lab.boot import boot_from, usual_placement
from zonecma.lab.placements import parse_placement
from zonecma.lab.pool import outcomes, pool_of
from zonecma.lab.scenario_compare import assumptions_of
from zonecma.lab.scenario_run import Setup, run_scenario
from zonecma.lab.scenario_setup import Terms, checked_setup, compile_scenarios, setup_for
from zonecma.lab.scenarios import draw_scenario, parse_scenario
from zonecma.lab.size_search import Found, Range, Search, Tried, Wanted, search
from zonecma.lab.size_trial import COSTS, Trial, TrialOutcome, run_trial, with_size
from zonecma.lab.sizing import Answer, Blocked, Check, NeedShown, Paste, SizeTried, Sizing
from zonecma.lab.success import at_least, runs_needed
from zonecma.machine.area_rules import smallest_alignment
from zonecma.machine.areas import declare_areas
from zonecma.machine.board import Board
from zonecma.machine.command_line import apply_command_line
from zonecma.machine.memblock import align_up
from zonecma.machine.read import read_board
from zonecma.machine.sizes import size_text
from zonecma.machine.tree.memory import Cells
from zonecma.machine.tree.write import reserved_memory_source
from zonecma.machine.wanted_area import (
    Placed,
    WantedArea,
    former_default,
    has_tree,
    largest_area,
    option_value,
    place_area,
    ram_of,
)
from zonecma.placement import COMPARED, Home, Placement
from zonecma.progress import Progress, no_progress
from zonecma.workload.generated import GeneratedLoad
from zonecma.workload.needs import ASKS, Need
from zonecma.workload.scenario import PAGE_SIZE
from zonecma.workload.steps import CALL

MOST_RUNS = 80
"""Runs of a test, unless told."""
_LARGEST_SHARE = 2
"""An area of more than one part in so many of RAM is not looked for, unless told."""


@dataclass(frozen=True)
class Question:
    """What is to be sized."""

    needs: tuple[Need, ...]
    """a need without buffers: what the load itself asks for"""
    placements: tuple[str, ...] = tuple(one.name for one in COMPARED)
    machine: str = ""
    """the load's own if empty"""
    terms: Terms = field(default_factory=Terms)
    below: int = 0
    """the address that devices' addresses end at; 0: as the board has it"""
    most: int = 0
    """bytes of the largest area; 0: half of RAM"""
    most_runs: int = MOST_RUNS


@dataclass(frozen=True)
class _Bench:
    """All that the runs share."""

    load: str
    question: Question
    setup: Setup
    board: Board
    """before an area is asked for, under the kernel's rules"""
    where: Range
    most_reason: str
    lasts_ms: float

    def trial(self, placement: str, wanted: Wanted, seed: int) -> Trial:
        """A run that a search wants."""
        setup = with_size(replace(self.setup, placement=placement), wanted.size)
        return Trial(self.load, setup, self.question.needs, self.lasts_ms, seed, placement)


def size_scenario(
    scenario: str, question: Question, progress: Progress = no_progress, workers: int = 0
) -> Sizing:
    """Find the smallest area for each placement, and what to paste for the best.

    Runs are several at once, each in a process that imports the caller's main module anew, unless
    ``workers`` is 1.  The outcome is the same whatever their number.  Raises InputError for a scenario,
    machine or placement that does not exist, and for needs that no area of the machine can hold.
    """
    policies = {text: parse_placement(text) for text in question.placements}
    bench = _bench(scenario, question, progress)
    found = _search_all(bench, policies, progress, workers)
    answers = tuple(sorted((_answer(policies[one], found[one]) for one in policies), key=_cost))
    pastes, checks = _pastes(bench, answers)
    return Sizing(
        load=scenario,
        machine=bench.setup.board,
        kernel=bench.setup.rules,
        needs=question.needs,
        ram=ram_of(bench.board),
        unit=bench.where.unit,
        least=bench.where.least,
        most=bench.where.most,
        most_reason=bench.most_reason,
        asks=ASKS,
        most_runs=question.most_runs,
        answers=answers,
        pastes=pastes,
        checks=checks,
        notes=assumptions_of(scenario)[:2],
    )


# What is looked for, and where.


def _bench(scenario: str, question: Question, progress: Progress) -> _Bench:
    load = parse_scenario(scenario)
    setup = _setup(scenario, load, question)
    board = apply_command_line(read_board(setup.board), setup.command_line)
    board = replace(board, rules=setup.kernel.series)
    if board.architecture.page_size != PAGE_SIZE:
        raise InputError(
            f"{board.name}: its pages have {size_text(board.architecture.page_size)}; expected a machine with"
            f" pages of {size_text(PAGE_SIZE)}, which generated loads are written in"
        )
    where, reason = _range(board, load, question)
    setup = replace(setup, area=WantedArea(where.least, question.below))
    compile_scenarios(progress)
    pilot = run_scenario(draw_scenario(load, 0), setup, 0)
    return _Bench(scenario, question, setup, board, where, reason, 1000 * pilot.figures["elapsed"])


def _setup(scenario: str, load: GeneratedLoad, question: Question) -> Setup:
    """The machine, with everything checked that can be wrong with it."""
    if not question.machine:
        return checked_setup(scenario, question.terms)
    draw_scenario(load, 0)
    rules = question.terms.rules or read_board(question.machine).rules
    return replace(setup_for(load, replace(question.terms, rules=rules)), board=question.machine)


def _range(board: Board, load: GeneratedLoad, question: Question) -> tuple[Range, str]:
    """The sizes to look at, and why none is larger."""
    unit, page = smallest_alignment(board), board.architecture.page_size
    least = align_up(max(needed_bytes(load, question.needs, page), unit), unit)
    cap = question.most or ram_of(board) // _LARGEST_SHARE
    most, refused = largest_area(board, cap, question.below)
    reason = refused or (f"--most {size_text(cap)}" if question.most else "half of RAM")
    if least > most:
        raise InputError(
            f"{board.name}: the needs are {size_text(least)} together, and an area has {size_text(most)} at"
            f" most ({reason}); expected less to be held at once"
        )
    return Range(least, most, unit), reason


def needed_bytes(load: GeneratedLoad, needs: Sequence[Need], page: int) -> int:
    """What an area has at least: all needed buffers, or the largest that the load itself asks for.

    Raises InputError where nothing is needed.
    """
    frames = sum(need.frames for need in needs)
    if not frames:
        steps = draw_scenario(load, 0).steps
        frames = int(steps["count"][steps["op"] == CALL].max(initial=0))
    if not frames:
        raise InputError(f"{load.name}: it asks for no contiguous buffer; expected --need SIZE[:COUNT]")
    return frames * page


# The searches, side by side.


def _search_all(
    bench: _Bench, policies: Mapping[str, Placement], progress: Progress, workers: int
) -> dict[str, Found]:
    """Run all searches, each round the runs that any of them waits for."""
    shares = tuple(need.probability for need in bench.question.needs)
    searches = {one: search(bench.where, shares, bench.question.most_runs) for one in policies}
    wanted = {one: next(asking) for one, asking in searches.items()}
    found: dict[str, Found] = {}
    done = 0
    with pool_of(workers) as pool:
        while wanted:
            trials = [bench.trial(one, what, seed) for one, what in wanted.items() for seed in what.seeds]
            made: dict[str, list[TrialOutcome]] = defaultdict(list)
            for outcome in outcomes(run_trial, trials, pool):
                made[outcome.trial.label].append(outcome)
                done += 1
                progress(f"{done} runs; {_looked_at(wanted)}", 0, 0)
            wanted = {
                one: what
                for one in wanted
                if (what := _go_on(searches[one], made[one], found, one)) is not None
            }
    return found


def _looked_at(wanted: Mapping[str, Wanted]) -> str:
    return ", ".join(f"{one} {size_text(what.size)}" for one, what in wanted.items())


def _go_on(asking: Search, made: Sequence[TrialOutcome], found: dict[str, Found], name: str) -> Wanted | None:
    """What a search wants next; None when it has ended, and its outcome is among the ``found``."""
    try:
        return asking.send(made)
    except StopIteration as end:
        found[name] = end.value
        return None


# The answers.


def _answer(policy: Placement, found: Found) -> Answer:
    tried = tuple(map(_tried, found.steps))
    lent = policy.home is not Home.NONE
    if found.test is None or found.size is None:
        return Answer(policy.label, policy.kernels, lent, None, tried=tried, blocked=_blocked(found))
    outcomes = found.test.outcomes
    return Answer(
        placement=policy.label,
        kernels=policy.kernels,
        lent=lent,
        size=found.size,
        needs=tuple(_shown(found, number) for number in range(len(found.shown))),
        own_calls=sum(one.own_calls for one in outcomes),
        own_failed=sum(one.own_failed for one in outcomes),
        costs={name: float(np.mean([one.costs[name] for one in outcomes])) for name in COSTS},
        min_free_outside=min(one.min_free_outside for one in outcomes),
        tried=tried,
        neighbours=tuple(map(_tried, found.neighbours)),
    )


def _tried(one: Tried) -> SizeTried:
    needs = range(len(one.outcomes[0].met))
    failures = sum(not all(outcome.success(need) for need in needs) for outcome in one.outcomes)
    return SizeTried(one.size, len(one.outcomes), failures)


def _shown(found: Found, number: int) -> NeedShown:
    shown, test = found.shown[number], found.test
    assert test is not None
    need = test.outcomes[0].trial.needs[number]
    took = [one.met[number].took_ms for one in test.outcomes if one.met[number].got]
    return NeedShown(
        need=need,
        runs=shown.runs,
        failures=shown.failures,
        confidence=shown.confidence,
        at_least=at_least(shown.runs, shown.failures, shown.attempt),
        runs_needed=runs_needed(0, need.probability, shown.attempt),
        slowest_ms=max(took, default=0.0),
    )


def _blocked(found: Found) -> Blocked:
    """What the runs with the largest area show."""
    size = max(one.size for one in found.steps)
    outcomes = [one for step in found.steps if step.size == size for one in step.outcomes]
    ways: Counter[PageClass] = Counter()
    for one in outcomes:
        ways.update(one.in_the_way)
    return Blocked(
        size=size,
        runs=len(outcomes),
        not_got=sum(not all(met.got for met in one.met) for one in outcomes),
        too_slow=sum(
            all(met.got for met in one.met) and not all(met.in_time for met in one.met) for one in outcomes
        ),
        killed=sum(one.killed for one in outcomes),
        in_the_way=dict(ways.most_common()),
    )


def _cost(answer: Answer) -> tuple[float, ...]:
    """The smallest first; then what the load may use; then what it had to reclaim and to swap."""
    if answer.size is None or answer.costs is None:
        return (float("inf"),)
    costs = answer.costs
    reclaimed = sum(costs[name] for name in ("pgsteal_kswapd", "pgsteal_direct", "pswpin", "pswpout"))
    return answer.size, not answer.lent, reclaimed, costs["stall_seconds"]


# What to paste, and what to look out for.


def _pastes(bench: _Bench, answers: Sequence[Answer]) -> tuple[tuple[Paste, ...], tuple[Check, ...]]:
    """For the best answer, and for what the kernel does by itself where that differs; the best's checks."""
    sized = [one for one in answers if one.size is not None]
    if not sized:
        return (), ()
    usual = usual_placement(bench.setup.kernel).label
    best = sized[0]
    same = best.size, best.lent
    shown = [best, *(one for one in sized if one.placement == usual and (one.size, one.lent) != same)]
    return tuple(_paste(bench, one, usual) for one in shown), _checks(bench, best)


def _paste(bench: _Bench, answer: Answer, usual: str) -> Paste:
    wanted = WantedArea(answer.size or 0, bench.question.below)
    placed = place_area(bench.board, wanted)
    option, remark = _option(bench.board, placed, wanted, lent=answer.lent)
    return Paste(
        placement=answer.placement,
        size=wanted.size,
        start=placed.start,
        end=placed.end,
        node=_node(bench.board, placed, lent=answer.lent),
        option=option,
        option_remark=remark,
        needs=_kernel_needed(answer, bench.setup.kernel.series, usual),
    )


def _node(board: Board, placed: Placed, *, lent: bool) -> str:
    if not has_tree(board):
        return ""
    former = former_default(board)
    return reserved_memory_source(placed.request, cells_of(board), lent=lent, former=former)


def _option(board: Board, placed: Placed, wanted: WantedArea, *, lent: bool) -> tuple[str, str]:
    """The option that asks for it, and what is different then."""
    if not lent:
        size = option_value(WantedArea(wanted.size))
        return ("", "") if has_tree(board) else (f"memmap={size}${placed.start:#x}", "")
    option = f"cma={option_value(wanted)}"
    try:
        asked = apply_command_line(board, option)
        request = next(one for one in asked.areas if one.default and not one.from_tree)
        areas = declare_areas(asked).areas
    except InputError as error:
        return "", f"{option} would be refused: {error}"
    area = next((one for one in areas if one.name == request.name), None)
    if area is None:
        return "", f"{option} would be passed over: the tree has a default area"
    start = int(area.base_pfn) << board.architecture.page_shift
    return option, "" if start == placed.start else f"the area lies at {start:#x} then"


def _kernel_needed(answer: Answer, series: str, usual: str) -> str:
    if answer.placement == usual:
        return f"a stock kernel of {series} does this"
    if not answer.lent:
        return "any kernel does this; the device must name the node in its memory-region"
    return f"kernels that do this: {answer.kernels}; a stock {series} would treat the same area as {usual}"


def cells_of(board: Board) -> Cells:
    """The cells of the tree's root; two of each for 64 bits where the board was read from no tree."""
    known = Cells(*board.cells)
    usual = 2 if board.architecture.bits == 64 else 1
    return known if known.address else Cells(usual, usual)


def _checks(bench: _Bench, answer: Answer) -> tuple[Check, ...]:
    placed = place_area(bench.board, WantedArea(answer.size or 0, bench.question.below))
    boot = boot_from(placed.board, parse_placement(answer.placement), bench.setup.kernel).boot
    return check_area(placed, boot, bench.question.below)
