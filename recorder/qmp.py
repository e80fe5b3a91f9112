"""QEMU's machine protocol: JSON lines over a socket."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any

from recorder.errors import RecorderError

_PATIENCE = 10.0
"""seconds until QEMU must have made its sockets"""


def connect(path: Path) -> socket.socket:
    """A connection to one of QEMU's sockets, which may take a moment to appear."""
    end = time.monotonic() + _PATIENCE
    while True:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(path))
        except OSError as error:
            connection.close()
            if time.monotonic() > end:
                raise RecorderError(f"{path.name}: QEMU does not answer ({error.strerror})") from error
            time.sleep(0.05)
        else:
            return connection


class Qmp:
    """A connection to QEMU that gives commands."""

    def __init__(self, path: Path) -> None:
        self._file = connect(path).makefile("rw")
        self._file.readline()  # QEMU's greeting
        self.command("qmp_capabilities")

    def command(self, name: str, **arguments: Any) -> Any:
        """What a command returns; events before it are passed over; RecorderError if it fails."""
        self._file.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self._file.flush()
        for line in self._file:
            answer = json.loads(line)
            if "error" in answer:
                raise RecorderError(f"QEMU refuses {name}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]
        raise RecorderError(f"QEMU ended while it was asked to {name}")
