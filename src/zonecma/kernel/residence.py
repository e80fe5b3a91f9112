"""Which frames an object lives in, and how many frames of the areas are lived in."""

from __future__ import annotations

from zonecma.kernel.chunk import chunk_pages
from zonecma.kernel.free import free_pages
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.memory import Memory
from zonecma.kernel.notes import note_free_to_go
from zonecma.kernel.pageblock import pageblock_of
from zonecma.kernel.state import State
from zonecma.kernel.units import NO_PFN, Cpu, Pfn


@jit
def place_object(s: State, object_id: int, pfn: Pfn) -> None:
    """Note where an object lives."""
    s.object_pfn[object_id] = pfn
    s.frame[pfn].object = object_id


@primitive
def count_in_area(s: State, m: Memory, obj: int, pfn: Pfn, sign: int) -> None:
    """Count an object that enters its frames (1), or leaves them (-1), where an area lies."""
    if m.in_area[pageblock_of(s, pfn)]:
        m.used[m.page[obj].kind] += sign * chunk_pages(s, pfn)


@jit
def enter_frames(s: State, m: Memory, obj: int, pfn: Pfn) -> None:
    """An object's frames are these from now on."""
    place_object(s, obj, pfn)
    count_in_area(s, m, obj, pfn, 1)


@jit
def leave_frames(s: State, m: Memory, cpu: Cpu, obj: int) -> None:
    """An object leaves its frames, and they are freed."""
    pfn = Pfn(s.object_pfn[obj])
    count_in_area(s, m, obj, pfn, -1)
    note_free_to_go(m, obj)
    s.object_pfn[obj] = NO_PFN
    free_pages(s, cpu, pfn, s.frame[pfn].order)
