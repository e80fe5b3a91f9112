"""How large a chunk is: the order that its first frame carries."""

from __future__ import annotations

from zonecma.kernel.jit import jit, primitive
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


@jit
def largest_order(pfn: Pfn, end: Pfn, order: Order) -> Order:
    """The largest order, up to ``order``, of a chunk that can start at ``pfn`` and ends by ``end``."""
    while pfn & ((1 << order) - 1) or pfn + (1 << order) > end:
        order = Order(order - 1)
    return order
