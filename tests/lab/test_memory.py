"""What a Memory is told of a load's objects."""

import numpy as np

from tests.machines import booted
from zonecma.lab.memory import describe_objects, empty_memory
from zonecma.workload.objects import OBJECT_FACTS, OF_JOURNAL
from zonecma.workload.requests import DIRTY, REQUEST
from zonecma.workload.touched import TouchedLoad
from zonecma.workload.users import UserKind


def journaled(kinds, tells, dirtied=()):
    """Of some objects: which a transaction holds from the start (JOURNALED_FROM_START)."""
    objects = np.zeros(len(kinds), OBJECT_FACTS)
    objects["kind"], objects["tells"] = kinds, tells
    requests = np.zeros(len(dirtied), REQUEST)
    requests["op"], requests["object"] = DIRTY, dirtied
    script = TouchedLoad(requests, np.zeros(1, np.uint32), np.zeros(0), objects, np.zeros(0), len(kinds), 0)
    memory = empty_memory(booted(16, 4), len(kinds))
    describe_objects(memory, script)
    return memory.page.journaled[: len(kinds)].tolist()


BUFFER, FILE = UserKind.BLOCKDEV, UserKind.FILE


def test_all_metadata_is_changed_where_nothing_tells_what_is():
    assert journaled([BUFFER, FILE, BUFFER], [0, 0, 0]) == [2, 0, 2]
    assert journaled([BUFFER, FILE, BUFFER], [0, 0, 0], dirtied=[1]) == [2, 0, 2]


def test_only_metadata_that_becomes_dirty_is_changed_where_something_tells():
    assert journaled([BUFFER, FILE, BUFFER], [0, 0, 0], dirtied=[1, 2]) == [0, 0, 2]


def test_the_journals_own_blocks_are_changed_by_no_transaction():
    assert journaled([BUFFER, BUFFER], [OF_JOURNAL, 0]) == [0, 2]
