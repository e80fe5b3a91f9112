"""How large a chunk is: the order that its first frame carries."""

from __future__ import annotations

from zonecma.kernel.jit import primitive
from zonecma.kernel.state import State
from zonecma.kernel.units import Order, Pages, Pfn


@primitive
def chunk_order(s: State, head: Pfn) -> Order:
    """The order of the chunk that starts at ``head``, free or in use."""
    return Order(s.frame[head].order)


@primitive
def chunk_pages(s: State, head: Pfn) -> Pages:
    """The frames of the chunk that starts at ``head``."""
    return Pages(1 << chunk_order(s, head))
