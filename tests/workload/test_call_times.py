"""How long contiguous calls took and ran: a dozen events, computed by hand, and a recording's own marks."""

import numpy as np
import pytest

from tests.conftest import CAPTURES
from zonecma.capture.events import EVENT, EVENT_ID
from zonecma.capture.recording import Recording
from zonecma.workload.call_times import call_times, took_of, wall_of
from zonecma.workload.requests import ALLOC, CMA_ALLOC, REQUEST

START, FINISH, OTHER = (EVENT_ID[name] for name in ("cma_alloc_start", "cma_alloc_finish", "mm_page_alloc"))
CALLER, WRITER = 1, 2


def events(*rows):
    """Rows of event, task, CPU, time (ns), each on its own line, from 1."""
    table = np.zeros(len(rows), EVENT)
    for name, column in zip(("event", "task", "cpu", "time"), zip(*rows, strict=True), strict=True):
        table[name] = column
    table["line"] = np.arange(1, len(rows) + 1)
    return table


SHARED = events(
    (START, CALLER, 0, 100),
    (OTHER, CALLER, 0, 130),
    (OTHER, WRITER, 0, 150),  # from here on the writer has the CPU
    (OTHER, WRITER, 0, 200),
    (OTHER, CALLER, 0, 250),
    (FINISH, CALLER, 0, 260),
)


def test_what_others_ran_is_not_the_callers():
    """It ran from 100 to 150, and from 250 to 260."""
    times = call_times(SHARED)
    assert (times.line.tolist(), times.took.tolist(), times.ran.tolist()) == ([1], [160], [60])
    assert wall_of(times) == pytest.approx(160 / 60)


def test_another_cpu_takes_nothing_from_a_caller():
    alone = SHARED.copy()
    alone["cpu"][alone["task"] == WRITER] = 1
    assert call_times(alone).ran.tolist() == [160]
    assert wall_of(call_times(alone)) == 1.0


def test_a_call_without_an_end_has_no_time():
    times = call_times(SHARED[:-1])
    assert len(times.took) == 0
    assert wall_of(times) == 1.0


def test_calls_that_overlap_are_told_apart():
    both = events(
        (START, CALLER, 0, 10), (START, WRITER, 1, 20), (FINISH, CALLER, 0, 50), (FINISH, WRITER, 1, 90)
    )
    times = call_times(both)
    assert dict(zip(times.line.tolist(), times.took.tolist(), strict=True)) == {1: 40, 2: 70}


def test_each_request_finds_its_call_by_the_line():
    requests = np.zeros(3, REQUEST)
    requests["op"], requests["line"] = (ALLOC, CMA_ALLOC, CMA_ALLOC), (1, 1, 9)
    assert took_of(requests, call_times(SHARED)).tolist() == [0, 160, 0]


def test_a_recordings_calls():
    """Twelve calls; the seventh, of 64 MiB, took 0.38 s by its two lines, 5.128265 and 5.510436."""
    times = call_times(Recording(CAPTURES / "pairs" / "stream-zonecma128-6.12").trace().events)
    assert len(times.took) == 12
    assert times.took[6] == pytest.approx(382_171_000, abs=2_000)
    assert (times.ran <= times.took).all()
    assert 2 < wall_of(times) < 4
