"""Programs whose children must not outlive the recorder."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from typing import IO, Any


def run_with_children(command: Sequence[str], log: IO[Any], environment: Mapping[str, str]) -> int:
    """Run a command; returns its exit status.  Whatever interrupts it ends its children too."""
    process = subprocess.Popen(
        command, stdout=log, stderr=log, env=os.environ | environment, start_new_session=True
    )
    try:
        return process.wait()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        raise
