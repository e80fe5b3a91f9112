"""A recorded machine with an area of another size: it ends where the recorded one ends."""

from __future__ import annotations

import dataclasses

from zonecma.errors import InputError
from zonecma.kernel.units import Pfn
from zonecma.lab.replay import Replay
from zonecma.machine.machine import Area


def only_area(replay: Replay) -> tuple[Area, int]:
    """The machine's area, and the frames of its zone below its end; InputError where there are several."""
    machine = replay.machine
    if len(machine.areas) != 1:
        raise InputError(
            f"{replay.name}: has {len(machine.areas)} areas; another size needs a recording with one"
        )
    (area,) = machine.areas
    home = next(zone for zone in machine.zones if zone.index == machine.home_zone(area.base_pfn))
    return area, area.end_pfn - home.start_pfn


def resized(replay: Replay, pages: int) -> Replay:
    """The same recording on a machine whose only area has ``pages`` frames.

    Raises InputError for several areas, or a size that is no multiple of a pageblock or does not fit
    into the zone below the area's end.
    """
    machine, block_kib = replay.machine, (1 << replay.machine.pageblock_order) * replay.machine.page_kib
    area, room = only_area(replay)
    if pages <= 0 or pages % (1 << machine.pageblock_order) or pages >= room:
        raise InputError(
            f"--cma: {pages * machine.page_kib} KiB; expected a multiple of {block_kib} KiB below"
            f" {room * machine.page_kib >> 10} MiB"
        )
    other = dataclasses.replace(area, base_pfn=Pfn(area.end_pfn - pages), count=pages)
    return dataclasses.replace(
        replay, machine=dataclasses.replace(machine, areas=(other,), former_areas=machine.areas)
    )
