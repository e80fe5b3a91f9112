"""When each CPU's vmstat worker ran: an input of the replay, told by the trace or computed from jiffies.

The worker (vmstat_update) adds the CPU's parts to the common counters and lets ``high`` of its
per-cpu lists decay.  The recorder's probe ``decay`` shows it, zone by zone; without the probe only
a run that drained pages is seen.  The others are put where the kernel's rules have them: it asks
for a timer on the next whole second of jiffies (round_jiffies_relative), the timer wheel puts that
off to its level's granularity (calc_index), and the timer is deferrable: an idle CPU sees to it
when it is woken.  6.1 and 6.12 are alike in this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.events import EVENT_ID
from zonecma.capture.trace import Trace

SECOND = 1_000_000_000
FREQUENCIES = (100, 250, 300, 1000)
"""CONFIG_HZ of x86 and arm64 kernels."""

KWORKER = "kworker/"
"""What the names of kernel workers begin with."""
_KERNEL_THREADS = (KWORKER, "kcompactd", "ksoftirqd", "kswapd", "rcu")
"""Those that timers wake."""

NO_TICK = 0
ALL_ZONES = 255
FIRST_ZONE = 1
"""Mark of the event that begins the turn of the first of ``Worker.zones``; the next one's is one more."""

_CPU_SKEW = 3
"""Jiffies by which each CPU's timers go off before those of the one below (round_jiffies)."""
_LEVEL_BITS, _LEVEL_SIZE = 3, 63
"""Each level of the timer wheel is 8 times coarser; the finest reaches 63 jiffies ahead."""
_LATE = 15 * SECOND // 100
"""A worker that was seen may be so late, since the kernel works on without a pause."""


@dataclass(frozen=True)
class Clock:
    """How jiffies lie on the trace's clock."""

    zero: int
    """ns: when jiffies was 0, as far as the snapshots tell"""
    period: int
    """ns"""

    def jiffies(self, time: int) -> int:
        """What jiffies was at a time."""
        return (time - self.zero) // self.period

    def at(self, jiffies: int) -> int:
        """When jiffies got this value."""
        return self.zero + jiffies * self.period


@dataclass(frozen=True)
class Worker:
    """What tells when the vmstat worker ran."""

    clock: Clock | None = None
    zones: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    """the first frame of each zone, by the address that the probe prints"""


@dataclass(frozen=True)
class Moment:
    """A snapshot's place on both clocks."""

    before: int
    """ns: the last event before it"""
    after: int
    """ns: the first event after it"""
    jiffies: int


