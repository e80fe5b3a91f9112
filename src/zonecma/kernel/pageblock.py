"""Pageblocks and their migratetype (``pageblock-flags.h``, SPARSEMEM: indexed by pfn alone)."""

from __future__ import annotations

from zonecma.kernel.jit import primitive
from zonecma.kernel.migratetype import MIGRATE_CMA, MIGRATE_MOVABLE
from zonecma.kernel.state import State
from zonecma.kernel.units import Migratetype, Order, Pageblock, Pfn


@primitive
def pageblock_of(s: State, pfn: Pfn) -> Pageblock:
    """The pageblock that holds this frame."""
    return Pageblock(pfn >> s.config[0].pageblock_order)


@primitive
def pageblock_nr_pages(s: State) -> int:
    """Frames of a pageblock."""
    return 1 << s.config[0].pageblock_order  # type: ignore[no-any-return]


@primitive
def pageblock_start_pfn(s: State, pfn: Pfn) -> Pfn:
    """First frame of the pageblock that holds this one."""
    return Pfn(pfn & -pageblock_nr_pages(s))


@primitive
def get_pageblock_migratetype(s: State, pfn: Pfn) -> Migratetype:
    """Type of the pageblock that holds this frame."""
    return Migratetype(s.block[pageblock_of(s, pfn)])


@primitive
def is_movable_block(s: State, pfn: Pfn) -> bool:
    """Whether the pageblock that holds this frame is there for pages that can move (is_migrate_movable)."""
    migratetype = get_pageblock_migratetype(s, pfn)
    return migratetype == MIGRATE_MOVABLE or migratetype == MIGRATE_CMA


@primitive
def set_pageblock_migratetype(s: State, pfn: Pfn, migratetype: Migratetype) -> None:
    """Change the type of the pageblock that holds this frame."""
    s.block[pageblock_of(s, pfn)] = migratetype


@primitive
def change_pageblock_range(s: State, pfn: Pfn, order: Order, migratetype: Migratetype) -> None:
    """Change the type of every pageblock of a chunk of at least a pageblock."""
    first = pageblock_of(s, pfn)
    for block in range(first, first + (1 << (order - s.config[0].pageblock_order))):
        s.block[block] = migratetype
