"""Each CPU's cache of the buffers that it looked up last: they hold references (bh_lrus, fs/buffer.c)."""

from __future__ import annotations

from zonecma.kernel.checkpoint import is_in_journal
from zonecma.kernel.jit import jit
from zonecma.kernel.memory import Memory
from zonecma.kernel.notes import note_free_to_go

BH_LRU_SIZE = 16
"""Since 3.19; a page is taken to hold one buffer."""
_NOBODY = -1


@jit
def look_up(m: Memory, cpu: int, obj: int) -> None:
    """A buffer is looked up: it is its CPU's first (lookup_bh_lru, bh_lru_install)."""
    buffers, last = m.buffer_heads[cpu], 0
    while last < BH_LRU_SIZE - 1 and buffers[last] != obj:
        last += 1
    gone = buffers[last]
    for place in range(last, 0, -1):
        buffers[place] = buffers[place - 1]
    buffers[0] = obj
    if gone != obj and gone != _NOBODY and not is_in_journal(m, gone):
        note_free_to_go(m, gone)


@jit
def is_on_bh_lru(m: Memory, obj: int) -> bool:
    """Whether some CPU's cache has a page's buffer (has_bh_in_lru)."""
    for cpu in range(m.buffer_heads.shape[0]):
        for place in range(BH_LRU_SIZE):
            if m.buffer_heads[cpu, place] == obj:
                return True
    return False


@jit
def invalidate_bh_lrus(m: Memory) -> None:
    """All CPUs forget their buffers (invalidate_bh_lrus)."""
    m.buffer_heads[:] = _NOBODY
