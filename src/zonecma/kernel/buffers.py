"""Whether the buffers of a block-device page let it go (fs/buffer.c, fs/block_dev.c)."""

from __future__ import annotations

from zonecma.kernel.buffer_heads import invalidate_bh_lrus, is_on_bh_lru
from zonecma.kernel.checkpoint import is_held_by_journal, is_in_journal
from zonecma.kernel.features import MIGRATES_BUFFERS, has
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.memory import BLOCKDEV, DIRTY, Memory
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


@jit
def stays_for_buffers(s: State, m: Memory, obj: int) -> bool:
    """Whether a page's buffers keep it where it is; asked when it is about to move.

    Since 5.0 the CPUs then forget theirs, and what is busy still counts (buffer_migrate_folio_norefs).
    """
    if not are_buffers_busy(s, m, obj):
        return False
    if has(s, MIGRATES_BUFFERS):
        invalidate_bh_lrus(m)
    return are_buffers_busy(s, m, obj)  # type: ignore[no-any-return]


@primitive
def has_to_be_written(s: State, m: Memory, obj: int) -> bool:
    """Whether a page is dirty cache that nothing can move as it is (fallback_migrate_page)."""
    page = m.page[obj]
    return page.kind == BLOCKDEV and page.page_flags & DIRTY != 0 and not has(s, MIGRATES_BUFFERS)  # type: ignore[no-any-return]
