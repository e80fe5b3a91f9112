"""Objects that were alive before a run: each where it was, and none where the allocator says it is not."""

import numpy as np

from tests.machines import bare
from zonecma.kernel.buddy import free_one_page
from zonecma.kernel.jit import from_python
from zonecma.kernel.lists import HEAD
from zonecma.kernel.migratetype import MIGRATE_MOVABLE
from zonecma.kernel.state import NO_OBJECT
from zonecma.kernel.units import NO_PFN, Order, Pfn
from zonecma.kernel.validate import validate
from zonecma.kernel.zone import ZONE_NORMAL
from zonecma.lab.settle import settle_used
from zonecma.workload.requests import OBJECT

_free, _settle = from_python(free_one_page), from_python(settle_used)


def settled(*frames):
    """A machine with one free chunk, frames 0x1000 to 0x1007, after objects were put at these frames."""
    state = bare()
    _free(state, Pfn(0x1000), ZONE_NORMAL, Order(3), MIGRATE_MOVABLE, HEAD)
    objects = np.zeros(len(frames), OBJECT)
    objects["pfn"], objects["object"] = frames, range(len(frames))
    _settle(state, objects.view(np.recarray))
    return state


def test_an_object_stays_in_its_frame():
    state = settled(0x1008)
    assert (state.object_pfn[0], state.frame[0x1008].object) == (0x1008, 0)
    validate(state)


def test_an_object_whose_frame_is_free_is_not_there():
    state = settled(0x1000, 0x1003)  # the first frame of a free chunk, and one in its middle
    assert list(state.object_pfn[:2]) == [NO_PFN, NO_PFN]
    assert list(state.frame.object[0x1000:0x1008]) == [NO_OBJECT] * 8
