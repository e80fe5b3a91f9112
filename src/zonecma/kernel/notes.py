"""Notes of what was in the way of contiguous calls, and of when it was free to go."""

from __future__ import annotations

from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.memory import Memory

NOT_KNOWN = -1
AN_ENDING = -1


@primitive
def next_note(m: Memory) -> int:
    """Where the next note goes; -1 when there is no room for it."""
    vm = m.vm[0]
    vm.nr_noted += 1
    return vm.nr_noted - 1 if vm.nr_noted <= m.notes.size else -1  # type: ignore[no-any-return]


@jit
def note_free_to_go(m: Memory, obj: int) -> None:
    """A page that was in the way left its frame, or nothing binds it any more."""
    if not m.page[obj].blocked:
        return
    m.page[obj].blocked = 0
    row = next_note(m)
    if row >= 0:
        note = m.notes[row]
        note.time, note.object, note.start = m.vm[0].now, obj, AN_ENDING
