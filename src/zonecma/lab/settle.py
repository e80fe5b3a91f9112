"""Before a run: the objects that are alive already, each in its place.

Where a placement has moved an area, memory is as its boot would have filled it: what may use an
area at all is allocated anew, in the order in which it was allocated first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.alloc import alloc_pages
from zonecma.kernel.free import free_pages
from zonecma.kernel.gfp import is_highuser_movable
from zonecma.kernel.jit import entry
from zonecma.kernel.offline import take_chunk_off_buddy
from zonecma.kernel.residence import place_object
from zonecma.kernel.state import IN_USE, NO_OBJECT, RESERVED, State
from zonecma.kernel.units import NO_PFN, Cpu, Order, Pfn, User
from zonecma.kernel.users import UNKNOWN_USER, prep_new_page
from zonecma.lab.repair import is_free
from zonecma.workload.requests import OBJECT, UNKNOWN_GFP


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
def settle_anew(s: State, objects: NDArray[Any]) -> None:
    """Objects that are allocated anew, after those of them that have frames gave them back.

    One that nothing is found for is gone.
    """
    for i in range(objects.size):
        pfn = Pfn(s.object_pfn[objects[i].object])
        if pfn != NO_PFN:
            s.object_pfn[objects[i].object] = NO_PFN
            free_pages(s, Cpu(0), pfn, Order(s.frame[pfn].order))
    for i in range(objects.size):
        pfn = alloc_pages(s, Cpu(0), User(objects[i].gfp), Order(objects[i].order))
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


def settle(
    state: State,
    living: NDArray[Any],
    masks: Iterable[int],
    used_before: dict[str, NDArray[np.int64]],
    first_object: int,
    movable_user: User,
) -> NDArray[np.int64]:
    """Give every living object its place; the objects, in the order of their arrival.

    ``living``: OBJECT[], in the order of allocation.  ``used_before``: frames that were in use in areas
    that were moved.  Frames there that no known object owns count as movable single pages of
    ``movable_user``, and become objects from ``first_object`` on.
    """
    moved = np.concatenate([np.zeros(0, np.int64), *used_before.values()])
    buffers = moved[_is_buffer(state, moved)]
    settle_buffers(state, buffers)
    moved = np.setdiff1d(moved, buffers)
    living, known = living.copy(), np.isin(living["pfn"], moved)
    in_area = known | _in_areas(state, living["pfn"])
    living["gfp"][in_area & (living["gfp"] == UNKNOWN_GFP)] = movable_user  # else it would not be there
    settle_used(state, living[~known].view(np.recarray))
    unknown = _unknown_objects(living[known], moved, first_object, movable_user)
    if used_before:
        anew = np.concatenate([unknown, living[known | _may_enter(living, masks)]])
        settle_anew(state, anew.view(np.recarray))
    else:
        unknown = _settle_all_orphans(state, first_object, movable_user)
    return np.concatenate([unknown["object"], living["object"]]).astype(np.int64)


def _settle_all_orphans(state: State, first_object: int, user: User) -> NDArray[Any]:
    """Objects for what lies in the areas and nobody knows."""
    found = 0
    for area in range(len(state.cma)):
        found += settle_orphans(state, area, first_object + found, user)
    objects = np.zeros(found, OBJECT)
    objects["object"] = first_object + np.arange(found)
    return objects


def _may_enter(living: NDArray[Any], masks: Iterable[int]) -> NDArray[np.bool_]:
    """Which objects were allocated with a mask that some placement lets into an area of its own."""
    enters = np.zeros(UNKNOWN_GFP + 1, np.bool_)
    for number, mask in enumerate(masks):
        enters[number] = is_highuser_movable(int(mask))
    may_enter: NDArray[np.bool_] = enters[living["gfp"]]
    return may_enter


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
    known: NDArray[Any], moved: NDArray[np.int64], first_object: int, movable_user: User
) -> NDArray[Any]:
    """New objects for frames that were in use by nobody knows whom."""
    owned = [np.arange(o["pfn"], o["pfn"] + (1 << int(o["order"]))) for o in known]
    frames = np.setdiff1d(moved, np.concatenate([np.zeros(0, np.int64), *owned]))
    objects = np.zeros(len(frames), OBJECT)
    objects["pfn"], objects["gfp"] = frames, movable_user
    objects["object"] = first_object + np.arange(len(frames))
    return objects
