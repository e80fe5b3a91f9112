"""Which page went where: sources and targets of the migrations that a trace shows.

A mapped page leaves migration entries: set_migration_pte names its source frame,
remove_migration_pte its target, at the same address.  Other pages are told by order: targets
are allocated in the order in which the moved pages' old frames are freed (migrate_pages_batch).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonecma.kernel.gfp import Gfp
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.state import MAX_PAGE_ORDER
from zonecma.workload.lives import IN_USE, NOBODY, UNSEEN, Lives, inherit, is_frame, pages_of

_HARDWALL, _MOVABLE = int(Gfp.HARDWALL), int(Gfp.MOVABLE)

PAIR = np.dtype([("target", "i4"), ("source", "i4"), ("task", "u4")], align=True)
"""A target that a running migration holds, and the frame whose page it got; NOBODY: not known yet."""
ENTRY = np.dtype([("addr", "i8"), ("source", "i4"), ("task", "u4")], align=True)
"""A migration entry in somebody's page table."""
PAIRS, ENTRIES = 0, 1

# x86-64: a swap entry keeps its type in the top five bits, and below it the complement of its
# offset (arch/x86/include/asm/pgtable_64.h); a migration entry's offset is the frame, with flags above.
_TYPE_BITS, _OFFSET_SHIFT = np.uint64(5), np.uint64(14)
_PFN_MASK = np.uint64((1 << 34) - 1)
_PHYSICAL = (1 << 52) - 1
_PAGE_SHIFT = 12


class Migrations(NamedTuple):
    """The migrations that run."""

    running: NDArray[np.uint8]
    """u1[words]: 1 while this task is in migrate_pages"""
    pairs: NDArray[Any]
    """PAIR[]"""
    entries: NDArray[Any]
    """ENTRY[]"""
    used: NDArray[np.int64]
    """i8[2]: rows of each"""


def no_migrations(events: int, words: int) -> Migrations:
    """None is running; room for whatever ``events`` events start."""
    return Migrations(
        running=np.zeros(words, np.uint8),
        pairs=np.empty(events, PAIR).view(np.recarray),
        entries=np.empty(events, ENTRY).view(np.recarray),
        used=np.zeros(2, np.int64),
    )


@jit
def begin_migration(migrations: Migrations, task: int) -> None:
    """mm_migrate_pages_start."""
    end_migration(migrations, task)
    migrations.running[task] = 1


@jit
def end_migration(migrations: Migrations, task: int) -> None:
    """mm_migrate_pages: what was not paired by now never will be."""
    migrations.running[task] = 0
    for row in range(migrations.used[PAIRS] - 1, -1, -1):
        if migrations.pairs[row].task == task:
            _drop_pair(migrations, row)
    for row in range(migrations.used[ENTRIES] - 1, -1, -1):
        if migrations.entries[row].task == task:
            _drop_entry(migrations, row)


@jit
def _drop_pair(migrations: Migrations, row: int) -> None:
    """Forget a pair; the others keep their order."""
    migrations.used[PAIRS] -= 1
    for i in range(row, migrations.used[PAIRS]):
        one, following = migrations.pairs[i], migrations.pairs[i + 1]
        one.target, one.source, one.task = following.target, following.source, following.task


@jit
def _drop_entry(migrations: Migrations, row: int) -> None:
    """Forget an entry; the others keep their order."""
    migrations.used[ENTRIES] -= 1
    for i in range(row, migrations.used[ENTRIES]):
        one, following = migrations.entries[i], migrations.entries[i + 1]
        one.addr, one.source, one.task = following.addr, following.source, following.task


@jit
def _add_pair(migrations: Migrations, target: int, source: int, task: int) -> None:
    pair = migrations.pairs[migrations.used[PAIRS]]
    migrations.used[PAIRS] += 1
    pair.target, pair.source, pair.task = target, source, task


