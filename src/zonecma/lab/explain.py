"""explain: which frames blocked each contiguous call of a recording, whose they were, and for how long."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from zonecma.capture.events import EVENT_ID
from zonecma.capture.recording import Recording
from zonecma.capture.trace import Trace
from zonecma.errors import InputError
from zonecma.kernel.rules import NEWEST, rules_for
from zonecma.kernel.zone import ZONE_MOVABLE
from zonecma.lab.blockers import Blockers
from zonecma.lab.blocking import blocking_pages, in_vain, persistence_of, totals_by_kind
from zonecma.lab.explanation import Attempt, Call, Explanation, Outcome
from zonecma.lab.replay import recorded_machine
from zonecma.machine.machine import Machine
from zonecma.progress import Progress, no_progress
from zonecma.workload import contiguous
from zonecma.workload.contiguous import ContiguousCalls, contiguous_calls
from zonecma.workload.lives import NOBODY

_OUTCOMES = {
    contiguous.GOT: Outcome.GOT,
    contiguous.BUSY: Outcome.BUSY,
    contiguous.FAILED: Outcome.FAILED,
    contiguous.OPEN: Outcome.OPEN,
}


@dataclass(frozen=True)
class Selection:
    """Which calls to show; all, if nothing is said."""

    call: int | None = None
    """its number, from 1"""
    failed: bool = False
    """only those that did not get their frames"""
    slowest: int | None = None
    """only so many, the slowest first"""


def explain(
    recording: Recording, selection: Selection | None = None, progress: Progress = no_progress
) -> Explanation:
    """Say of each contiguous call which ranges it tried, and what blocked each.

    The allocator's model is not asked: all comes from the trace, and what that does not show is
    unknown.  Raises InputError for a recording that is damaged or incomplete, and for a call that
    it does not have.
    """
    recorded = recorded_machine(recording, progress, rules_for(recording.release) or NEWEST)
    progress("following every page", 0, 0)
    machine, trace = recorded.machine, recorded.trace
    every = calls_of(trace, machine)
    calls = _select(recording, every, selection or Selection())
    pages = blocking_pages(calls)
    return Explanation(
        recording=recording.name,
        kernel=recording.release,
        page_kib=machine.page_kib,
        calls=calls,
        nr_calls=len(every),
        by_kind=totals_by_kind(calls, pages),
        pages=pages,
        persistence=persistence_of(blocking_pages(every)),
        nr_busy=sum(1 for _ in in_vain(every)),
        own_zone=_has_own_zone(machine),
        lost=trace.lost(),
        damage=trace.damage,
    )


def calls_of(trace: Trace, machine: Machine) -> tuple[Call, ...]:
    """The contiguous calls of a machine's trace."""
    found = contiguous_calls(trace, machine.nr_frames, machine.pageblock_order)
    attempts, held = _attempts_by_call(trace, found), _held_by_call(trace, found)
    return tuple(
        _call(trace, machine, number, row, tuple(attempts[number]), held[number])
        for number, row in enumerate(found.calls)
    )


def _attempts_by_call(trace: Trace, found: ContiguousCalls) -> list[list[Attempt]]:
    blockers = Blockers(trace)
    attempts: list[list[Attempt]] = [[] for _ in found.calls]
    for row in found.attempts:
        size = int(trace.events["a"][found.calls[row.call].start])
        attempts[row.call].append(_attempt(trace, row, size, blockers))
    return attempts


def _attempt(trace: Trace, row: Any, size: int, blockers: Blockers) -> Attempt:
    """One range.  test_pages_isolated names its end, and may look at frames before its start."""
    end = int(trace.events["a"][row.tested]) if row.tested != NOBODY else None
    if row.pfn != NOBODY:
        end = int(row.pfn) + size
    outcome = _OUTCOMES[int(row.outcome)]
    return Attempt(
        start=None if end is None else end - size,
        end=end,
        begin=int(row.begin),
        ended=int(trace.events["time"][-1] if outcome == Outcome.OPEN else row.end),
        outcome=outcome,
        blocker=None if outcome == Outcome.GOT else blockers.blocker(row),
        nr_moved=int(row.nr_moved),
        nr_failed=int(row.nr_failed),
        waits=int(row.waits),
    )


