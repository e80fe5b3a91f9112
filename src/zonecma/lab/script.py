"""A recording's load made ready to be run: closed, as what programs did, or open, as what was asked."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from zonecma.lab.replay import Replay
from zonecma.lab.touched import touched_load_of
from zonecma.machine.machine import Machine
from zonecma.workload.contiguous import contiguous_calls
from zonecma.workload.long_pins import with_untold_pins
from zonecma.workload.objects import OBJECT_FACTS
from zonecma.workload.references import with_references
from zonecma.workload.requests import ALLOC, BULK, OF_THE_KERNEL, TOUCH, UNKNOWN_GFP, Load
from zonecma.workload.touched import TouchedLoad
from zonecma.workload.untold import with_untold_touches
from zonecma.workload.users import UserKind, user_kind


def script_of(replay: Replay, *, closed: bool) -> TouchedLoad:
    """What a run is to do between a recording's snapshots."""
    if not closed:
        return plain_load(replay.load)
    trace, machine = replay.trace, replay.machine
    load = with_untold_pins(touched_load_of(replay), trace.events, _in_area(machine))
    calls = contiguous_calls(trace, machine.nr_frames, machine.pageblock_order)
    return with_untold_touches(with_references(load, trace, calls.attempts))


def _in_area(machine: Machine) -> NDArray[np.bool_]:
    """bool[frames]: the areas."""
    inside = np.zeros(machine.nr_frames, np.bool_)
    for area in machine.areas:
        inside[area.base_pfn : area.base_pfn + area.count] = True
    return inside


def with_users(load: TouchedLoad, movable_user: int) -> TouchedLoad:
    """The load with a gfp class for all that reclaim may take: where nobody saw it allocated, it is movable.

    It may have to be brought back, and only pages of programs, files and block devices are.
    """
    requests, objects = load.requests.copy(), load.objects.copy()
    taken = objects["kind"] != UserKind.OTHER
    taken[requests["object"][requests["op"] == TOUCH]] = True
    objects["gfp"][taken & (objects["gfp"] == UNKNOWN_GFP)] = movable_user
    requests["gfp"][(requests["op"] == TOUCH) & (requests["gfp"] == UNKNOWN_GFP)] = movable_user
    return dataclasses.replace(load, requests=requests, objects=objects)


def same_file(load: TouchedLoad) -> NDArray[np.uint8]:
    """u1[requests]: 1 for an access to a page of the file that the request before it accessed."""
    files = np.where(
        np.isin(load.requests["op"], (ALLOC, TOUCH)), load.objects["file"][load.requests["object"]], -1
    )
    follows = np.zeros(len(files), np.uint8)
    follows[1:] = (files[1:] == files[:-1]) & (files[1:] >= 0)
    return follows


def plain_load(load: Load) -> TouchedLoad:
    """All that was asked, in the same terms: nothing is touched, and what reclaim freed is freed."""
    requests = load.requests[load.requests["origin"] & OF_THE_KERNEL == 0]
    objects = np.zeros(load.nr_objects, OBJECT_FACTS)
    objects["gfp"], objects["kind"], objects["file"] = UNKNOWN_GFP, UserKind.OTHER, -1
    kinds = np.array([user_kind(int(mask)) for mask in load.gfp_masks], np.uint8)
    for rows, numbers in _allocated(requests, load):
        objects["gfp"][numbers], objects["order"][numbers] = rows["gfp"], rows["order"]
        known = rows["gfp"] != UNKNOWN_GFP
        objects["kind"][numbers[known]] = kinds[rows["gfp"][known]]
    stalls = np.zeros(len(requests), np.int64)
    return TouchedLoad(requests, load.gfp_masks, load.living, objects, stalls, load.nr_objects, 0)


def _allocated(requests: NDArray[np.void], load: Load) -> list[tuple[NDArray[np.void], NDArray[np.int64]]]:
    """Rows with a gfp class and an order, and whose they are."""
    single, bulk = requests[requests["op"] == ALLOC], requests[requests["op"] == BULK]
    owners = np.repeat(bulk["object"], bulk["count"])
    within = np.arange(len(owners)) - np.repeat(np.cumsum(bulk["count"]) - bulk["count"], bulk["count"])
    return [
        (load.living, load.living["object"].astype(np.int64)),
        (single, single["object"].astype(np.int64)),
        (np.repeat(bulk, bulk["count"]), owners + within),
    ]
