"""compare: one recorded load under several placements.

In a closed loop the machine answers back: it reclaims, swaps and drops page cache, and what waits is
late.  An open one asks what was asked, when it was asked, and nothing is reclaimed.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.recording import Recording, load_markers
from zonecma.errors import InputError
from zonecma.kernel.gfp import GFP_HIGHUSER_MOVABLE
from zonecma.kernel.jit import compile_once
from zonecma.kernel.memory import NR_KINDS, Memory
from zonecma.kernel.notes import AN_ENDING
from zonecma.kernel.page_class import PageClass
from zonecma.kernel.rules import rules_for
from zonecma.kernel.state import State
from zonecma.kernel.units import NO_PFN, User
from zonecma.kernel.validate import validate
from zonecma.kernel.zone import NO_ZONE
from zonecma.lab.memory import describe_objects, empty_memory
from zonecma.lab.other_kernel import hand_over
from zonecma.lab.replay import Replay, initial_state, replay_of
from zonecma.lab.run import OUTCOME, Run, begin, finish, run_load
from zonecma.lab.script import same_file, script_of, with_users
from zonecma.lab.settle import settle
from zonecma.lab.streams import no_streams
from zonecma.lab.targets import PIN_TARGET_MASK, target_mask
from zonecma.lab.terms import OPEN, OWN_COSTS, Terms, terms_of
from zonecma.lab.tiny import tiny_replay
from zonecma.lab.usage import Usage
from zonecma.machine.durations import Duration
from zonecma.machine.populate import populate
from zonecma.placement import Placement, ZoneCma
from zonecma.placement.tables import fill_tables
from zonecma.progress import Progress, no_progress
from zonecma.workload.call_times import call_times, took_of, wall_of
from zonecma.workload.requests import CMA_ALLOC
from zonecma.workload.touched import TouchedLoad
from zonecma.workload.users import UserKind

BINS = 48
"""Slices of the load's time in which use is averaged."""
CHUNK = 1 << 18
"""Requests between two signs of progress."""

_PINNED = {"long_pin": Duration(median_ns=1e18, p99_ns=1e18)}
"""What a recorded load pins stays pinned until it is freed: no event tells of an earlier end."""

ASSUMPTIONS = (
    "touches that the trace does not show are not known: memory that is only read or written looks unused",
    "of what holds pages, long pins and references that calls met are known: all other can move",
    OWN_COSTS,
)
"""What the figures of a closed loop rest on."""
OPEN_ASSUMPTIONS = (
    "the load is open-loop: nothing is reclaimed or swapped, and no request waits",
    "migration is simple: every movable page can move, at once; clean page cache is moved, not dropped",
)
"""And those of an open one."""


@dataclass(frozen=True)
class Call:
    """One contiguous call of the load."""

    seconds: float
    """since the load's start"""
    pages: int
    """frames asked for"""
    ok: bool
    moved: int
    """frames moved out of the way, in all attempts"""
    seconds_taken: float = 0.0
    """what the call took in the model"""


def mean(values: Sequence[float]) -> float:
    """The mean of several runs."""
    return a_run(sum(values), len(values))


def a_run(total: float, runs: int) -> float:
    """What of a total belongs to each run on the average; of a count a whole number where it is one."""
    return total // runs if isinstance(total, int) and total % runs == 0 else total / runs


@dataclass(frozen=True)
class Reclaim:
    """What the machine did to find memory, mean of the runs; nothing on open terms."""

    kswapd_wakes: float = 0
    direct_reclaim: float = 0
    """how often a request had to reclaim memory itself (allocstall)"""
    pages_reclaimed: float = 0
    swapped_in: float = 0
    """pages"""
    swapped_out: float = 0
    refaults: float = 0
    """pages that came back after they had been reclaimed"""
    oom_kills: float = 0
    pages_dropped: float = 0
    """clean page cache in the way of contiguous calls"""
    stall_seconds: float = 0.0
    """in direct reclaim"""
    waited_seconds: float = 0.0
    """for disks"""
    elapsed_seconds: float = 0.0
    """from the load's start to its end, with all that requests waited for"""

    @property
    def share_in_reclaim(self) -> float:
        """Share of the elapsed time that requests spent in direct reclaim."""
        return self.stall_seconds / self.elapsed_seconds if self.elapsed_seconds else 0.0


def mean_reclaim(reclaims: Sequence[Reclaim]) -> Reclaim:
    """The mean of several runs."""
    names = [one.name for one in dataclasses.fields(Reclaim)]
    return Reclaim(**{name: mean([getattr(one, name) for one in reclaims]) for name in names})


