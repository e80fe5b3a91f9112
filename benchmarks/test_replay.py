"""The replay of a recording's requests beside the least that a model in plain Python would do."""

import numpy as np
import pytest

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
