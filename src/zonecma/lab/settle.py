"""Before a run: the objects that are alive already, each in its place.

What was in use in an area that a placement has moved goes back to its old frames where the
placement lets it, and elsewhere where not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.alloc import alloc_pages
from zonecma.kernel.alloc_flags import ALLOC_CMA
from zonecma.kernel.jit import entry, jit
from zonecma.kernel.migrate import place_object
from zonecma.kernel.migratetype import MIGRATE_CMA
from zonecma.kernel.offline import take_chunk_off_buddy
from zonecma.kernel.pageblock import get_pageblock_migratetype
from zonecma.kernel.state import IN_USE, NO_OBJECT, RESERVED, State
from zonecma.kernel.units import NO_PFN, Cpu, Order, Pfn, User
from zonecma.kernel.users import UNKNOWN_USER, prep_new_page
from zonecma.lab.repair import is_free
from zonecma.workload.requests import OBJECT, UNKNOWN_GFP, Load


@jit
def _may_live_at(s: State, pfn: Pfn, user: User) -> bool:
    """Whether a request of this class could have been served with this frame."""
    gfp, zone = s.gfp[user], s.frame[pfn].zone
    reachable = False
    for i in range(gfp.nr_zones):
        reachable |= gfp.zonelist[i] == zone
    in_cma = get_pageblock_migratetype(s, pfn) == MIGRATE_CMA
    return reachable and (not in_cma or gfp.fast_flags & ALLOC_CMA != 0)  # type: ignore[no-any-return]


@entry
def settle_used(s: State, objects: NDArray[Any]) -> None:
    """Objects that are where they were: note them.  One whose frame is not in use was never allocated."""
    for i in range(objects.size):
        pfn = Pfn(objects[i].pfn)
        in_use = s.frame[pfn].where != RESERVED and not is_free(s, pfn)
        if in_use and s.frame[pfn].object == NO_OBJECT:
            prep_new_page(s, pfn, Order(objects[i].order), User(objects[i].gfp))
            place_object(s, objects[i].object, pfn)


@entry
def note_users(s: State, objects: NDArray[Any]) -> None:
    """Note who lives where, as far as the trace told: a claimed pageblock is judged by that."""
    for i in range(objects.size):
        pfn, gfp = Pfn(objects[i].pfn), objects[i].gfp
        if gfp != UNKNOWN_GFP and s.frame[pfn].where == IN_USE and not is_free(s, pfn):
            prep_new_page(s, pfn, Order(objects[i].order), User(gfp))


@entry
def settle_moved(s: State, objects: NDArray[Any]) -> None:
    """Objects of an area that was moved: to their old frames, or to others; those without any are gone."""
    for i in range(objects.size):
        pfn, order, user = Pfn(objects[i].pfn), Order(objects[i].order), User(objects[i].gfp)
        if _may_live_at(s, pfn, user) and take_chunk_off_buddy(s, pfn, order):
            prep_new_page(s, pfn, order, user)
        else:
            pfn = alloc_pages(s, Cpu(0), user, order)
        if pfn != NO_PFN:
            place_object(s, objects[i].object, pfn)


@entry
def settle_orphans(s: State, area: int, first_object: int, user: User) -> int:
    """Used frames of an area that no object owns become objects, one each; how many there are."""
    found, pfn = 0, Pfn(s.cma[area].base_pfn)
    end, first_bit = pfn + s.cma[area].count, s.cma[area].first_bit
    while pfn < end:
        frame, size = s.frame[pfn], 1
        bit = first_bit + ((pfn - s.cma[area].base_pfn) >> s.cma[area].order_per_bit)
        if frame.where != IN_USE or frame.object != NO_OBJECT:
            size = 1 << frame.order
        elif not s.bitmap[bit]:
            prep_new_page(s, pfn, Order(0), user)
            place_object(s, first_object + found, pfn)
            found += 1
        pfn = Pfn(pfn + size)
    return found


@entry
def settle_buffers(s: State, frames: NDArray[np.int64]) -> None:
    """Frames of contiguous buffers in an area that was moved: they stay what they are."""
    for pfn in frames:
        take_chunk_off_buddy(s, Pfn(pfn), Order(0))
        prep_new_page(s, Pfn(pfn), Order(0), UNKNOWN_USER)


def settle(state: State, load: Load, used_before: dict[str, NDArray[np.int64]], movable_user: User) -> None:
    """Give every living object its place.

    ``used_before`` are the frames that were in use in areas that were moved.  Frames there
    that no known object owns count as movable single pages of ``movable_user``.
    """
    moved = np.concatenate([np.zeros(0, np.int64), *used_before.values()])
    buffers = moved[_is_buffer(state, moved)]
    settle_buffers(state, buffers)
    moved = np.setdiff1d(moved, buffers)
    living, known = load.living.copy(), np.isin(load.living["pfn"], moved)
    in_area = known | _in_areas(state, living["pfn"])
    living["gfp"][in_area & (living["gfp"] == UNKNOWN_GFP)] = movable_user  # else it would not be there
    settle_used(state, living[~known].view(np.recarray))
    objects = np.concatenate([living[known], _unknown_objects(load, moved, known, movable_user)])
    settle_moved(state, objects.view(np.recarray))
    if not used_before:
        next_object = load.nr_objects
        for area in range(len(state.cma)):
            next_object += settle_orphans(state, area, next_object, movable_user)


def _in_areas(state: State, frames: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which frames lie in an area."""
    inside = np.zeros(len(frames), np.bool_)
    for area in state.cma:
        inside |= (frames >= area.base_pfn) & (frames < area.base_pfn + area.count)
    return inside


def _is_buffer(state: State, frames: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which frames the areas' bitmaps say a CMA user holds."""
    held = np.zeros(len(frames), np.bool_)
    for area in state.cma:
        inside = (frames >= area.base_pfn) & (frames < area.base_pfn + area.count)
        bits = area.first_bit + ((frames[inside] - area.base_pfn) >> area.order_per_bit)
        held[inside] = state.bitmap[bits] != 0
    return held


def _unknown_objects(
    load: Load, moved: NDArray[np.int64], known: NDArray[np.bool_], movable_user: User
) -> NDArray[Any]:
    """New objects for frames that were in use by nobody knows whom."""
    owned = [np.arange(o["pfn"], o["pfn"] + (1 << int(o["order"]))) for o in load.living[known]]
    frames = np.setdiff1d(moved, np.concatenate([np.zeros(0, np.int64), *owned]))
    objects = np.zeros(len(frames), OBJECT)
    objects["pfn"], objects["gfp"] = frames, movable_user
    objects["object"] = load.nr_objects + np.arange(len(frames))
    return objects
