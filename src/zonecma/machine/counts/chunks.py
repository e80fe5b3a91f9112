"""Which frames were free at the start: what the trace tells, and as many more as the kernel counted.

Chunks are drawn from the largest order down.  A place where the trace tells of more free frames comes
first; among equals chance decides.  Two free buddies would have merged: only one of a pair is taken.
In the end chunks are made anew of the frames that are free, so that none is left unmerged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.migratetype import MIGRATE_PCPTYPES, MIGRATE_TYPES
from zonecma.kernel.units import Migratetype, Order


@dataclass(frozen=True)
class Ground:
    """Where chunks of one zone may lie; frames count from a multiple of the largest chunk."""

    base: int
    """the first frame's number"""
    may_be_free: NDArray[np.bool_]
    """b1[frames]: whole largest chunks of them"""
    is_free: NDArray[np.bool_]
    """b1[frames]: the trace says so"""
    types: NDArray[np.uint8]
    """u1[pageblocks]"""
    pageblock_order: int


def draw_free_frames(
    ground: Ground, counted: NDArray[np.int64], random: np.random.Generator
) -> NDArray[np.bool_]:
    """b1[frames]: what was free, so that there are ``counted`` chunks (i8[orders, types]) as far as can be.

    What is missing of an order is made up by twice as many chunks of the one below.
    """
    free, wanted = np.zeros(len(ground.may_be_free), np.bool_), counted.copy()
    room, known = _levels(ground.may_be_free, len(counted)), _sums(ground.is_free, len(counted))
    for order in range(len(counted) - 1, -1, -1):
        taken, alone = _any_in(free, order), order < len(counted) - 1
        for kind in range(MIGRATE_TYPES):
            fits = room[order] & ~taken & _is_type(ground, order, kind)
            if alone:
                fits &= ~_buddies(taken)
            places = _draw(fits, known[order], int(wanted[order, kind]), random, alone=alone)
            taken[places] = True
            _fill(free, places, order)
            if order:
                wanted[order - 1, kind] += 2 * (wanted[order, kind] - len(places))
    return free | ground.is_free


def _levels(frames: NDArray[np.bool_], orders: int) -> list[NDArray[np.bool_]]:
    """By order: which aligned chunks consist of such frames alone."""
    levels = [frames]
    for _ in range(orders - 1):
        levels.append(levels[-1][::2] & levels[-1][1::2])
    return levels


def _sums(frames: NDArray[np.bool_], orders: int) -> list[NDArray[np.int64]]:
    """By order: how many such frames each aligned chunk has."""
    sums = [frames.astype(np.int64)]
    for _ in range(orders - 1):
        sums.append(sums[-1].reshape(-1, 2).sum(axis=1))
    return sums


def _any_in(frames: NDArray[np.bool_], order: int) -> NDArray[np.bool_]:
    """Which aligned chunks have any such frame."""
    some: NDArray[np.bool_] = np.any(frames.reshape(-1, 1 << order), axis=1)
    return some


def _buddies(chunks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which chunks have one of these as their buddy."""
    return chunks.reshape(-1, 2)[:, ::-1].reshape(-1)


def _is_type(ground: Ground, order: int, kind: int) -> NDArray[np.bool_]:
    """Which chunks lie in pageblocks of one type."""
    of_kind, above = ground.types == kind, order - ground.pageblock_order
    if above >= 0:
        whole: NDArray[np.bool_] = np.all(of_kind.reshape(-1, 1 << above), axis=1)
        return whole
    return np.repeat(of_kind, 1 << -above)


def _draw(
    fits: NDArray[np.bool_], known: NDArray[np.int64], count: int, random: np.random.Generator, *, alone: bool
) -> NDArray[np.intp]:
    """Places of ``count`` chunks, those with most known frames first; ``alone``: of two buddies one."""
    places = np.flatnonzero(fits)
    if count <= 0 or not len(places):
        return places[:0]
    places = places[np.lexsort((random.random(len(places)), -known[places]))]
    if alone:
        places = places[np.sort(np.unique(places >> 1, return_index=True)[1])]
    return places[:count]


def _fill(frames: NDArray[np.bool_], places: NDArray[np.intp], order: int) -> None:
    frames.reshape(-1, 1 << order)[places] = True


def chunks_of(
    ground: Ground, free: NDArray[np.bool_], orders: int
) -> Iterator[tuple[Order, Migratetype, NDArray[np.int64]]]:
    """The lists that free frames make: order, type and first frames, all buddies merged.

    Pageblocks that merge across types become of the first one's type: ``ground.types`` is written.
    """
    levels = [free]
    for order in range(orders - 1):
        pairs = levels[-1][::2] & levels[-1][1::2]
        levels.append(pairs & _may_merge(ground, order, pairs))
    levels.append(np.zeros(len(levels[-1]) // 2, np.bool_))
    for order in range(orders):
        whole = levels[order] & ~np.repeat(levels[order + 1], 2)[: len(levels[order])]
        places = np.flatnonzero(whole)
        kinds = ground.types[places << order >> ground.pageblock_order]
        for kind in np.unique(kinds):
            yield (
                Order(order),
                Migratetype(kind),
                ground.base + (places[kinds == kind].astype(np.int64) << order),
            )


def _may_merge(ground: Ground, order: int, pairs: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which pairs of chunks may merge; pageblocks do within a type, or among those with fallbacks."""
    above = order - ground.pageblock_order
    if above < 0:
        return np.ones(len(pairs), np.bool_)
    blocks = ground.types.reshape(-1, 1 << above)[:, 0]
    left, right = blocks[::2], blocks[1::2]
    merge: NDArray[np.bool_] = (left == right) | ((left < MIGRATE_PCPTYPES) & (right < MIGRATE_PCPTYPES))
    for pair in np.flatnonzero(pairs & merge & (left != right)):
        ground.types.reshape(-1, 2 << above)[pair] = left[pair]
    return merge
