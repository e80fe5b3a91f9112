"""Which page of which file an event names."""

import numpy as np

from tests.traces import FAULT, alloc, free, trace_of
from tests.workload.touching import cached, dirtied, swapin, uncached
from zonecma.workload.identity import SWAPPED_IN, identities
from zonecma.workload.lives import NOBODY


def names_of(*events):
    return identities(trace_of(*events).events, 0x50000)


def test_a_page_is_told_by_device_inode_and_offset():
    names = names_of(
        cached("a-1", 0x1),
        uncached("b-2", 0x2),
        cached("a-1", 0x1, index=1),
        cached("a-1", 0x1, ino=0xD),
        cached("a-1", 0x1, dev="254:16"),
    )
    assert names.page[0] == names.page[1]
    assert len(set(names.page.tolist())) == 4
    assert names.inode.tolist() == [0, 0, 0, 1, 2]


def test_folios_of_different_sizes_are_different_pages():
    page = cached("a-1", 0x4)
    names = names_of(page, page.replace("order=0", "order=2"))
    assert names.page[0] != names.page[1]
    assert names.place[0] == names.place[1]


def test_what_is_made_dirty_has_a_place_and_no_device():
    names = names_of(cached("a-1", 0x1, index=3), dirtied("a-1", index=3), dirtied("a-1", index=4))
    assert names.place[0] == names.place[1] != names.place[2]
    assert names.page[1:].tolist() == names.inode[1:].tolist() == [NOBODY, NOBODY]


def test_an_allocation_is_for_what_comes_next_in_its_frame():
    names = names_of(
        alloc("a-1", 0x1, FAULT),
        alloc("a-1", 0x2, FAULT),
        alloc("a-1", 0x3, FAULT),
        cached("a-1", 0x1),
        swapin("a-1", 0x2),
        free("a-1", 0x3),
        cached("a-1", 0x3),
    )
    assert names.coming.tolist() == [names.page[3], SWAPPED_IN, *[NOBODY] * 5]


def test_a_block_devices_inode_is_numbered_as_the_device():
    names = names_of(
        cached("a-1", 0x1, ino=254 << 20, dev="0:3"),
        cached("a-1", 0x1, ino=254 << 20, dev="254:0"),
        cached("a-1", 0x1, ino=0xC, dev="0:1"),
    )
    assert names.is_buffer[names.inode].tolist() == [1, 0, 0]


def test_a_trace_without_files():
    names = names_of(alloc("a-1", 0x1, FAULT), cached("a-1", 0x7FFFFFFF))
    assert (names.coming == NOBODY).all()
    none = names_of(alloc("a-1", 0x1, FAULT))
    assert len(none.is_buffer) == 0
    assert np.concatenate([none.page, none.place, none.inode]).tolist() == [NOBODY] * 3
