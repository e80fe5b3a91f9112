"""A guest while it runs: QEMU, its stops, its end."""

from __future__ import annotations

import contextlib
import ctypes
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from recorder.errors import RecorderError
from recorder.gdb_stub import GdbStub
from recorder.qmp import Qmp

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
        self._qmp, self._gdb = Qmp(folder / "qmp.sock"), GdbStub(folder / "gdb.sock")

    def follow(self, stops: Mapping[str, int], take: Snapshot) -> None:
        """Let it run to each of the ``stops``, addresses by moment; ``take`` a snapshot at each."""
        for moment, address in stops.items():
            self._gdb.run_to(address, self._left())
            self._reached(f"snap_{moment}")
            self._snapshot(moment, take)

    def add_disk(self, drive: str) -> None:
        """Plug in a disk that it did not boot with; it finds it when it looks for PCI devices anew."""
        self._qmp.command("device_add", driver="virtio-blk-pci", drive=drive)

    def finish(self) -> None:
        """Let it run until it powers off; RecorderError if it does not."""
        self._gdb.let_go()
        try:
            self.process.wait(self._left())
        except subprocess.TimeoutExpired:
            raise RecorderError(f"{self.folder / 'console.log'}: the guest did not end in time") from None
        self._reached("total")

    def _snapshot(self, moment: str, take: Snapshot) -> None:
        dump, start = self.folder / f"memory.{moment}", time.monotonic()
        try:
            self._qmp.command("dump-guest-memory", paging=False, protocol=f"file:{dump}")
            self.times[f"dump_{moment}"] = round(time.monotonic() - start, 3)
            take(moment, dump)
        finally:
            dump.unlink(missing_ok=True)
        self.times[f"read_{moment}"] = round(time.monotonic() - start - self.times[f"dump_{moment}"], 3)

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
