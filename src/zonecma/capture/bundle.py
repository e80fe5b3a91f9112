"""A collector's bundle: a recording's folder as one .tar.gz, unpacked into the cache.

The file comes from another machine: only plain files in one folder are taken, and no more of them
than such an archive can honestly hold.
"""

from __future__ import annotations

import atexit
import functools
import gzip
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from zonecma.cache import cache_folder, key_of
from zonecma.errors import InputError
from zonecma.files import new_folder

MAX_MEMBERS = 10_000
"""A collector writes some dozen files, and six for each area."""
_ROOM, _GROWTH = 64 << 20, 50
"""Bytes that any bundle may hold, and how much more than its own size: what is large in it is compressed."""
_EXPECTED = "expected a bundle of zonecma's collector"


PACKAGED = Path(__file__).resolve().parent.parent / "data"
"""The recordings and bundles that ship with the package."""
SUFFIX = ".tar.gz"


def bundle_called(where: str) -> Path | None:
    """The bundle that a path means, or the name of one that ships with the package; or None."""
    return next(filter(is_bundle, (Path(where), PACKAGED / f"{where}{SUFFIX}")), None)


def is_bundle(where: str | Path) -> bool:
    """Whether a file's content begins as a tar archive within gzip does, whatever its name is."""
    if not os.path.isfile(where):  # noqa: PTH113 (Path.is_file raises for names that are too long)
        return False
    try:
        with gzip.open(where) as stream:
            block = stream.read(tarfile.BLOCKSIZE)
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (OSError, ValueError, EOFError, zlib.error, tarfile.TarError):
        return False
    return True


def unpacked(bundle: Path) -> Path:
    """The folder that a bundle holds: in the cache, or for this process alone where that can't be written.

    Raises InputError for an archive that is damaged or holds something else than files in one folder.
    """
    key = key_of(bundle, [Path(__file__)])
    root = cache_folder("bundles")
    if root is None:
        return _for_this_process(bundle, key)
    if _folder_in(root / key) is None:
        shutil.rmtree(root / key, ignore_errors=True)
        with new_folder(root / key) as beside:
            _unpack(bundle, beside)
    folder = _folder_in(root / key)
    return folder if folder is not None else _for_this_process(bundle, key)


@functools.cache
def _for_this_process(bundle: Path, key: str) -> Path:
    """Unpacked into a temporary folder, which goes when the process ends.  ``key``: of the very file."""
    folder = Path(tempfile.mkdtemp(prefix=f"zonecma-{key[:8]}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _unpack(bundle, folder)
    (found,) = folder.iterdir()
    return found


def _folder_in(entry: Path) -> Path | None:
    """The one folder of a cache's entry; None where somebody has been at it."""
    found = list(entry.iterdir()) if entry.is_dir() else []
    return found[0] if len(found) == 1 and found[0].is_dir() else None


class _Bounded:
    """A stream that gives no more than so many bytes: tarfile trusts the sizes in its headers."""

    def __init__(self, stream: gzip.GzipFile, limit: int) -> None:
        self.stream, self.left, self.limit = stream, limit, limit

    def read(self, size: int) -> bytes:
        """The next bytes; raises ValueError when there are too many."""
        data = self.stream.read(size)
        self.left -= len(data)
        if self.left < 0:
            raise ValueError(f"it holds more than {self.limit >> 20} MiB, {_GROWTH} times its size")
        return data


def _unpack(bundle: Path, target: Path) -> None:
    """Write a bundle's files below ``target``; raises InputError."""
    limit = _ROOM + _GROWTH * bundle.stat().st_size
    try:
        with gzip.open(bundle) as stream, _archive(stream, limit) as archive:
            names = [_write(archive, member, target, limit) for member in _members(archive)]
    except (EOFError, zlib.error, tarfile.TarError, gzip.BadGzipFile) as error:
        reason = str(error).split("\n")[0]
        raise InputError(f"{bundle}: damaged or cut off ({reason}); {_EXPECTED}, whole") from error
    except (OSError, ValueError, RecursionError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error).split("\n")[0]
        raise InputError(f"{bundle}: cannot be unpacked: {reason}; {_EXPECTED}") from error
    if len({name.parts[0] for name in names}) != 1:
        raise InputError(f"{bundle}: holds {len(names)} files, not all in one folder; {_EXPECTED}")


def _archive(stream: gzip.GzipFile, limit: int) -> tarfile.TarFile:
    return tarfile.open(fileobj=_Bounded(stream, limit), mode="r|")  # type: ignore[call-overload, no-any-return]


def _members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The files of an archive; raises ValueError for what is neither file nor folder."""
    for number, member in enumerate(archive):
        if number >= MAX_MEMBERS:
            raise ValueError(f"it has more than {MAX_MEMBERS} members")
        if not (member.isdir() or member.type in (tarfile.REGTYPE, tarfile.AREGTYPE)):
            raise ValueError(f"{member.name[:80]!r} is neither file nor folder")
        if not member.isdir():
            yield member


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path, limit: int) -> PurePosixPath:
    """Write one member; raises ValueError for a name that leads out of the bundle's folder."""
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or len(name.parts) < 2:
        raise ValueError(f"{member.name[:80]!r} does not lie in the bundle's folder")
    if member.size > limit:
        raise ValueError(
            f"{member.name[:80]!r} has {member.size >> 20} MiB, {_GROWTH} times the bundle's size"
        )
    path = target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    content = archive.extractfile(member)
    assert content is not None
    with path.open("xb") as file:
        shutil.copyfileobj(content, file)
    return name
