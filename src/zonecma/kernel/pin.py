"""Pinning a program's page for long (FOLL_LONGTERM, mm/gup.c, 6.12 and 4.7)."""

from __future__ import annotations

from zonecma.kernel.bonds import PIN, bind
from zonecma.kernel.durations import draw_duration
from zonecma.kernel.features import MOVES_BEFORE_PINNING, has
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.memory import IN_MEMORY, LONG_PIN, Memory
from zonecma.kernel.migrate import unmap_and_move
from zonecma.kernel.move import OK
from zonecma.kernel.pageblock import pageblock_of
from zonecma.kernel.state import State
from zonecma.kernel.units import Cpu, Pfn, User

_TRIES = 10
"""As often as migrate_pages() tries."""


@primitive
def _is_pinnable(s: State, m: Memory, obj: int) -> bool:
    """Whether a page may stay where it is while it is pinned: outside areas (folio_is_longterm_pinnable)."""
    return not m.in_area[pageblock_of(s, Pfn(s.object_pfn[obj]))]


@jit
def pin_user_page(s: State, m: Memory, cpu: Cpu, obj: int, target_user: User) -> bool:
    """Pin a page that is in memory; since 5.1 it leaves an area first, and is not pinned if it can't.

    Its target is asked for as gfp class ``target_user`` (migrate_longterm_unpinnable_folios).
    """
    if m.page[obj].where != IN_MEMORY:
        return False
    if has(s, MOVES_BEFORE_PINNING) and not _is_pinnable(s, m, obj):
        error = unmap_and_move(s, m, cpu, obj, target_user, True, _TRIES)
        if error != OK or m.page[obj].where != IN_MEMORY or not _is_pinnable(s, m, obj):
            return False
    bind(m, obj, PIN, m.vm[0].now + draw_duration(m, LONG_PIN))
    return True
