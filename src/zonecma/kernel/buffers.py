"""Whether the buffers of a block-device page let it go (fs/buffer.c, fs/block_dev.c)."""

from __future__ import annotations

from zonecma.kernel.buffer_heads import is_on_bh_lru
from zonecma.kernel.checkpoint import is_held_by_journal, is_in_journal
from zonecma.kernel.features import MIGRATES_BUFFERS, has
from zonecma.kernel.jit import jit
from zonecma.kernel.memory import BLOCKDEV, Memory
from zonecma.kernel.state import State


@jit
def are_buffers_busy(s: State, m: Memory, obj: int) -> bool:
    """Whether somebody has a reference to a page's buffers, so that it can't be moved.

    Since 5.0 any reference counts (buffer_migrate_page_norefs).  Before, the buffers are released
    first, which makes the journal look whether it still needs them (try_to_release_page).
    """
    if m.page[obj].kind != BLOCKDEV:
        return False
    held = is_in_journal(m, obj) if has(s, MIGRATES_BUFFERS) else is_held_by_journal(m, obj)
    return held or is_on_bh_lru(m, obj)
