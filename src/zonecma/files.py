"""Writing so that nothing is ever half-written: beside the target, then renamed."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from zonecma.errors import InputError


@contextlib.contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder to fill, which becomes ``target`` when the block ends well; else it is removed.

    An existing target stays: whoever came first has written the same.
    """
    beside = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    try:
        yield beside
        with contextlib.suppress(FileExistsError, OSError):
            beside.rename(target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def write_whole(target: Path, content: str | bytes) -> None:
    """Write a file, or write it anew; text as UTF-8.  InputError for what is there and is none."""
    if target.exists() and not target.is_file():
        raise InputError(f"{target}: is no file; expected the name of one")
    beside = target.with_name(f".{target.name}-{os.getpid()}")
    try:
        beside.write_bytes(content.encode() if isinstance(content, str) else content)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
