"""A type for every unit of address, so that frames, blocks and orders can't be mixed.

The type checker sees distinct types; the compiled model sees one machine integer.  Named
constants are made with them too: a bare literal would have numba compile each function anew
for each value that it is called with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NewType

import numpy as np

if TYPE_CHECKING:
    Pfn = NewType("Pfn", int)
    """A page frame number."""
    Order = NewType("Order", int)
    """A chunk of ``1 << order`` page frames."""
    Pageblock = NewType("Pageblock", int)
    """A pageblock's index: ``pfn >> pageblock_order``."""
    Migratetype = NewType("Migratetype", int)
    """Which free list a chunk belongs to (``enum migratetype``)."""
    ZoneIndex = NewType("ZoneIndex", int)
    """A zone's place in ``enum zone_type``."""
    Pindex = NewType("Pindex", int)
    """A list of a per-cpu page set: an order and a migratetype."""
    Cpu = NewType("Cpu", int)
    """A processor's number."""
    ListHead = NewType("ListHead", int)
    """A list's own entry among the frame links."""
    AllocFlags = NewType("AllocFlags", int)
    """ALLOC_* bits."""
    User = NewType("User", int)
    """A gfp class: an index into State.gfp."""
    Area = NewType("Area", int)
    """A CMA area: an index into State.cma."""
    Bit = NewType("Bit", int)
    """A bit of an area's bitmap, or a mask of such bits."""
    Pages = NewType("Pages", int)
    """A number of page frames."""
    Code = NewType("Code", int)
    """One of a few named values: an event, a mode, a kind of request, a score."""
else:
    Pfn = Order = Pageblock = Migratetype = ZoneIndex = Pindex = Cpu = ListHead = np.int64
    AllocFlags = User = Area = Bit = Pages = Code = np.int64

NO_PFN = Pfn(-1)
"""No frame: a request that found nothing."""
