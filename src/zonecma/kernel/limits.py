"""Limits that several files of mm/ share (include/linux/mmzone.h and swap.h, 6.12 and 4.7)."""

from __future__ import annotations

from zonecma.kernel.units import Order

PAGE_ALLOC_COSTLY_ORDER = Order(3)
"""A request above it is not worth every effort: it may fail."""
SWAP_CLUSTER_MAX = 32
"""Pages that reclaim takes off a list at once."""
COMPACT_CLUSTER_MAX = SWAP_CLUSTER_MAX
"""Pages that compaction, or a contiguous call, takes to be moved at once."""
