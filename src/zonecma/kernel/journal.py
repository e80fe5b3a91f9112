"""Transactions of a journaling file system: pages join them, commits make those dirty (fs/jbd2)."""

from __future__ import annotations

from zonecma.kernel.checkpoint import (
    CHECKPOINT,
    LET_GO,
    NOT_IN_JOURNAL,
    RUNNING,
    WRITTEN,
    commits,
    leave_journal,
)
from zonecma.kernel.durations import draw_duration
from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.memory import COMMIT, COMMIT_LOG, JOURNALED_FROM_START, NO_TRANSACTION, Memory
from zonecma.kernel.writeback import account_cleaned, account_dirty


@jit
def _join(m: Memory, obj: int) -> None:
    """A page becomes part of the running transaction, which begins if there is none."""
    vm, page = m.vm[0], m.page[obj]
    if page.transaction == NOT_IN_JOURNAL:
        m.journal[vm.nr_journal] = obj
        vm.nr_journal += 1
    if vm.commit_at == NO_TRANSACTION:
        vm.commit_at = vm.now + draw_duration(m, COMMIT) + draw_duration(m, COMMIT_LOG)
    account_cleaned(m, obj)  # the commit makes it dirty again (jbd2_journal_get_write_access)
    page.transaction = RUNNING


@jit
def change_metadata(m: Memory, obj: int) -> None:
    """Metadata changes: it is dirty once its transaction is committed (jbd2_journal_dirty_metadata)."""
    if commits(m):
        _join(m, obj)
    else:
        account_dirty(m, obj)
        m.page[obj].transaction = CHECKPOINT


@primitive
def bring_metadata(m: Memory, obj: int) -> None:
    """Metadata comes to memory; a recording's is held from then on."""
    if m.page[obj].journaled == JOURNALED_FROM_START:
        m.page[obj].transaction = RUNNING


@jit
def commit_transaction(m: Memory) -> None:
    """Commit the running transaction: its pages are dirty (jbd2_journal_commit_transaction).

    Those that have been written since an earlier one are let go (__jbd2_journal_clean_checkpoint_list).
    """
    vm, kept = m.vm[0], 0
    vm.commit_at = NO_TRANSACTION
    for i in range(vm.nr_journal):
        obj = m.journal[i]
        page = m.page[obj]
        if page.transaction == RUNNING:
            page.transaction = CHECKPOINT
            account_dirty(m, obj)
        elif page.transaction == WRITTEN:
            leave_journal(m, obj)
        if page.transaction == LET_GO:
            page.transaction = NOT_IN_JOURNAL
        else:
            m.journal[kept] = obj
            kept += 1
    vm.nr_journal = kept


@jit
def commit_in_time(m: Memory) -> None:
    """Commit when the running transaction is old enough (kjournald2)."""
    if m.vm[0].commit_at != NO_TRANSACTION and m.vm[0].now >= m.vm[0].commit_at:
        commit_transaction(m)
