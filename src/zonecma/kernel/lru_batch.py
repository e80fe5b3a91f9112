"""Pages on their way to an LRU list, a batch for each CPU (mm/swap.c: pagevecs, folio batches).

A page in a batch has a reference, and is on no list.  Here it is on its list at once, and the batch
only tells which pages would still be waiting.
"""

from __future__ import annotations

from zonecma.kernel.jit import jit, primitive
from zonecma.kernel.memory import NO_LRU, Memory
from zonecma.kernel.state import State


@primitive
def batch_add(s: State, m: Memory, obj: int) -> None:
    """A page joins its CPU's batch (folio_add_lru): a full one is emptied, and one with a compound page.

    What is for no LRU list joins none.
    """
    cpu, page = s.config[0].this_cpu, m.page[obj]
    if page.lru != NO_LRU:
        m.batch[cpu, m.batched[cpu]] = obj
        m.batched[cpu] = 0 if page.order > 0 else (m.batched[cpu] + 1) % m.batch.shape[1]


@jit
def is_on_batch(m: Memory, obj: int) -> bool:
    """Whether a page waits in some CPU's batch."""
    for cpu in range(m.batch.shape[0]):
        for place in range(m.batched[cpu]):
            if m.batch[cpu, place] == obj:
                return True
    return False


@jit
def lru_add_drain_all(m: Memory) -> None:
    """Empty all CPUs' batches."""
    m.batched[:] = 0
