"""Writing so that nothing is ever half-written: beside the target, then renamed."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


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
