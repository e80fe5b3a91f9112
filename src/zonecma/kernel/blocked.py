"""Noting what was in the way when a contiguous range could not be had."""

from __future__ import annotations

from zonecma.kernel.bonds import FOREVER, is_bound
from zonecma.kernel.isolation import first_busy_pfn
from zonecma.kernel.jit import jit
from zonecma.kernel.memory import Memory
from zonecma.kernel.move import head_of_object
from zonecma.kernel.notes import NOT_KNOWN, next_note
from zonecma.kernel.page_class import PageClass, class_of_object
from zonecma.kernel.state import IN_USE, NO_OBJECT, State
from zonecma.kernel.units import NO_PFN, Pfn

_FREE, _UNKNOWN = int(PageClass.FREE), int(PageClass.UNKNOWN)


@jit
def _note_object(s: State, m: Memory, row: int, obj: int) -> None:
    """Who lives in the frame, and what keeps it there for how long."""
    note, page = m.notes[row], m.page[obj]
    note.object, note.page_class = obj, class_of_object(s, m, obj)
    note.since, note.by, note.gfp = page.since, page.by, page.gfp
    if is_bound(m, obj) and page.bound_until != FOREVER:
        note.until = page.bound_until
    page.blocked = 1


@jit
def note_blocked(s: State, m: Memory, start: Pfn, end: Pfn) -> None:
    """A range was tried in vain: the first frame that is not free, as test_pages_isolated() finds it."""
    row, pfn = next_note(m), first_busy_pfn(s, start, end)
    if row < 0:
        return
    note = m.notes[row]
    note.time, note.call, note.start, note.pages = m.vm[0].now, m.vm[0].call, start, end - start
    note.pfn, note.object, note.until, note.page_class = pfn, NO_OBJECT, NOT_KNOWN, _FREE
    if pfn >= end or s.frame[pfn].where != IN_USE:
        return
    head = head_of_object(s, pfn)
    note.page_class = _UNKNOWN
    if head != NO_PFN:
        _note_object(s, m, row, s.frame[head].object)
