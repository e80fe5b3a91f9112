"""size: the smallest area that serves given buffers under a load, for each placement."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from zonecma.errors import InputError
from zonecma.kernel.page_class import PageClass
from zonecma.lab.area_checks import check_area
from zonecma.lab.boot import boot_from, usual_placement
from zonecma.lab.compare import mean_reclaim
from zonecma.lab.placements import parse_placement
from zonecma.lab.pool import outcomes, pool_of
from zonecma.lab.scenarios import is_scenario
from zonecma.lab.size_bench import Bench, Question
from zonecma.lab.size_recording import bench_of_recording
from zonecma.lab.size_scenario import bench_of_scenario
from zonecma.lab.size_search import Found, Search, Tried, Wanted, search
from zonecma.lab.size_trial import TrialOutcome, run_trial
from zonecma.lab.sizing import Answer, Blocked, Check, NeedShown, Paste, SizeTried, Sizing
from zonecma.lab.success import at_least, runs_needed
from zonecma.machine.areas import declare_areas
from zonecma.machine.board import Board
from zonecma.machine.command_line import apply_command_line
from zonecma.machine.sizes import size_text
from zonecma.machine.tree.memory import Cells
from zonecma.machine.tree.write import reserved_memory_source
from zonecma.machine.wanted_area import (
    Placed,
    WantedArea,
    former_default,
    has_tree,
    option_value,
    place_area,
    ram_of,
)
from zonecma.placement import Home, Placement
from zonecma.progress import Progress, no_progress
from zonecma.workload.needs import ASKS


def size(load: str, question: Question, progress: Progress = no_progress, workers: int = 0) -> Sizing:
    """Find the smallest area for each placement, and what to paste for the best.

    Runs are several at once, each in a process that imports the caller's main module anew, unless
    ``workers`` is 1.  The outcome is the same whatever their number.  Raises InputError for a load,
    machine or placement that does not exist, and for needs that no area of the machine can hold.
    """
    policies = {text: parse_placement(text) for text in question.placements}
    make = bench_of_scenario if is_scenario(load) else bench_of_recording
    bench = make(load, question, progress)
    found = _search_all(bench, policies, progress, workers)
    answers = tuple(sorted((_answer(policies[one], found[one]) for one in policies), key=_cost))
    pastes, checks = _pastes(bench, answers)
    return Sizing(
        load=load,
        machine=bench.machine,
        kernel=bench.rules.series,
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
        notes=bench.notes,
    )


# The searches, side by side.


def _search_all(
    bench: Bench, policies: Mapping[str, Placement], progress: Progress, workers: int
) -> dict[str, Found]:
    """Run all searches, each round the runs that any of them waits for."""
    shares = tuple(need.probability for need in bench.question.needs)
    searches = {one: search(bench.where, shares, bench.question.most_runs) for one in policies}
    wanted = {one: next(asking) for one, asking in searches.items()}
    found: dict[str, Found] = {}
    done = 0
    with pool_of(workers) as pool:
        while wanted:
            trials = [
                bench.trial(one, what.size, seed) for one, what in wanted.items() for seed in what.seeds
            ]
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
        costs=mean_reclaim([one.costs for one in outcomes]),
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
    reclaimed = costs.pages_reclaimed + costs.swapped_in + costs.swapped_out
    return answer.size, not answer.lent, reclaimed, costs.stall_seconds


# What to paste, and what to look out for.


def _pastes(bench: Bench, answers: Sequence[Answer]) -> tuple[tuple[Paste, ...], tuple[Check, ...]]:
    """For the best answer, and for what the kernel does by itself where that differs; the best's checks."""
    sized = [one for one in answers if one.size is not None]
    if not sized:
        return (), ()
    usual = usual_placement(bench.rules).label
    best = sized[0]
    same = best.size, best.lent
    shown = [best, *(one for one in sized if one.placement == usual and (one.size, one.lent) != same)]
    return tuple(_paste(bench, one, usual) for one in shown), _checks(bench, best)


def _paste(bench: Bench, answer: Answer, usual: str) -> Paste:
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
        needs=_kernel_needed(answer, bench.rules.series, usual),
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


def _checks(bench: Bench, answer: Answer) -> tuple[Check, ...]:
    placed = place_area(bench.board, WantedArea(answer.size or 0, bench.question.below))
    boot = boot_from(placed.board, parse_placement(answer.placement), bench.rules).boot
    return check_area(placed, boot, bench.question.below)
