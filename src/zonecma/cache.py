"""Where zonecma keeps what it can make again: compiled code and parsed recordings.

``$ZONECMA_CACHE`` names the folder; without it, it is the user's cache directory.
"""

from __future__ import annotations

import functools
import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import platformdirs

from zonecma.errors import InputError
from zonecma.sources import digest_of


@functools.cache
def cache_folder(name: str) -> Path | None:
    """The folder ``name`` of the cache, made if need be; None when it cannot be written."""
    root = os.environ.get("ZONECMA_CACHE") or platformdirs.user_cache_dir("zonecma", appauthor=False)
    folder = Path(root) / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return None
    return folder


def key_of(path: Path, readers: Iterable[Path]) -> str:
    """What a file's entry is found by: the very file, and the sources of what read it.

    Raises InputError where there is none.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    identity = f"{digest_of(readers)} {path.resolve()} {stat.st_size} {stat.st_mtime_ns}"
    return hashlib.blake2b(identity.encode(), digest_size=16).hexdigest()
