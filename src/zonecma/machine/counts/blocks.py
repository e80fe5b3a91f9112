"""Which type each pageblock had at the start: areas are CMA, the trace tells some, the rest is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.migratetype import (
    MIGRATE_CMA,
    MIGRATE_HIGHATOMIC,
    MIGRATE_ISOLATE,
    MIGRATE_MOVABLE,
    MIGRATE_RECLAIMABLE,
    MIGRATE_TYPES,
    MIGRATE_UNMOVABLE,
)
from zonecma.machine.counts.evidence import IN_BUDDY, NO_TYPE, UNSEEN, Evidence
from zonecma.machine.counts.frames import Frames

_DRAWN = (MIGRATE_UNMOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_HIGHATOMIC)
"""Types of which there are few pageblocks; what is left is movable."""


@dataclass(frozen=True)
class BlockTypes:
    """The pageblocks of one zone, from the one that holds its first frame on."""

    types: NDArray[np.uint8]
    """u1[blocks]"""
    off: int
    """pageblocks by which the types differ from what the kernel counted"""


def draw_block_types(
    evidence: Evidence,
    blocks: range,
    order: int,
    frames: Frames,
    counted: Sequence[int],
    random: np.random.Generator,
) -> BlockTypes:
    """Types for a zone's pageblocks of ``1 << order`` frames, with the sums that the kernel counted.

    ``blocks``: their numbers.  ``counted`` is empty where it told none.  A pageblock that is free in part
    is likely to be of one of the rarer types; one of which the trace shows many free frames is likely to
    be movable.
    """
    told, free = _told(evidence, blocks, order)
    types = np.where(frames.in_area[np.array(blocks, np.int64) << order], MIGRATE_CMA, told)
    in_part = _in_part(frames.may_be_free, blocks, order)
    for kind in _DRAWN:
        left = counted[kind] - int(np.count_nonzero(types == kind)) if counted else 0
        open_ones = np.flatnonzero(types == NO_TYPE)
        ranks = np.lexsort((random.random(len(open_ones)), free[open_ones], ~in_part[open_ones]))
        types[open_ones[ranks[: max(left, 0)]]] = kind
    types[types == NO_TYPE] = MIGRATE_MOVABLE
    return BlockTypes(types.astype(np.uint8), _off(types, counted))


def _in_part(may_be_free: NDArray[np.bool_], blocks: range, order: int) -> NDArray[np.bool_]:
    """b1[blocks]: which may be free, but not as a whole."""
    size = 1 << order
    frames = np.zeros(len(blocks) << order, np.int64)
    inside = may_be_free[blocks.start << order : blocks.stop << order]
    frames[: len(inside)] = inside
    sums = frames.reshape(-1, size).sum(axis=1)
    in_part: NDArray[np.bool_] = (sums > 0) & (sums < size)
    return in_part


def _off(types: NDArray[np.int64], counted: Sequence[int]) -> int:
    """Holes have no pageblocks: only what there is more of than counted is off, and they count as movable."""
    if not counted:
        return 0
    have = np.bincount(types, minlength=MIGRATE_TYPES)
    return int(sum(max(have[kind] - counted[kind], 0) for kind in (*_DRAWN, MIGRATE_CMA)))


def _told(evidence: Evidence, blocks: range, order: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """i8[blocks]: the type that most of a pageblock's free frames tell, and how many these are."""
    frames = slice(blocks.start << order, blocks.stop << order)
    held, kinds = evidence.held[frames], evidence.migratetype[frames].astype(np.int64)
    tells = (held != UNSEEN) & (kinds >= 0) & (kinds < MIGRATE_ISOLATE) & (kinds != MIGRATE_CMA)
    at = np.flatnonzero(tells)
    votes = np.bincount((at >> order) * MIGRATE_TYPES + kinds[at], minlength=len(blocks) * MIGRATE_TYPES)
    votes = votes.reshape(len(blocks), MIGRATE_TYPES)
    free = np.bincount(np.flatnonzero(held == IN_BUDDY) >> order, minlength=len(blocks))
    return np.where(votes.any(axis=1), votes.argmax(axis=1), NO_TYPE), free
