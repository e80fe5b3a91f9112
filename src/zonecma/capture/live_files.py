"""The files that show this machine's memory now."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from zonecma.capture.proc.kpageflags import BYTES_A_FRAME
from zonecma.capture.state_files import LONGEST

_DEBUG = Path("/sys/kernel/debug")
_CMA_SYSFS = Path("/sys/kernel/mm/cma")


@dataclass(frozen=True)
class LiveFiles:
    """The machine that this runs on; ``root`` is where its file systems are."""

    root: Path = Path("/")
    name: str = "live"

    def text(self, name: str) -> str | None:
        """A file of /proc or /sys; None where it is not there or not to be read."""
        if name == "cmasysfs":
            return "".join(self._counters()) or None
        if name == "uname":
            return " ".join(os.uname())
        place = _DEBUG / name if name.startswith("cma/") else Path("/proc") / name
        return _text(self._at(place))

    def _counters(self) -> Iterator[str]:
        """A line for each counter of each area in sysfs."""
        for file in sorted(self._at(_CMA_SYSFS).glob("*/*")):
            yield f"{_CMA_SYSFS / file.parent.name / file.name} {(_text(file) or '').strip()}\n"

    def areas(self) -> list[str]:
        """The areas in debugfs."""
        try:
            return sorted(path.name for path in self._at(_DEBUG / "cma").iterdir() if path.is_dir())
        except OSError:
            return []

    def frames(self, name: str, base: int, count: int) -> bytes | None:
        """An area's words out of the file of all frames; whole words are read at whole places."""
        try:
            with self._at(Path("/proc") / name).open("rb") as file:
                file.seek(base * BYTES_A_FRAME)
                return file.read(min(count * BYTES_A_FRAME, LONGEST))
        except OSError:
            return None

    @contextmanager
    def owners(self) -> Iterator[BinaryIO | None]:
        """page_owner; the kernel gives one record a read."""
        try:
            file = self._at(_DEBUG / "page_owner").open("rb", buffering=0)
        except OSError:
            yield None
            return
        with file:
            yield cast("BinaryIO", _Piecewise(file))

    def why_missing(self, name: str) -> str:
        """What a reader lacks: rights, a file system, or the kernel's configuration."""
        if os.geteuid():
            return "only root may read it"
        if name.startswith("kpage"):
            return "this kernel has no CONFIG_PROC_PAGE_MONITOR, or forbids it here"
        if not self._has_debugfs():
            return f"debugfs is not mounted on {_DEBUG}"
        if name.startswith("cma"):
            return "this kernel has no CONFIG_CMA_DEBUGFS, or no area"
        return "this kernel has no CONFIG_PAGE_OWNER, or was not booted with page_owner=on"

    def _has_debugfs(self) -> bool:
        try:
            return any(self._at(_DEBUG).iterdir())
        except OSError:
            return False

    def _at(self, place: Path) -> Path:
        return self.root / place.relative_to("/")


def _text(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return file.read(LONGEST).decode(errors="replace").rstrip("\0")
    except OSError:
        return None


@dataclass(frozen=True)
class _Piecewise:
    """A file of debugfs, read in pieces: 4.7 allocates a buffer as large as each read."""

    file: io.FileIO
    piece: int = 4096

    def read(self, size: int) -> bytes:
        """At least ``size`` bytes, less at the end."""
        pieces, length = [], 0
        while length < size and (piece := self.file.read(self.piece)):
            pieces.append(piece)
            length += len(piece)
        return b"".join(pieces)
