"""The replay of a recording's requests beside the least that others would do.

The others see allocations and frees only, and choose no frame (the dictionary) or any (the buddy);
what they are rated by is the same trace's events.
"""

import numpy as np
import pytest

from benchmarks.c_buddy import steps_of
from benchmarks.conftest import CAPTURES
from zonecma.capture.recording import open_recording
from zonecma.lab.replay import replay_of
from zonecma.lab.verify import verify_replay
from zonecma.progress import no_progress
from zonecma.workload.requests import ALLOC, FREE


@pytest.fixture(scope="module")
def replay():
    return replay_of(open_recording(str(CAPTURES / "cma256-mix-6.12")), no_progress)


def test_model(rate, replay):
    """All events of the trace, each choice predicted and judged."""
    rate(
        lambda: verify_replay(replay), replay.events, "trace events", seconds=lambda outcome: outcome.seconds
    )


def test_buddy_in_c(rate, replay, buddy):
    """A buddy allocator that knows of no zone, type, list or CPU."""
    steps = steps_of(replay.load.requests, (ALLOC, FREE))

    def serve_all():
        with buddy(-(-replay.machine.nr_frames >> 10) << 10) as one:
            one.replay(*steps, np.full(replay.load.nr_objects, -1, np.int32))

    rate(serve_all, replay.events, "trace events")


def test_python_dictionary(rate, replay):
    """Nothing but a note of who is alive: no lists, no choice of a frame."""
    requests = replay.load.requests
    steps = np.column_stack([requests["op"], requests["object"]]).tolist()

    def keep_books():
        alive = {}
        for op, thing in steps:
            if op == ALLOC:
                alive[thing] = True
            elif op == FREE:
                alive.pop(thing, None)

    rate(keep_books, replay.events, "trace events")
