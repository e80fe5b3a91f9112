"""Folders: the cache, and results that are never half-written."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from recorder.errors import RecorderError


def cache_folder() -> Path:
    """Where sources and built kernels are kept: ``$ZONECMA_RECORDER``, or the user's cache directory."""
    where = os.environ.get("ZONECMA_RECORDER") or Path(platformdirs.user_cache_dir("zonecma")) / "recorder"
    folder = Path(where).resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecorderError(
            f"{folder}: cannot be made ({error.strerror}); name another with ZONECMA_RECORDER=FOLDER"
        ) from error
    return folder


@contextlib.contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder to fill, which replaces ``target`` when the block ends well; else it is removed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    beside.chmod(0o755)
    try:
        yield beside
        shutil.rmtree(target, ignore_errors=True)
        beside.rename(target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """The block, while no other recorder is in one with this file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
