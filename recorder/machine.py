"""A guest while it runs: QEMU, its stops, its end."""

from __future__ import annotations

import contextlib
import ctypes
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from recorder.errors import RecorderError
from recorder.gdb_stub import GdbStub
from recorder.qmp import Qmp, connect

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)

Snapshot = Callable[[str, Path], None]
"""Is called with a moment and a dump of the guest's memory, while the guest stands still."""


class Machine:
    """A guest whose QEMU runs."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path, patience: float) -> None:
        self.process, self.folder = process, folder
        self.end = time.monotonic() + patience
        self.times: dict[str, float] = {}
        """seconds: what took how long, and when what was reached"""
        self._start = time.monotonic()
        self._qmp = Qmp(folder / "qmp.sock")

    def run_to(self, address: int) -> None:
        """Let it run from its first instruction to a function; there it stands."""
        stub = GdbStub(self.folder / "gdb.sock", self._left())
        stub.run_to(address)
        stub.let_go()
        self._reached("early_hit")

    def snapshot(self, moment: str, take: Snapshot) -> None:
        """Dump its memory and let ``take`` read it; it stands still meanwhile, and goes on after."""
        self._qmp.command("stop")
        dump, start = self.folder / f"memory.{moment}", time.monotonic()
        try:
            self._qmp.command("dump-guest-memory", paging=False, protocol=f"file:{dump}")
            self.times[f"dump_{moment}"] = round(time.monotonic() - start, 3)
            take(moment, dump)
        finally:
            dump.unlink(missing_ok=True)
        self.times[f"read_{moment}"] = round(time.monotonic() - start - self.times[f"dump_{moment}"], 3)
        self._qmp.command("cont")

    def follow(self, take: Snapshot) -> None:
        """Take the snapshots that the guest asks for, until it powers off; RecorderError if it does not."""
        with connect(self.folder / "port.sock") as port:
            for moment in self._asked(port):
                self._reached(f"snap_{moment}")
                self.snapshot(moment, take)
                port.sendall(b"g")
        try:
            self.process.wait(self._left())
        except subprocess.TimeoutExpired:
            raise RecorderError(f"{self.folder / 'console.log'}: the guest did not end in time") from None
        self._reached("total")

    def _asked(self, port: socket.socket) -> Iterator[str]:
        """The moments that the guest names on its second serial port, a line each."""
        port.settimeout(0.2)
        text = b""
        while self.process.poll() is None and self._left() > 0:
            try:
                read = port.recv(64)
            except TimeoutError:
                continue
            except OSError:
                return
            if not read:
                return
            *lines, text = (text + read).split(b"\n")
            yield from (line.decode().strip() for line in lines)

    def _left(self) -> float:
        return max(0.0, self.end - time.monotonic())

    def _reached(self, what: str) -> None:
        self.times[what] = round(time.monotonic() - self._start, 2)


@contextlib.contextmanager
def running(command: Sequence[str], folder: Path, patience: float) -> Iterator[Machine]:
    """QEMU for as long as the block lasts; whatever ends it, no QEMU stays behind."""
    with (folder / "qemu.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=_die_with_parent,
        )
    try:
        yield Machine(process, folder, patience)
    finally:
        process.kill()
        process.wait()


def _die_with_parent() -> None:
    """Even a killed recorder, which runs no ``finally``, takes its QEMU along."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
