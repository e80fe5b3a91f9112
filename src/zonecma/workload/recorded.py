"""What a recorded kernel did for each request, to hold the model's choices against."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.reference import by_reference

CHUNK = np.dtype([("pfn", "u4"), ("order", "u1")], align=True)
"""A chunk of frames that the kernel handed out, fetched or gave back."""


@by_reference
class Recorded(NamedTuple):
    """Chunks by request: request i's are ``chunks[first[i]:first[i + 1]]`` of each kind."""

    allocated: NDArray[Any]
    """CHUNK[]: what each request got"""
    first_allocated: NDArray[np.int64]
    refilled: NDArray[Any]
    """CHUNK[]: what left the buddy lists for a per-cpu list"""
    first_refilled: NDArray[np.int64]
    drained: NDArray[Any]
    """CHUNK[]: what went from a per-cpu list back to the buddy lists"""
    first_drained: NDArray[np.int64]


def by_request(
    pfn: NDArray[np.int32], order: NDArray[np.int32], owner: NDArray[np.int32], requests: int
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Group chunks by the request that owns them, in their order; those of owner -1 are left out."""
    kept = np.flatnonzero(owner >= 0)
    kept = kept[np.argsort(owner[kept], kind="stable")]
    chunks = np.zeros(len(kept), CHUNK)
    chunks["pfn"], chunks["order"] = pfn[kept], order[kept]
    return chunks.view(np.recarray), np.searchsorted(owner[kept], np.arange(requests + 1))
