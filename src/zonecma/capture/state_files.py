"""The files that show a machine's memory at one moment, in a folder or in an archive."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol, cast

from zonecma.capture.proc.kpageflags import BYTES_A_FRAME, parse_kpage_ranges
from zonecma.errors import InputError

LONGEST = 1 << 26
"""Bytes of a file that is read whole: the flags of 32 GiB of small pages, or any /proc text."""
DAMAGE = (OSError, EOFError, zlib.error, LZMAError, tarfile.TarError)
"""What a compressed or archived file raises that is damaged."""
_OF_THE_MOMENT = (
    *("zoneinfo", "buddyinfo", "pagetypeinfo", "vmstat", "meminfo"),
    *("page_owner.gz", "kpageflags.gz", "kpagecount.gz", "kpage_ranges"),
)


class StateFiles(Protocol):
    """One moment's files, by the names that they have in a bundle."""

    @property
    def name(self) -> str:
        """What a user called it."""

    def text(self, name: str) -> str | None:
        """A file's text; None where there is none."""

    def areas(self) -> list[str]:
        """The areas in the kernel's debugfs, by its names."""

    def frames(self, name: str, base: int, count: int) -> bytes | None:
        """The words of kpageflags or kpagecount for an area's frames; shorter where the file ends."""

    def owners(self) -> AbstractContextManager[BinaryIO | None]:
        """page_owner's text, to be read as a stream."""

    def why_missing(self, name: str) -> str:
        """Why a file is not there, for the end of a sentence."""


@dataclass(frozen=True)
class Folder:
    """An unpacked bundle, or the archive of a recording or bundle, which is read in place."""

    path: Path
    moment: str
    """``before`` or ``after``"""

    @property
    def name(self) -> str:
        """The folder's or file's name."""
        return self.path.resolve().name

    def text(self, name: str) -> str | None:
        """A file's text; None where there is none."""
        raw = self._raw(name)
        return None if raw is None else raw.decode(errors="replace")

    def areas(self) -> list[str]:
        """The areas of ``MOMENT/cma``."""
        if self._archive is None:
            return sorted(path.name for path in (self.path / self.moment / "cma").glob("*") if path.is_dir())
        prefix = (self.moment, "cma")
        found = (PurePosixPath(name).parts for name in self._members)
        return sorted({parts[2] for parts in found if len(parts) == 4 and parts[:2] == prefix})

    def frames(self, name: str, base: int, count: int) -> bytes | None:
        """An area's words, found by ``kpage_ranges``."""
        ranges, raw = self.text("kpage_ranges"), self._raw(f"{name}.gz")
        if ranges is None or raw is None:
            return None
        at = 0
        for _, start, length in parse_kpage_ranges(ranges, f"{self.path}: {self.moment}/kpage_ranges"):
            if start == base:
                return raw[at : at + min(length, count) * BYTES_A_FRAME]
            at += length * BYTES_A_FRAME
        return b""

    @contextmanager
    def owners(self) -> Iterator[BinaryIO | None]:
        """page_owner.gz, unpacked as it is read."""
        with self._opened("page_owner.gz") as packed:
            yield None if packed is None else _unpacked(packed)

    def why_missing(self, name: str) -> str:
        """That the folder has none."""
        return f"{self.name} has no {self.moment}/{name}"

    def _raw(self, name: str) -> bytes | None:
        try:
            with self._opened(name) as file:
                if file is None:
                    return None
                return (_unpacked(file) if name.endswith(".gz") else file).read(LONGEST)
        except DAMAGE as error:
            raise InputError(
                f"{self.path}: {self._full(name)}: damaged ({error}); expected a whole file"
            ) from error

    def _full(self, name: str) -> str:
        return f"{self.moment}/{name}" if name in _OF_THE_MOMENT or name.startswith("cma/") else name

    @contextmanager
    def _opened(self, name: str) -> Iterator[BinaryIO | None]:
        path = self.path / self._full(name)
        if self._archive is not None:
            where = self._members.get(self._full(name))
            yield None if where is None else cast("BinaryIO | None", self._archive.extractfile(where))
        elif path.is_file():
            with path.open("rb") as file:
                yield file
        else:
            yield None

    @cached_property
    def _archive(self) -> tarfile.TarFile | None:
        path = self.path / "proc.tar.xz" if self.path.is_dir() else self.path
        if not path.is_file():
            return None
        try:
            return tarfile.open(path)
        except DAMAGE as error:
            raise InputError(f"{path}: {_fault(error)}; expected a bundle or a recording") from error

    @cached_property
    def _members(self) -> dict[str, str]:
        """What the archive has for each name of a bundle's file."""
        if self._archive is None:
            return {}
        try:
            members = [member.name for member in self._archive.getmembers() if member.isfile()]
        except DAMAGE as error:
            raise InputError(f"{self.path}: cannot be read ({error}); expected a whole archive") from error
        return {_without_top(name): name for name in members}


def _unpacked(file: BinaryIO) -> BinaryIO:
    """A stream of what is packed in another one, which stays the caller's to close."""
    return cast("BinaryIO", gzip.GzipFile(fileobj=file))


def _without_top(name: str) -> str:
    """A member's name without ``./`` and without the one folder that a bundle has on top."""
    parts = PurePosixPath(name).parts
    if len(parts) > 1 and parts[0] not in ("before", "after"):
        parts = parts[1:]
    return "/".join(parts)


def _fault(error: Exception) -> str:
    """Of a file that is no archive tarfile says what each compression had against it, a line each."""
    return "is no tar archive" if "\n" in str(error) else f"cannot be read ({error})"
