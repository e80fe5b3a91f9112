"""The little of gdb's remote protocol that stops a guest at a function."""

from __future__ import annotations

import contextlib
from pathlib import Path

from recorder.errors import RecorderError
from recorder.qmp import connect


class GdbStub:
    """A connection to QEMU's gdb stub.  While it lasts, the guest runs only in ``run_to``."""

    def __init__(self, path: Path) -> None:
        self._socket = connect(path)

    def run_to(self, address: int, patience: float) -> None:
        """Let the guest run until it is about to execute ``address``.

        Raises RecorderError when it ends before, or has not come there in ``patience`` seconds.
        """
        self._socket.settimeout(max(patience, 1.0))
        self._ask(b"Z1,%x,1" % address)
        if not (stopped := self._ask(b"c")).startswith(b"T05"):
            raise RecorderError(
                f"the guest did not get to {address:#x}: it stopped with {stopped.decode()!r}"
            )
        self._ask(b"z1,%x,1" % address)

    def let_go(self) -> None:
        """Detach; the guest goes on."""
        self._send(b"D")
        self._socket.settimeout(1)
        with contextlib.suppress(OSError):
            self._socket.recv(16)
        self._socket.close()

    def _ask(self, packet: bytes) -> bytes:
        self._send(packet)
        return self._answer()

    def _send(self, packet: bytes) -> None:
        self._socket.sendall(b"$%s#%02x" % (packet, sum(packet) & 255))

    def _answer(self) -> bytes:
        """The next packet, acknowledged; acknowledgements of ours are passed over."""
        while self._byte() != b"$":
            pass
        packet = b""
        while (byte := self._byte()) != b"#":
            packet += byte
        self._byte(), self._byte()  # the check sum: the socket loses nothing
        self._socket.sendall(b"+")
        return packet

    def _byte(self) -> bytes:
        try:
            byte = self._socket.recv(1)
        except TimeoutError:
            raise RecorderError("the guest did not get to its next snapshot in time") from None
        except OSError:
            byte = b""  # QEMU went away in the middle of an answer
        if not byte:
            raise RecorderError("QEMU ended before the guest got to its next snapshot")
        return byte
