"""Where zonecma keeps what it can make again: compiled code and parsed recordings.

``$ZONECMA_CACHE`` names the folder; without it, it is the user's cache directory.
"""

from __future__ import annotations

import functools
import hashlib
import os
import tempfile
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent


@functools.cache
def source_digest(*rooms: str) -> str:
    """A hash of the sources of some rooms: what they made is stale once they change."""
    digest = hashlib.blake2b(digest_size=8)
    for room in rooms:
        for source in sorted((_PACKAGE / room).rglob("*.py")):
            digest.update(source.read_bytes())
    return digest.hexdigest()


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
