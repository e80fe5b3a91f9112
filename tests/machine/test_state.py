"""Snapshots loaded into the model: sound, and just what they were."""

import numpy as np
import pytest

from tests.conftest import CAPTURES
from zonecma.capture.recording import Recording
from zonecma.kernel.contents import free_lists, pcp_lists
from zonecma.kernel.rules import NEWEST
from zonecma.kernel.validate import validate
from zonecma.machine.from_snapshot import machine_of
from zonecma.machine.state import bare_state, load_snapshot

NAMES = sorted(path.name for path in CAPTURES.iterdir() if path.name.endswith("6.12"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("moment", ["A", "B"])
def test_a_loaded_snapshot_is_sound_and_whole(name, moment):
    """The real kernel's state keeps every invariant that the model's must keep."""
    snapshot = Recording(CAPTURES / name).snapshot(moment)
    state = bare_state(machine_of(snapshot, NEWEST))
    load_snapshot(state, snapshot)
    validate(state)
    free, pcp = dict(free_lists(state)), dict(pcp_lists(state))
    for zone in snapshot.zones:
        for key, frames in zone.free.items():
            assert np.array_equal(free.pop((zone.index, *key)), frames)
        for lists in zone.pcp:
            assert state.pcp[zone.index, lists.cpu].count == lists.fields["count"]
            for pindex, frames in lists.lists.items():
                assert np.array_equal(pcp.pop((zone.index, lists.cpu, pindex)), frames)
    assert not free
    assert not pcp


def test_zones_of_x86_64():
    machine = machine_of(Recording(CAPTURES / "nocma-mix-6.12").snapshot("A"), NEWEST)
    assert [machine.home_zone(pfn) for pfn in (0xFFF, 0x1000, 0xFFFFF, 0x100000)] == [0, 1, 1, 2]


def test_an_area_that_was_not_activated_is_none():
    assert not machine_of(Recording(CAPTURES / "boot-straddle256-6.12").snapshot("A"), NEWEST).areas
