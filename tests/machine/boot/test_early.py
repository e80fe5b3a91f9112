"""What is allocated before tracing begins: requests of a snapshot, frames of the model."""

import dataclasses

import numpy as np
import pytest

from tests.conftest import CAPTURES
from tests.machine.boot.boards import board_of
from zonecma.capture.recording import Recording
from zonecma.errors import InputError
from zonecma.kernel.rules import NEWEST
from zonecma.kernel.validate import validate
from zonecma.kernel.zone import ZONE_DMA32
from zonecma.machine.architecture import GIB
from zonecma.machine.boot.early import allocate_before_tracing
from zonecma.machine.boot.mem_init import mem_init
from zonecma.machine.boot.memmap import free_area_init
from zonecma.machine.boot.progress import Given
from zonecma.machine.boot.sequence import start
from zonecma.placement import HalfFree


@pytest.fixture(scope="module")
def snapshot():
    """A recorded allocator when tracing began: 1 GiB, no area."""
    return Recording(CAPTURES / "boot-nocma-6.12").snapshot("E")


def filled(snapshot, end=None):
    """A board like that of the snapshot, with nothing reserved; it may end elsewhere."""
    zones = {zone.index: zone for zone in snapshot.zones}
    last = zones[ZONE_DMA32].end_pfn << 12
    boot = start(board_of((0x1000, end or last)), NEWEST, HalfFree(), ())
    free_area_init(boot)
    mem_init(boot, Given())
    return boot


def test_as_many_frames_are_taken_as_the_snapshot_lacks(snapshot):
    boot = filled(snapshot)
    free = {int(one): int(boot.nodes[0].zone[one].nr_free_pages) for one in (0, 1)}
    recorded = {
        int(zone.index): sum(len(frames) << order for (order, _), frames in zone.free.items())
        for zone in snapshot.zones
    }
    served = allocate_before_tracing(boot, snapshot)
    validate(boot.nodes[0])
    left = {int(one): int(boot.nodes[0].zone[one].nr_free_pages) for one in (0, 1)}
    assert sum(free.values()) - sum(left.values()) == served
    assert left == {one: recorded[one] for one in (0, 1)}
    assert boot.managed_when_traced[0, ZONE_DMA32] == boot.nodes[0].zone[ZONE_DMA32].managed
    assert boot.lists_when_traced


def test_a_snapshot_that_has_all_free_asks_for_nothing(snapshot):
    boot = filled(snapshot)
    zones = tuple(
        dataclasses.replace(zone, free={(0, 1): np.arange(zone.start_pfn, zone.end_pfn)})
        for zone in snapshot.zones
    )
    assert allocate_before_tracing(boot, dataclasses.replace(snapshot, zones=zones)) == 0


def test_a_snapshot_of_a_smaller_machine(snapshot):
    with pytest.raises(InputError, match=r"zone DMA32 at frames 4096 to .* expected files of one boot"):
        allocate_before_tracing(filled(snapshot, 2 * GIB), snapshot)
