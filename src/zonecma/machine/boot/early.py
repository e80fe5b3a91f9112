"""What the kernel allocates before its trace begins: requests read off a snapshot, frames predicted.

No event tells of these allocations.  The snapshot says how many frames each type of request
has taken; which frames, and what is left on which list, is up to the model.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.snapshot import Snapshot, ZoneSnapshot
from zonecma.errors import InputError
from zonecma.kernel.boot import allocate_early
from zonecma.kernel.contents import free_lists
from zonecma.kernel.migratetype import MIGRATE_MOVABLE, MIGRATE_PCPTYPES
from zonecma.kernel.state import State
from zonecma.kernel.units import Migratetype, Order, ZoneIndex
from zonecma.kernel.zone import NAMES
from zonecma.machine.boot.progress import Boot

_NOTHING_FREE = -1


def allocate_before_tracing(boot: Boot, snapshot: Snapshot) -> int:
    """Serve the requests that came before a snapshot, frame by frame; how many there were."""
    state = boot.nodes[boot.board.nodes[0]]
    for zone in snapshot.zones:
        _check_span(boot, state, zone)
    served = sum(_serve_zone(state, zone) for zone in snapshot.zones)
    boot.lists_when_traced = dict(free_lists(state))
    boot.managed_when_traced = {(node, zone): int(record.managed) for node, zone, record in boot.zones()}
    boot.log("kmem_cache_init and others", f"{served} frames allocated before tracing begins")
    return served


def _check_span(boot: Boot, state: State, zone: ZoneSnapshot) -> None:
    """Raise InputError where the model has free frames outside of a recorded zone."""
    for (index, order, _), frames in free_lists(state):
        inside = (frames >= zone.start_pfn) & (frames + (1 << order) <= zone.end_pfn)
        if index == zone.index and not inside.all():
            raise InputError(
                f"{boot.board.name}: the snapshot when tracing began has zone {NAMES[zone.index]} at frames"
                f" {zone.start_pfn} to {zone.end_pfn - 1}, its log has memory outside of them; expected"
                " files of one boot"
            )


def _serve_zone(state: State, zone: ZoneSnapshot) -> int:
    """Serve a zone's requests: each type from its own pageblocks while they last.

    When several types need a new pageblock, the snapshot says who asked first: the one to
    which it says that the next pageblock belongs.
    """
    demand = _demand(state, zone)
    served = 0
    while any(demand):
        index = _next_type(state, zone, demand)
        taken = allocate_early(state, zone.index, Migratetype(index), demand[index])
        if taken == 0:
            break
        demand[index] -= taken
        served += taken
    return served


def _demand(state: State, zone: ZoneSnapshot) -> list[int]:
    """Frames taken between memblock's hand-over and the snapshot, by the type of their pageblock."""
    frames = zone.start_pfn + np.flatnonzero(_free_now(state, zone) & ~_free_then(zone))
    types = zone.pageblocks[(frames >> zone.pageblock_order) - (zone.start_pfn >> zone.pageblock_order)]
    counts = np.bincount(types, minlength=MIGRATE_PCPTYPES)
    return [int(count) for count in counts[:MIGRATE_PCPTYPES]]


def _free_now(state: State, zone: ZoneSnapshot) -> NDArray[np.bool_]:
    lists = [(key[1], frames) for key, frames in free_lists(state) if key[0] == zone.index]
    return _mask(zone, lists)


def _free_then(zone: ZoneSnapshot) -> NDArray[np.bool_]:
    return _mask(zone, [(order, frames) for (order, _), frames in zone.free.items()])


def _mask(zone: ZoneSnapshot, lists: Sequence[tuple[Order, NDArray[np.int64]]]) -> NDArray[np.bool_]:
    """Which frames of a zone's span are free."""
    free = np.zeros(zone.spanned, bool)
    for order, frames in lists:
        free[(frames[:, None] + np.arange(1 << order) - zone.start_pfn).ravel()] = True
    return free


def _next_type(state: State, zone: ZoneSnapshot, demand: list[int]) -> int:
    """The type to serve next: one that has free frames of its own; else the one that claims next."""
    waiting = [index for index, count in enumerate(demand) if count]
    own = {key[2] for key, _ in free_lists(state) if key[0] == zone.index}
    for index in waiting:
        if Migratetype(index) in own:
            return index
    largest = _first_of_largest(state, zone.index)
    if largest == _NOTHING_FREE:
        return waiting[0]
    owner = int(zone.pageblocks[(largest >> zone.pageblock_order) - (zone.start_pfn >> zone.pageblock_order)])
    return owner if owner in waiting else waiting[0]


def _first_of_largest(state: State, zone: ZoneIndex) -> int:
    """The chunk that the next claim of a pageblock takes: the first of the largest movable ones."""
    movable = [
        (key[1], frames[0])
        for key, frames in free_lists(state)
        if key[0] == zone and key[2] == MIGRATE_MOVABLE
    ]
    return int(max(movable, key=lambda one: one[0])[1]) if movable else _NOTHING_FREE
