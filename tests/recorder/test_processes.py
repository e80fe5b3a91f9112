"""An interrupt ends a program and its children."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from recorder.processes import run_with_children


def test_the_status_is_the_commands(tmp_path):
    with (tmp_path / "log").open("w") as log:
        assert run_with_children(["sh", "-c", "echo $WORD; exit 3"], log, {"WORD": "said"}) == 3
    assert (tmp_path / "log").read_text() == "said\n"


@pytest.fixture
def interruptible():
    """A process of pytest-xdist ignores interrupts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_ends_the_children(interruptible, tmp_path):
    def interrupt():
        while not (tmp_path / "log").stat().st_size:
            time.sleep(0.01)
        time.sleep(0.3)  # until run_with_children waits
        os.kill(os.getpid(), signal.SIGINT)

    (tmp_path / "log").touch()
    threading.Thread(target=interrupt).start()
    with (tmp_path / "log").open("w") as log, pytest.raises(KeyboardInterrupt):
        run_with_children(["sh", "-c", "sleep 1000 & echo $!; wait"], log, {})
    child = int((tmp_path / "log").read_text())
    end = time.monotonic() + 10
    while runs(child):
        assert time.monotonic() < end
        time.sleep(0.01)


def runs(process):
    """Whether a process is there and not merely unburied."""
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False
