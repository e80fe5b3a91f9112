"""When the vmstat worker ran: computed from jiffies, and told by recordings that have the probe."""

from pathlib import Path

import numpy as np
import pytest

from tests.conftest import CAPTURES
from zonecma.capture.events import EVENT_ID
from zonecma.capture.recording import Recording
from zonecma.capture.trace import scan_pieces
from zonecma.lab.replay import replay_of
from zonecma.workload.from_trace import lines_before
from zonecma.workload.ticks import (
    ALL_ZONES,
    FIRST_ZONE,
    Clock,
    Moment,
    Worker,
    beats_of,
    clock_of,
    mark_ticks,
    next_run,
    round_jiffies,
    wheel,
)

_BUSY = ("splice-zonecma128-6.12", "swap-cma64-6.12")
BEATING = [path for path in sorted((CAPTURES / "pairs").iterdir()) if path.name not in _BUSY]
"""Recordings whose kcompactd slept for long enough to tell how jiffies lie."""
MS = 1_000_000
TICK = 10 * MS


def trace_of(*events):
    """Of ``milliseconds task cpu event``."""
    lines = []
    for text in events:
        time, task, cpu, event = text.split(" ", 3)
        lines.append(f"{task} [{cpu.zfill(3)}] {float(time) / 1000:.6f}: {event}\n")
    data = "".join(lines).encode()
    return scan_pieces(Path("given"), iter([data]), len(data))


def free(time, task="a-1", cpu=0):
    return f"{time} {task} {cpu} mm_page_free: pfn=0x100 order=0"


def marked(trace, **worker):
    return np.flatnonzero(mark_ticks(trace, Worker(**worker)) == ALL_ZONES).tolist()


def test_timers_are_rounded_to_whole_seconds_by_cpu():
    """round_jiffies_common: down in the first quarter, and three jiffies earlier on each CPU."""
    assert [round_jiffies(j, 0, 100) for j in (500, 524, 525, 599)] == [500, 500, 600, 600]
    assert round_jiffies(509, 1, 100) == 497
    assert round_jiffies(1249, 0, 250) == 1250


def test_the_wheel_puts_timers_off_to_its_granularity():
    """calc_wheel_index: 8 jiffies between 63 and 503 ahead, 64 between 504 and 4031."""
    assert wheel(1062, 62) == 1062
    assert wheel(1091, 91) == 1096
    assert wheel(1096, 96) == 1104
    assert wheel(2000, 1000) == 2048


def test_runs_come_a_second_apart_give_or_take_the_wheel():
    runs = [408]
    for _ in range(6):
        runs.append(next_run(runs[-1] + 4294937296, 0, 100) - 4294937296)
    assert runs == [408, 512, 608, 712, 808, 912, 1008]


def test_jiffies_are_found_between_two_snapshots_and_put_in_step():
    moments = [Moment(1_004 * MS, 1_005 * MS, 100), Moment(2_013 * MS, 2_014 * MS, 201)]
    assert clock_of(moments, np.zeros(0, np.int64)) == Clock(-MS, TICK)
    beats = np.array([1_203, 1_303, 1_503, 1_507]) * MS
    assert clock_of(moments, beats).zero % TICK == 3 * MS
    assert clock_of([Moment(0, 1, 5), Moment(10, 11, 5)], beats) is None
    assert clock_of([Moment(0, 1, 5), Moment(1000 * MS, 1001 * MS, 35)], beats) is None


def test_a_run_without_a_trace_is_put_before_the_first_event_after_it():
    trace = trace_of(*(free(time) for time in range(500, 2500, 7)))
    at = marked(trace, clock=Clock(0, TICK))
    times = [int(trace.events["time"][i]) // MS for i in at]
    due = [next_run(0, 0, 100) * 10]
    due.append(next_run(due[0] // 10, 0, 100) * 10)
    assert all(0 <= time - one < 7 for time, one in zip(times, due, strict=True))


def test_a_run_that_drained_is_told_by_that():
    drain = "1045 kworker/0:1-9 0 mm_page_pcpu_drain: pfn=0x200 order=0 migratetype=1"
    before, after = ([free(time) for time in range(*span)] for span in ((500, 1045, 7), (1046, 1900, 7)))
    assert not marked(trace_of(*before, drain, *after), clock=Clock(0, TICK))


def test_an_idle_cpu_runs_it_at_the_first_tick_after_it_was_woken():
    busy, woken = [free(time) for time in range(500, 900, 7)], [free(t, "b-2") for t in range(1203, 1300, 2)]
    trace = trace_of(*busy, *woken)
    (at,) = marked(trace, clock=Clock(0, TICK))
    assert trace.events["time"][at] == 1_211 * MS
    timer = [free(t, "kcompactd0-24") for t in range(1203, 1300, 2)]
    (at,) = marked(trace_of(*busy, *timer), clock=Clock(0, TICK))
    assert at == len(busy)


def test_the_probe_tells_of_each_zone():
    decay = "9 kworker/0:1-9 0 decay: (f) zone=0xffffffff81e{:05x} pcp=0xffff88802ee2e340"
    trace = trace_of(free(1), decay.format(0x3FA00), decay.format(0x40040), free(10))
    address = 0xFFFFFFFF81E40040 - (1 << 64)
    marks = mark_ticks(trace, Worker(Clock(0, TICK), {address - 0x640: 1, address: 4096}))
    assert marks.tolist() == [0, FIRST_ZONE, FIRST_ZONE + 1, 0]


@pytest.mark.parametrize("recording", BEATING, ids=lambda path: path.name)
def test_what_would_be_assumed_is_what_the_probe_tells(recording):
    """Without the probe no run would be put more than a tick too late, and half of them within two ticks.

    A worker that waits for the CPU is late by any number.
    """
    replay = replay_of(Recording(recording))
    time, snapshots = replay.trace.events["time"], (replay.start, replay.end)
    befores = [lines_before(replay.trace, one.trace_lines) for one in snapshots]
    moments = [
        Moment(int(time[before].max()), int(time[~before].min()), one.jiffies)
        for one, before in zip(snapshots, befores, strict=True)
    ]
    clock = clock_of(moments, beats_of(replay.trace))
    normal = replay.start.zones[1].address
    decay = replay.trace.events["event"] == EVENT_ID["decay"]
    told = clock.jiffies(time[decay & (replay.trace.events["a"] == normal)])
    runs = [next_run(int(run), 0, 100) for run in told[:-1]]
    late = told[1:] - runs
    assert late.min() >= -1
    assert np.count_nonzero(late <= 2) >= len(late) / 2