@dataclass(frozen=True)
class PlacementResult:
    """What one placement did with the load: in one run, or as the mean of several."""

    name: str
    area_use_mean: float
    """share of the areas in use, mean over the load's time, contiguous buffers left out"""
    area_use_over_time: tuple[float, ...]
    """the same, by slice of the load's time"""
    use_by: dict[str, float]
    """mean frames of the areas in use, by kind of user"""
    min_free_outside: float
    """fewest frames on free lists outside the areas"""
    failed_requests: float
    """requests that found nothing"""
    calls: tuple[Call, ...] = field(default=())
    reclaim: Reclaim = field(default_factory=lambda: Reclaim())
    leaves_out: str = ""
    """what the placement's original does and the model does not"""
    runs: int = 1
    """how many the figures are the mean of; ``calls`` are those of all"""
    in_the_way: Mapping[PageClass, int] = field(default_factory=dict)
    """of one run: ranges that were tried in vain, by what was in the way"""

    @property
    def nr_calls(self) -> float:
        """Contiguous calls of a run."""
        return a_run(len(self.calls), self.runs)

    @property
    def calls_ok(self) -> float:
        """Contiguous calls of a run that succeeded."""
        return a_run(sum(call.ok for call in self.calls), self.runs)

    @property
    def frames_migrated(self) -> float:
        """Frames moved for contiguous calls of a run."""
        return a_run(sum(call.moved for call in self.calls), self.runs)


@dataclass(frozen=True)
class Comparison:
    """The outcome of compare; the first placement is the baseline."""

    recording: str
    """whose load it is: a recording's name, or a scenario as a user names it"""
    kernel: str
    """its release; of a scenario the series whose rules the model follows"""
    area_pages: int
    """frames of all areas"""
    seconds: float
    """how long the load ran"""
    placements: tuple[PlacementResult, ...]
    damage: str = ""
    """what is wrong with the part of the trace that was left out"""
    assumptions: tuple[str, ...] = ASSUMPTIONS
    open_loop: bool = False
    """nothing was reclaimed, dropped or waited for"""

    @property
    def runs(self) -> int:
        """How many runs of each placement the figures are the mean of."""
        return self.placements[0].runs


def compare(
    recording: Recording,
    placements: Sequence[Placement],
    progress: Progress = no_progress,
    terms: Terms | None = None,
) -> Comparison:
    """Run a recording's load under each placement; in a closed loop unless the terms are others.

    Raises InputError for a recording that is damaged or incomplete.
    """
    compile_loop(progress)
    terms = terms or terms_of(recording, progress=progress)
    return compare_replay(replay_of(recording, progress), placements, progress, terms)


def compile_loop(progress: Progress) -> None:
    """Compile, once, all that running a load needs."""
    compile_once("compare", lambda: compare_replay(tiny_replay(), [ZoneCma()], terms=Terms()), progress)


def compare_replay(
    replay: Replay,
    placements: Sequence[Placement],
    progress: Progress = no_progress,
    terms: Terms = OPEN,
) -> Comparison:
    """Run the load under each placement."""
    window, script = load_window(replay), script_of(replay, closed=terms.closed)
    return Comparison(
        recording=replay.name,
        kernel=replay.release,
        area_pages=replay.machine.area_pages,
        seconds=(window[1] - window[0]) / 1e9,
        placements=tuple(run_placement(replay, window, one, script, terms, progress) for one in placements),
        damage=replay.trace.damage,
        assumptions=(*(ASSUMPTIONS if terms.closed else OPEN_ASSUMPTIONS), *replay.notes),
        open_loop=not terms.closed,
    )


def load_window(replay: Replay) -> tuple[int, int]:
    """When the load began and ended (ns): its markers, or its first and last request.

    Raises InputError when no time passes between them.
    """
    times = replay.load.requests["time"]
    started, ended = load_markers(replay.trace)
    start = int(times[0]) if started is None else started
    end = int(times[-1]) if ended is None else ended
    if end <= start:
        raise InputError(
            f"{replay.name}: the load ends at {end} ns and begins at {start} ns; expected a load"
        )
    return start, end


def run_placement(
    replay: Replay,
    window: tuple[int, int],
    placement: Placement,
    script: TouchedLoad,
    terms: Terms = OPEN,
    progress: Progress = no_progress,
) -> PlacementResult:
    """Run a load on the recorded machine under one placement, accounted within ``window`` (ns)."""
    targets = target_mask(replay.machine.rules, placement), PIN_TARGET_MASK
    masks = [*script.gfp_masks, *np.array([*targets, GFP_HIGHUSER_MOVABLE], np.uint32)]
    users, movable_user = np.array([len(masks) - 3, len(masks) - 2]), User(len(masks) - 1)
    script = with_users(script, movable_user)
    nr_objects = script.nr_objects + replay.machine.area_pages
    state = initial_state(replay, len(masks), nr_objects)
    recorded = rules_for(replay.release)
    if recorded and recorded != replay.machine.rules:
        hand_over(state, recorded, replay.machine.tunables)
    used_before = populate(state, replay.machine, placement)
    fill_tables(state, placement, masks)
    living = settle(state, script.living, masks, used_before, script.nr_objects, movable_user)
    memory = _memory(state, script, nr_objects, replay, terms)
    run = _empty_run(replay, window, state, memory, script, users)
    requests, follows = script.requests.view(np.recarray), same_file(script)
    begin(state, memory, run, living)
    for first in range(0, max(len(requests), 1), CHUNK):
        last = min(first + CHUNK, len(requests))
        run_load(state, memory, requests, script.stalls, follows, run, last - first)
        progress(f"running {placement.label}", last, len(requests))
    finish(memory, run)
    validate(state)
    return _result(placement, run, memory, replay.machine.area_pages)


