"""The objects of a load that touches: what each is, and where it lies.

An object is what somebody asked for: a page of a file, a program's page, a chunk of the kernel's own.
It stays the same where migration moves it, and where reclaim drops it and a program brings it back.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.state import MAX_PAGE_ORDER
from zonecma.workload.identity import Identities
from zonecma.workload.lives import IN_USE, NOBODY, UNSEEN, Lives, no_lives
from zonecma.workload.requests import UNKNOWN_GFP
from zonecma.workload.users import UserKind

OBJECT_FACTS = np.dtype(
    [
        ("file", "i4"),  # number of its inode; NOBODY
        ("task", "u4"),  # who allocated it, or first showed that it is there: index into Trace.texts
        ("gfp", "u1"),  # index into the gfp masks; UNKNOWN_GFP
        ("order", "u1"),
        ("kind", "u1"),  # UserKind
        ("tells", "u1"),  # KIND_SEEN, OF_JOURNAL, MOVED
    ],
    align=True,
)
"""What an object is: 12 bytes."""

KIND_SEEN = 1
"""OBJECT_FACTS.tells: the LRU lists, the page cache or swap told the kind, not the gfp mask alone"""
OF_JOURNAL = 2
"""OBJECT_FACTS.tells: the journal's own task asked for it, to write a transaction's blocks"""
MOVED = 4
"""OBJECT_FACTS.tells: a migration moved it, so that nobody held it then"""

# LIFE.state
NOT_YET = 0
"""no object: a contiguous call, which is numbered with them"""
IN_MEMORY = 1
EVICTED = 2
"""the kernel took it out of memory"""
FREED = 3

LIFE = np.dtype(
    [
        ("page", "i4"),  # which page of which file it is; NOBODY
        ("left", "i4"),  # frames that are still its own
        ("evicted", "i4"),  # event that evicted it
        ("state", "u1"),
        ("swapped", "u1"),  # 1 once it was written to swap
    ],
    align=True,
)
"""What becomes of an object."""

_ANONYMOUS, _FILE = int(UserKind.ANONYMOUS), int(UserKind.FILE)
BLOCKDEV, OTHER = int(UserKind.BLOCKDEV), int(UserKind.OTHER)


class Objects(NamedTuple):
    """All objects, in the order of their allocation."""

    lives: Lives
    """the frames, by the event since which something is there"""
    brought: NDArray[np.int32]
    """i4[events]: the object that each event brought into its frame; NOBODY: the kernel's own"""
    facts: NDArray[Any]
    """OBJECT_FACTS[]"""
    life: NDArray[Any]
    """LIFE[]"""
    of_page: NDArray[np.int32]
    """i4[pages]: the object that is, or was, this page of a file"""
    of_place: NDArray[np.int32]
    """i4[places]: the object that last came to this place of a file"""
    found: NDArray[np.int32]
    """i4[, 2]: objects whose allocation was not seen, and their frames"""
    used: NDArray[np.int64]
    """i8[2]: how many there are, and how many of them were found"""


NR_OBJECTS, NR_FOUND = 0, 1


def no_objects(events: int, objects: int, names: Identities, nr_frames: int, pageblock_order: int) -> Objects:
    """None is known; room for ``objects``."""
    return Objects(
        lives=no_lives(nr_frames, pageblock_order),
        brought=np.full(events, NOBODY, np.int32),
        facts=np.empty(objects, OBJECT_FACTS).view(np.recarray),
        life=np.empty(objects, LIFE).view(np.recarray),
        of_page=np.full(int(names.page.max(initial=NOBODY)) + 1, NOBODY, np.int32),
        of_place=np.full(int(names.place.max(initial=NOBODY)) + 1, NOBODY, np.int32),
        found=np.empty((events, 2), np.int32),
        used=np.zeros(2, np.int64),
    )


@jit
def new_object(objects: Objects, task: int, gfp: int, order: int, kind: int, state: int) -> int:
    """One more object; returns its number."""
    number = objects.used[NR_OBJECTS]
    objects.used[NR_OBJECTS] += 1
    one, life = objects.facts[number], objects.life[number]
    one.file, one.task, one.gfp, one.order, one.kind, one.tells = NOBODY, task, gfp, order, kind, 0
    life.page = life.evicted = NOBODY
    life.left, life.state, life.swapped = 1 << np.int64(order), state, 0
    return number  # type: ignore[no-any-return]


@jit
def object_at(objects: Objects, pfn: int) -> int:
    """The object that lies in a frame; NOBODY."""
    one = objects.lives.frames[pfn]
    if one.since == NOBODY or (one.held != IN_USE and one.held != UNSEEN):
        return NOBODY
    number = objects.brought[one.since]
    return number if number != NOBODY and objects.life[number].state == IN_MEMORY else NOBODY


@jit
def lies_at(objects: Objects, number: int, pfn: int, order: int, i: int) -> None:
    """An object is in a frame, and has been there before, as event ``i`` shows."""
    objects.brought[i] = number
    life = objects.life[number]
    life.state, life.left = IN_MEMORY, 1 << np.int64(order)
    for frame in range(pfn, min(pfn + life.left, objects.lives.frames.size)):
        objects.lives.frames[frame].since, objects.lives.frames[frame].held = i, UNSEEN


@jit
def find(objects: Objects, task: int, pfn: int, order: int, i: int) -> int:
    """The object in a frame, also one of which event ``i`` tells first; NOBODY."""
    one = objects.lives.frames[pfn]
    if one.since != NOBODY or one.held != UNSEEN:
        return object_at(objects, pfn)
    number = new_object(objects, task, UNKNOWN_GFP, order, OTHER, IN_MEMORY)
    row = objects.used[NR_FOUND]
    objects.used[NR_FOUND] += 1
    objects.found[row, 0], objects.found[row, 1] = number, pfn
    lies_at(objects, number, pfn, order, i)
    return number  # type: ignore[no-any-return]


@primitive
def cached_order(event: Any) -> int:
    """The order of a page in the page cache, which older kernels do not tell."""
    return event.order if 0 < event.order <= MAX_PAGE_ORDER else 0


@primitive
def tell_kind(objects: Objects, number: int, kind: int) -> None:
    """It was seen what kind an object is of."""
    one = objects.facts[number]
    one.kind, one.tells = kind, one.tells | KIND_SEEN


@primitive
def is_anonymous(objects: Objects, number: int) -> None:
    """An object is a program's page, or one of tmpfs."""
    tell_kind(objects, number, _ANONYMOUS)


@jit
def is_of_file(objects: Objects, number: int) -> None:
    """An object is in the page cache; buffers, too, lie on the LRU lists of files."""
    if objects.facts[number].kind != BLOCKDEV:
        tell_kind(objects, number, _FILE)


@jit
def is_page(objects: Objects, names: Identities, number: int, i: int) -> None:
    """An object is the page of a file that event ``i`` names."""
    inode = names.inode[i]
    objects.facts[number].file, objects.life[number].page = inode, names.page[i]
    objects.of_page[names.page[i]] = objects.of_place[names.place[i]] = number
    tell_kind(objects, number, BLOCKDEV if names.is_buffer[inode] else _FILE)
