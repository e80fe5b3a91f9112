"""Traces that were read before, kept as Parquet in the user's cache directory.

An entry is found again by the very file and by the very reader: what another version of
this package read may have meant something else.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path

import numpy as np

from zonecma.cache import cache_folder, key_of
from zonecma.capture.events import EVENT, EVENTS
from zonecma.capture.trace import Trace, read_trace
from zonecma.files import new_folder
from zonecma.progress import Progress, no_progress
from zonecma.sources import room_sources


def load_trace(path: Path, *, partial: bool = False, progress: Progress = no_progress) -> Trace:
    """``read_trace``, from the cache when this very file was read before.

    Damaged files are never cached.  Without a writable cache folder every read is a first one.
    """
    key = key_of(path, room_sources("capture"))
    root = cache_folder("traces")
    if root is not None and (cached := _load(root / key)):
        return cached
    trace = read_trace(path, partial=partial, progress=progress)
    if root is not None and not trace.damage:
        with contextlib.suppress(OSError):  # a full disk costs time at the next read, nothing else
            _save(trace, root / key)
    return trace


def _save(trace: Trace, folder: Path) -> None:
    import polars as pl

    with new_folder(folder) as beside:
        columns = {name: np.ascontiguousarray(trace.events[name]) for name in EVENT.names or ()}
        pl.DataFrame(columns).write_parquet(beside / "events.parquet", compression="lz4")
        (beside / "texts.json").write_text(json.dumps(trace.texts))


def _load(folder: Path) -> Trace | None:
    """What an entry holds; None, with the entry removed, when there is none or it is damaged."""
    import polars as pl

    try:
        table = pl.read_parquet(folder / "events.parquet", memory_map=True)
        events = np.empty(len(table), EVENT)
        for name in EVENT.names or ():
            events[name] = table[name].to_numpy()
        texts = tuple(json.loads((folder / "texts.json").read_text()))
        sound = events["event"].max(initial=0) < len(EVENTS) and events["task"].max(initial=0) < len(texts)
    except (OSError, ValueError, TypeError, pl.exceptions.PolarsError):
        sound = False
    if sound:
        return Trace(events, texts)
    shutil.rmtree(folder, ignore_errors=True)
    return None