@jit
def page_allocated(migrations: Migrations, event: Any) -> None:
    """A target: within a migration only these are asked for as user memory (alloc_migration_target)."""
    if migrations.running[event.task] and event.gfp & _HARDWALL and event.pfn >= 0:
        _add_pair(migrations, event.pfn, NOBODY, event.task)


@primitive
def _source_of_entry(pte: int) -> int:
    """The frame that a migration entry names."""
    return np.int64(((~np.uint64(pte) << _TYPE_BITS) >> _OFFSET_SHIFT) & _PFN_MASK)  # type: ignore[return-value]


@jit
def entry_set(migrations: Migrations, event: Any) -> None:
    """set_migration_pte: a page table gave its page up."""
    if migrations.running[event.task]:
        entry = migrations.entries[migrations.used[ENTRIES]]
        migrations.used[ENTRIES] += 1
        entry.addr, entry.source, entry.task = event.a, _source_of_entry(event.b), event.task


@primitive
def target_of(event: Any) -> int:
    """The frame that a page table names after remove_migration_pte."""
    return (event.b & _PHYSICAL) >> _PAGE_SHIFT  # type: ignore[no-any-return]


@jit
def entry_removed(lives: Lives, migrations: Migrations, event: Any) -> None:
    """remove_migration_pte: it got a page again, its own where the migration failed."""
    target = target_of(event)
    if not 0 <= event.order <= MAX_PAGE_ORDER:
        return
    for row in range(migrations.used[ENTRIES]):
        entry = migrations.entries[row]
        if entry.addr == event.a and entry.task == event.task:
            source, pages = entry.source, pages_of(event)
            _drop_entry(migrations, row)
            if source != target and _are_frames(lives, source, pages) and _are_frames(lives, target, pages):
                _moved(lives, migrations, source, target, pages, event.task)
            return


@primitive
def _are_frames(lives: Lives, pfn: int, pages: int) -> bool:
    return is_frame(lives, pfn) and is_frame(lives, pfn + pages - 1)


@jit
def _moved(lives: Lives, migrations: Migrations, source: int, target: int, pages: int, task: int) -> None:
    """A page table shows it; a page that several map is seen several times."""
    for row in range(migrations.used[PAIRS]):
        pair = migrations.pairs[row]
        if pair.target == target and pair.task == task:
            if pair.source == NOBODY:
                pair.source = source
                inherit(lives, source, target, pages)
            return
    _add_pair(migrations, target, source, task)  # compaction's targets are not seen to be allocated
    inherit(lives, source, target, pages)


@jit
def moves_page(lives: Lives, migrations: Migrations, events: NDArray[Any], event: Any) -> bool:
    """Whether this free, by a task that migrates, is of a page's old frame: then the page lives on."""
    if not migrations.running[event.task]:
        return False
    unknown = NOBODY
    for row in range(migrations.used[PAIRS]):
        pair = migrations.pairs[row]
        if pair.task == event.task and (pair.target == event.pfn or pair.source == event.pfn):
            moved = pair.source == event.pfn
            _drop_pair(migrations, row)
            return moved  # type: ignore[no-any-return]  # if not: a target that is given back unused
        if pair.task == event.task and pair.source == NOBODY and unknown == NOBODY:
            unknown = row
    if unknown == NOBODY or not _can_move(lives, events, event.pfn):
        return False
    target, pages = migrations.pairs[unknown].target, pages_of(event)
    _drop_pair(migrations, unknown)
    if not _are_frames(lives, target, pages):
        return False
    inherit(lives, event.pfn, target, pages)
    return True


@jit
def _can_move(lives: Lives, events: NDArray[Any], pfn: int) -> bool:
    """Whether a page can be one that migration moves; interrupts free others meanwhile."""
    one = lives.frames[pfn]
    if one.held == UNSEEN:
        return True
    return one.held == IN_USE and events[one.since].gfp & _MOVABLE != 0  # type: ignore[no-any-return]