def _memory(state: State, script: TouchedLoad, nr_objects: int, replay: Replay, terms: Terms) -> Memory:
    """Memory that knows the script's objects, and nothing of where they are."""
    memory = empty_memory(
        state,
        nr_objects,
        swap_pages=terms.swap_pages,
        page_cluster=terms.page_cluster,
        costs=terms.costs,
        durations=_PINNED,
        rules=replay.machine.rules,
        closed=terms.closed,
        seed=terms.seed,
    )
    describe_objects(memory, script)
    return memory


def _empty_run(
    replay: Replay,
    window: tuple[int, int],
    state: State,
    memory: Memory,
    script: TouchedLoad,
    users: NDArray[np.int64],
) -> Run:
    lent = sum(area.count for area in replay.machine.areas if state.frame[area.base_pfn].zone != NO_ZONE)
    held = int(np.count_nonzero(state.bitmap)) if lent else 0
    usage = Usage(
        used=memory.used,
        frame_ns=np.zeros((NR_KINDS, BINS)),
        weight=np.zeros(BINS),
        window=np.array([*window, window[0], window[0]], np.int64),
        held=np.array([lent, held], np.int64),
        min_free_outside=np.array([np.iinfo(np.int64).max], np.int64),
    )
    calls = int(np.count_nonzero(script.requests["op"] == CMA_ALLOC))
    times = call_times(replay.trace.events)
    return Run(
        usage,
        np.zeros(calls, OUTCOME).view(np.recarray),
        np.full(script.nr_objects, NO_PFN, np.int64),
        np.zeros(script.nr_objects, np.int64),
        no_streams(),
        np.zeros(1, np.int64),
        took_of(script.requests, times),
        np.array([wall_of(times)]),
        users,
    )


def _call(one: Any, start: int) -> Call:
    ok = bool(one.start != NO_PFN)
    return Call((int(one.time) - start) / 1e9, int(one.pages), ok, int(one.moved), int(one.took) / 1e9)


def in_the_way(notes: NDArray[Any]) -> dict[PageClass, int]:
    """Ranges that contiguous calls tried in vain, by what was in the way; ``notes``: NOTE[] of a run."""
    classes = notes["page_class"][notes["start"] != AN_ENDING]
    return dict(Counter(PageClass(one) for one in classes.tolist()))


def reclaim_of(counters: Any, **seconds: float) -> Reclaim:
    """``counters``: by the names of kernel.memory.VM; ``seconds``: the fields of Reclaim that are times."""
    return Reclaim(
        kswapd_wakes=int(counters["kswapd_wakes"]),
        direct_reclaim=int(counters["allocstall"]),
        pages_reclaimed=int(counters["pgsteal_kswapd"] + counters["pgsteal_direct"]),
        swapped_in=int(counters["pswpin"]),
        swapped_out=int(counters["pswpout"]),
        refaults=int(counters["workingset_refault"]),
        oom_kills=int(counters["oom_kill"]),
        pages_dropped=int(counters["dropped"]),
        **seconds,
    )


def _result(placement: Placement, run: Run, memory: Memory, area_pages: int) -> PlacementResult:
    start = int(run.usage.window[0])
    pages, weight = max(area_pages, 1), run.usage.weight
    frame_ns: NDArray[Any] = run.usage.frame_ns
    over_time = frame_ns.sum(axis=0) / np.maximum(weight, 1) / pages
    by_kind = frame_ns.sum(axis=1) / max(weight.sum(), 1)
    vm = memory.vm[0]
    return PlacementResult(
        name=placement.label,
        area_use_mean=float(by_kind.sum()) / pages,
        area_use_over_time=tuple(float(share) for share in over_time),
        use_by={kind.name.lower(): round(float(by_kind[kind]), 1) for kind in UserKind},
        min_free_outside=int(run.usage.min_free_outside[0]),
        failed_requests=int(vm.failed),
        calls=tuple(_call(one, start) for one in run.calls[: run.nr_calls[0]]),
        reclaim=reclaim_of(
            vm,
            stall_seconds=int(vm.stall_ns) / 1e9,
            waited_seconds=int(vm.io_ns) / 1e9,
            elapsed_seconds=float(weight.sum()) / 1e9,
        ),
        leaves_out=placement.leaves_out,
        in_the_way=in_the_way(memory.notes[: min(int(vm.nr_noted), len(memory.notes))]),
    )
