"""The model's lists at the end of a run, beside those of a snapshot."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.snapshot import Snapshot
from zonecma.kernel.contents import free_lists, pcp_lists
from zonecma.kernel.state import State
from zonecma.lab.verification import Score

Lists = dict[tuple[object, ...], NDArray[np.int64]]
"""First frames of chunks, head first: ("free", zone, order, migratetype) or ("pcp", zone, cpu, pindex)."""


def compare_lists(state: State, end: Snapshot) -> Score:
    """Each list that is not empty in both: equal when it holds the same frames in the same order."""
    model, kernel, empty = lists_of_model(state), lists_of(end), np.zeros(0, np.int64)
    keys = model.keys() | kernel.keys()
    equal = sum(np.array_equal(model.get(key, empty), kernel.get(key, empty)) for key in keys)
    return Score(len(keys), equal)


def lists_of_model(state: State) -> Lists:
    """The model's lists that are not empty."""
    lists: Lists = {("free", *key): frames for key, frames in free_lists(state)}
    lists.update({("pcp", *key): frames for key, frames in pcp_lists(state)})
    return lists


def lists_of(snapshot: Snapshot) -> Lists:
    """The lists of a snapshot that are not empty."""
    lists: Lists = {}
    for zone in snapshot.zones:
        lists.update({("free", zone.index, *key): frames for key, frames in zone.free.items()})
        for pcp in zone.pcp:
            lists.update({("pcp", zone.index, pcp.cpu, key): frames for key, frames in pcp.lists.items()})
    return lists
