"""A recording: the folder that holds a trace, its snapshots and the kernel's own files.

A trace's file is one too, without the rest.

A bundle of the collector is one, packed: it has no snapshots.
"""

from __future__ import annotations

import functools
import lzma
import os
import tarfile
from dataclasses import dataclass
from pathlib import Path

from zonecma.capture.bundle import PACKAGED, SUFFIX, bundle_called, unpacked
from zonecma.capture.events import EVENT_ID
from zonecma.capture.parquet import load_trace
from zonecma.capture.proc.uname import release_of
from zonecma.capture.snapshot import Snapshot, read_snapshot
from zonecma.capture.trace import Trace
from zonecma.errors import InputError
from zonecma.progress import Progress, no_progress

DEMO = "cma256-mix-6.12"
"""The one that commands use when none is named."""

_CAPTURES = Path("captures")
_TRACE_NAMES = ("trace.txt.zst", "trace.txt", "trace.txt.gz", "trace.dat", "perf.txt")
_LARGEST_TEXT = 1 << 26
"""Bytes of a /proc file or log: more than any has."""
_LOAD_STARTS, _LOAD_ENDS = "GT_wl_start", "GT_wl_end"


@dataclass(frozen=True)
class Recording:
    """One recording; files are read when they are asked for."""

    path: Path
    partial: bool = False
    """whether a damaged trace is read up to its damage"""

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.resolve().name

    @property
    def trace_file(self) -> Path:
        """The trace; InputError where there is none."""
        if self.path.is_file():
            return self.path
        for name in _TRACE_NAMES:
            if (self.path / name).exists():
                return self.path / name
        raise InputError(f"{self.path}: has no {' or '.join(_TRACE_NAMES)}; expected a recording's folder")

    @property
    def has_trace(self) -> bool:
        """Whether there is a trace."""
        return any((self.path / name).exists() for name in _TRACE_NAMES)

    def trace(self, progress: Progress = no_progress) -> Trace:
        """The trace's events."""
        return load_trace(self.trace_file, partial=self.partial, progress=progress)

    def snapshot(self, moment: str) -> Snapshot:
        """The allocator's exact state: E at the start of tracing, A before the load, B after it."""
        return read_snapshot(self.snapshot_file(moment))

    def snapshot_file(self, moment: str) -> Path:
        """Where the snapshot of a moment is."""
        return self.beside(f"snap.{moment}.json.gz")

    def beside(self, name: str) -> Path:
        """Where a file beside the trace is; InputError for a trace's file, which has none."""
        if self.path.is_file():
            raise InputError(
                f"{self.path}: is a trace alone, and this needs {name} too; expected a recording's folder,"
                " or a bundle that the script of zonecma collector made"
            )
        return self.path / name

    @functools.cached_property
    def release(self) -> str:
        """The kernel's release, such as ``6.12.117-gt``."""
        uname = self.kernel_file("uname")
        release = release_of(uname)
        if not release.isprintable() or not release:
            raise InputError(f"{self.path}: uname is {uname.strip()!r}; expected 'Linux HOST RELEASE'")
        return release

    def kernel_file(self, name: str) -> str:
        """The text of one of the kernel's files, ``before/zoneinfo`` for instance.

        It is a plain file of the folder, as a bundle has it, or else a member of proc.tar.xz.
        """
        archive, plain = self.path / "proc.tar.xz", self.beside(name)
        if plain.is_file() or not archive.exists():
            return _plain_text(plain)
        try:
            with tarfile.open(archive) as tar:
                member = tar.extractfile(name)
                if member is not None:
                    return member.read().decode(errors="replace")
        except (OSError, EOFError, RecursionError, lzma.LZMAError, tarfile.TarError) as error:
            reason = str(error).split("\n")[0]
            raise InputError(f"{archive}: cannot be read ({reason}); expected a tar archive") from error
        except KeyError:
            pass
        raise InputError(f"{archive}: has no {name}; expected the kernel's files beside the trace")

    def has_kernel_file(self, name: str) -> bool:
        """Whether one of the kernel's files is there, and can be read."""
        try:
            self.kernel_file(name)
        except InputError:
            return False
        return True


def _plain_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_TEXT).decode(errors="replace")
    except FileNotFoundError:
        raise InputError(
            f"{path}: not found, nor a proc.tar.xz that has it; expected the kernel's file"
        ) from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def open_recording(where: str = DEMO, *, partial: bool = False) -> Recording:
    """A recording by its folder, bundle or trace, or by name: one of the package's, or one in ``captures/``.

    Raises InputError, with the names that exist, when there is none, or when the folder holds no trace.
    """
    folder = recording_folder(where)
    if folder is None:
        raise InputError(
            f"{where}: no such recording; expected a folder, a bundle, a trace, or one of: {shipped()}"
        )
    recording = Recording(folder, partial)
    _ = recording.trace_file
    return recording


def recording_folder(where: str) -> Path | None:
    """The folder, or trace's file, that a path or name means, a bundle's after unpacking it; or None."""
    bundle = bundle_called(where)
    if bundle is not None:
        return unpacked(bundle)
    if os.path.isfile(where):  # noqa: PTH113 (as below)
        return Path(where)
    for folder in (Path(where), PACKAGED / where, _CAPTURES / where):
        if os.path.isdir(folder):  # noqa: PTH112 (Path.is_dir raises for names that are too long)
            return folder
    return None


def recording_names() -> list[str]:
    """What ``open_recording`` takes by name: what ships with the package, and what is in ``captures/``."""
    folders = [*PACKAGED.glob("*"), *_CAPTURES.glob("*")]
    named = {folder.name for folder in folders if any((folder / one).exists() for one in _TRACE_NAMES)}
    return sorted(named | {path.name.removesuffix(SUFFIX) for path in PACKAGED.glob(f"*{SUFFIX}")})


def shipped() -> str:
    """The names of the recordings that ship with the package."""
    return ", ".join(sorted(path.name.removesuffix(SUFFIX) for path in PACKAGED.glob("*")))


def load_markers(trace: Trace) -> tuple[int | None, int | None]:
    """When the load began and ended (ns), by its markers; None where there is none."""
    markers = trace.events[trace.events["event"] == EVENT_ID["print"]]
    starts = [int(m["time"]) for m in markers if _LOAD_STARTS in trace.texts[m["d"]]]
    ends = [int(m["time"]) for m in markers if _LOAD_ENDS in trace.texts[m["d"]]]
    return starts[0] if starts else None, ends[-1] if ends else None