def _call(
    trace: Trace, machine: Machine, number: int, row: Any, attempts: tuple[Attempt, ...], held: int
) -> Call:
    start = trace.events[row.start]
    finish = None if row.finish == NOBODY else trace.events[row.finish]
    area_pages = _area_pages(machine, trace.texts[start["d"]])
    if refused := not 0 < start["a"] <= area_pages:
        attempts = ()
    outcome = "refused" if refused else _outcome(finish, attempts)
    return Call(
        number=number + 1,
        time=int(start["time"]),
        task=trace.texts[start["task"]],
        area=trace.texts[start["d"]],
        area_pages=area_pages,
        size=int(start["a"]),
        outcome=outcome,
        latency=None if finish is None else int(finish["time"] - start["time"]),
        pfn=int(finish["pfn"]) if finish is not None and outcome == "ok" else None,
        held=held,
        attempts=attempts,
    )


def _outcome(finish: Any, attempts: Sequence[Attempt]) -> str:
    """How a call ended.  6.1 does not print the error: without any range it is -ENOMEM."""
    if finish is None:
        return "unfinished"
    if attempts and attempts[-1].outcome == Outcome.GOT:
        return "ok"
    if finish["c"]:
        return errno.errorcode.get(-int(finish["c"]), f"error {int(finish['c'])}")
    return "EBUSY" if attempts else "ENOMEM"


def _area_pages(machine: Machine, name: str) -> int:
    """Frames of the area that a trace calls so; older kernels do not say which it was."""
    sizes = [area.count for area in machine.areas if not name or area.name == name]
    return max(sizes, default=0)


def _held_by_call(trace: Trace, found: ContiguousCalls) -> list[int]:
    """For each call: frames of its area that earlier calls of the trace had got and not given back."""
    events = trace.events
    got = found.attempts[found.attempts["outcome"] == contiguous.GOT]
    taken = events[found.calls["finish"][got["call"]]]
    given_back = events[events["event"] == EVENT_ID["cma_release"]]

    def before(some: NDArray[Any], start: Any) -> int:
        return int(some["a"][(some["time"] <= start["time"]) & (some["d"] == start["d"])].sum())

    starts = events[found.calls["start"]]
    return [max(before(taken, start) - before(given_back, start), 0) for start in starts]


def _has_own_zone(machine: Machine) -> bool:
    """Whether every area lies in ZONE_MOVABLE: as closed to requests without highmem as ZONE_CMA."""
    zones = [zone for zone in machine.zones if zone.index == ZONE_MOVABLE]
    return bool(machine.areas) and all(
        any(zone.start_pfn <= area.base_pfn < zone.start_pfn + zone.spanned for zone in zones)
        for area in machine.areas
    )


def _select(recording: Recording, calls: tuple[Call, ...], selection: Selection) -> tuple[Call, ...]:
    if selection.call is not None:
        if selection.failed or selection.slowest is not None:
            raise InputError(f"call {selection.call} is one call; expected it without --failed and --slowest")
        return (_numbered(recording, calls, selection.call),)
    if selection.failed:
        calls = tuple(call for call in calls if not call.ok and call.outcome != "unfinished")
    if selection.slowest is not None:
        calls = tuple(sorted(calls, key=lambda call: -(call.latency or 0))[: selection.slowest])
    return calls


def _numbered(recording: Recording, calls: tuple[Call, ...], number: int) -> Call:
    if 1 <= number <= len(calls):
        return calls[number - 1]
    there = f"calls 1 to {len(calls)}" if calls else "no contiguous calls"
    raise InputError(f"{recording.path}: has {there}, not call {number}")
