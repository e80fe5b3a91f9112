"""Where zonecma keeps what it can make again: compiled code and parsed recordings.

``$ZONECMA_CACHE`` names the folder; without it, it is the user's cache directory.
"""

from __future__ import annotations

import functools
import os
import tempfile
from pathlib import Path

import platformdirs


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