def clock_of(moments: Sequence[Moment], beats: NDArray[np.int64]) -> Clock | None:
    """The clock that fits the snapshots; None when they don't tell, or contradict each other.

    ``beats``: when threads worked that the timer interrupt wakes, mostly just after a tick.
    """
    first, last = moments[0], moments[-1]
    if last.jiffies <= first.jiffies or not first.jiffies:
        return None
    measured = (last.before - first.before) / (last.jiffies - first.jiffies)
    period = min((SECOND // hz for hz in FREQUENCIES), key=lambda one: abs(one - measured))
    if abs(period - measured) > period / 4:
        return None
    # A snapshot falls into the jiffy that it shows: between two bounds one period apart.
    earliest = max(one.before - (one.jiffies + 1) * period for one in moments)
    latest = min(one.after - one.jiffies * period for one in moments)
    return _in_step(Clock((earliest + latest) // 2, period), beats)


def _in_step(clock: Clock, beats: NDArray[np.int64]) -> Clock:
    """Shift a clock by less than a tick, so that as many beats as can be are just after a tick."""
    if not len(beats):
        return clock
    phases = np.sort((beats - clock.zero) % clock.period)
    again = np.concatenate([phases, phases + clock.period])
    near = np.searchsorted(again, phases + clock.period // 10) - np.arange(len(phases))
    shift = int(phases[near.argmax()])
    return Clock(clock.zero + shift - (clock.period if shift > clock.period // 2 else 0), clock.period)


def beats_of(trace: Trace) -> NDArray[np.int64]:
    """When kcompactd, woken by a timer, went back to sleep (kcompactd, mm/compaction.c)."""
    asleep = trace.events["event"] == EVENT_ID["mm_compaction_kcompactd_sleep"]
    return np.asarray(trace.events["time"][asleep], np.int64)


def round_jiffies(jiffies: int, cpu: int, hz: int) -> int:
    """The whole second that a timer of a CPU is rounded to: down in its first quarter, else up."""
    skewed = jiffies + _CPU_SKEW * cpu
    rest = skewed % hz
    return skewed - rest + (0 if rest < hz // 4 else hz) - _CPU_SKEW * cpu


def wheel(expires: int, delay: int) -> int:
    """When a timer goes off that is set for ``expires``, ``delay`` jiffies ahead (calc_wheel_index)."""
    shift = 0
    while delay >= _LEVEL_SIZE << shift:
        shift += _LEVEL_BITS
    return ((expires >> shift) + 1) << shift if shift else expires


def next_run(now: int, cpu: int, hz: int) -> int:
    """When (jiffies) the worker runs again that ran ``now``, on a busy CPU (vmstat_update)."""
    wanted = round_jiffies(now + hz, cpu, hz)
    return wheel(wanted, wanted - now)


def mark_ticks(trace: Trace, worker: Worker) -> NDArray[np.uint8]:
    """Mark each event (u1) that begins a zone's turn, or before which a run without a trace is assumed.

    Marks are FIRST_ZONE and above, ALL_ZONES, and NO_TICK everywhere else.
    """
    events, marks = trace.events, np.full(len(trace.events), NO_TICK, np.uint8)
    told = events["event"] == EVENT_ID["decay"]
    for number, address in enumerate(worker.zones):
        marks[told & (events["a"] == address)] = FIRST_ZONE + number
    if marks.any() or worker.clock is None:
        return marks
    for cpu in np.unique(events["cpu"]):
        mine = np.flatnonzero(events["cpu"] == cpu)
        marks[list(_silent_runs(trace, mine, worker.clock, int(cpu)))] = ALL_ZONES
    return marks


def _seen_runs(trace: Trace, mine: NDArray[np.intp]) -> NDArray[np.int64]:
    """When a CPU's kworkers drained pages that they had not just freed."""
    is_kworker = np.array([text.startswith(KWORKER) for text in trace.texts], np.bool_)
    event, task = trace.events["event"][mine], trace.events["task"][mine]
    begins = (event == EVENT_ID["mm_page_pcpu_drain"]) & is_kworker[task]
    begins[1:] &= task[1:] != task[:-1]
    return np.asarray(trace.events["time"][mine][begins], np.int64)


def _silent_runs(trace: Trace, mine: NDArray[np.intp], clock: Clock, cpu: int) -> Iterator[int]:
    """Of the events of a CPU those before which runs fall that were not seen, one after the other."""
    times, seen, hz = trace.events["time"][mine], _seen_runs(trace, mine), SECOND // clock.period
    run = clock.jiffies(int(times[0])) - hz
    while True:
        due = clock.at(next_run(run, cpu, hz))
        event = _first_tick(trace, mine, times, clock, due)
        if event == len(mine):
            return
        told = seen[(seen >= due - clock.period) & (seen < max(due, times[event]) + _LATE)]
        if not len(told):
            yield int(mine[event])
        run = max(clock.jiffies(int(told[0] if len(told) else times[event])), next_run(run, cpu, hz))


def _first_tick(
    trace: Trace, mine: NDArray[np.intp], times: NDArray[np.int64], clock: Clock, due: int
) -> int:
    """The event of a CPU before which a timer is seen to that is ``due``.

    It is deferrable: on an idle CPU it waits for another timer's interrupt, such as those of kernel
    threads, or for the first tick after the CPU was woken.  A CPU is taken for idle that tells
    nothing for two ticks, and then of another task.
    """
    event = int(np.searchsorted(times, due))
    if event in (0, len(times)) or times[event] - times[event - 1] < 2 * clock.period:
        return event
    woken, last = (trace.texts[trace.events["task"][mine[i]]] for i in (event, event - 1))
    if woken == last or woken.startswith(_KERNEL_THREADS):
        return event
    return int(np.searchsorted(times, clock.at(clock.jiffies(int(times[event])) + 1)))
