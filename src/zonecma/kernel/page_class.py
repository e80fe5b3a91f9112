"""What a used frame is, to who wants it free: one class for all that has to happen before it can move."""

from __future__ import annotations

from enum import IntEnum

from zonecma.kernel.bonds import DIRECT_IO, PAGE_LOCK, PIN, REFERENCE, is_bound
from zonecma.kernel.buffer_heads import is_on_bh_lru
from zonecma.kernel.checkpoint import is_in_journal
from zonecma.kernel.jit import jit
from zonecma.kernel.lru_batch import is_on_batch
from zonecma.kernel.memory import (
    ANONYMOUS,
    BLOCKDEV,
    DIRTY,
    FILE,
    READ_AND_WRITTEN,
    SHARED,
    WRITEBACK,
    Memory,
)
from zonecma.kernel.migratetype import MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE
from zonecma.kernel.state import State


class PageClass(IntEnum):
    """What a frame in use holds, and what keeps it there."""

    ANONYMOUS = 0
    TMPFS = 1
    HUGE = 2
    """a compound page"""
    FILE = 3
    """clean page cache of a file that programs read"""
    FILE_MAPPED = 4
    """clean, and faulted in by programs that map it"""
    FILE_DIRTY = 5
    BUFFER = 6
    """clean page cache of a block device"""
    BUFFER_DIRTY = 7
    BUFFER_HEAD = 8
    """a CPU looked its buffer up a short while ago"""
    JOURNAL = 9
    """a transaction, or its checkpoint, has it"""
    WRITEBACK = 10
    LOCKED = 11
    """it is being read"""
    DIRECT_IO = 12
    PINNED = 13
    """for long"""
    REFERENCED = 14
    """somebody holds a plain reference"""
    LRU_BATCH = 15
    """it waits for its LRU list"""
    SLAB = 16
    KERNEL = 17
    """page tables, stacks and whatever else cannot move"""
    FREE = 18
    """free, on a per-cpu list or in a block that could not be isolated"""
    UNKNOWN = 19


NR_CLASSES = len(PageClass)

_ANONYMOUS, _TMPFS, _HUGE = int(PageClass.ANONYMOUS), int(PageClass.TMPFS), int(PageClass.HUGE)
_FILE, _MAPPED, _DIRTY = int(PageClass.FILE), int(PageClass.FILE_MAPPED), int(PageClass.FILE_DIRTY)
_BUFFER, _BUFFER_DIRTY = int(PageClass.BUFFER), int(PageClass.BUFFER_DIRTY)
_BUFFER_HEAD, _JOURNAL = int(PageClass.BUFFER_HEAD), int(PageClass.JOURNAL)
_WRITEBACK, _LOCKED, _BATCH = int(PageClass.WRITEBACK), int(PageClass.LOCKED), int(PageClass.LRU_BATCH)
_DIRECT, _PINNED, _REFERENCED = int(PageClass.DIRECT_IO), int(PageClass.PINNED), int(PageClass.REFERENCED)
_SLAB, _KERNEL, _UNKNOWN = int(PageClass.SLAB), int(PageClass.KERNEL), int(PageClass.UNKNOWN)


@jit
def _class_by_bond(m: Memory, obj: int) -> int:
    """The class of a page that a bond holds now; UNKNOWN where none does."""
    bond = m.page[obj].bond
    if not is_bound(m, obj):
        return _UNKNOWN
    if bond == PAGE_LOCK:
        return _LOCKED
    if bond == DIRECT_IO:
        return _DIRECT
    if bond == PIN:
        return _PINNED
    return _REFERENCED if bond == REFERENCE else _UNKNOWN


@jit
def _class_by_kind(m: Memory, obj: int) -> int:
    """The class of a page that nothing holds."""
    page = m.page[obj]
    dirty = page.page_flags & DIRTY != 0
    if page.kind == BLOCKDEV:
        return _BUFFER_DIRTY if dirty else _BUFFER
    if page.kind == FILE:
        return _DIRTY if dirty else (_FILE if page.mapped == READ_AND_WRITTEN else _MAPPED)
    if page.kind == ANONYMOUS:
        return _HUGE if page.order > 0 else (_TMPFS if page.mapped == SHARED else _ANONYMOUS)
    return _UNKNOWN


@jit
def class_of_object(s: State, m: Memory, obj: int) -> int:
    """The PageClass of an object in memory: what has to end first before it can move."""
    migratetype = s.gfp[s.frame[s.object_pfn[obj]].user].migratetype
    if migratetype != MIGRATE_MOVABLE:
        return _SLAB if migratetype == MIGRATE_RECLAIMABLE else _KERNEL
    bound = _class_by_bond(m, obj)
    if bound != _UNKNOWN:
        return bound
    if is_in_journal(m, obj):
        return _JOURNAL
    if m.page[obj].page_flags & WRITEBACK:
        return _WRITEBACK
    if m.page[obj].kind == BLOCKDEV and is_on_bh_lru(m, obj):
        return _BUFFER_HEAD
    return _BATCH if is_on_batch(m, obj) else _class_by_kind(m, obj)
