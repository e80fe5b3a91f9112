"""``enum migratetype``: the free lists of a zone, and who falls back to whom.

Values as in 6.1 and 6.12 with CONFIG_CMA and CONFIG_MEMORY_ISOLATION.
"""

from __future__ import annotations

import numpy as np

from zonecma.kernel.jit import primitive
from zonecma.kernel.units import Migratetype

MIGRATE_UNMOVABLE = Migratetype(0)
MIGRATE_MOVABLE = Migratetype(1)
MIGRATE_RECLAIMABLE = Migratetype(2)
MIGRATE_HIGHATOMIC = Migratetype(3)
MIGRATE_CMA = Migratetype(4)
MIGRATE_ISOLATE = Migratetype(5)
MIGRATE_TYPES = 6

MIGRATE_PCPTYPES = 3
"""The types that have per-cpu lists are those below this one."""

NAMES = ("Unmovable", "Movable", "Reclaimable", "HighAtomic", "CMA", "Isolate")
"""As /proc/pagetypeinfo prints them."""

# fallbacks[][] of mm/page_alloc.c (6.12): which lists to try, in order, when a type's own are empty.
FALLBACKS = np.array(
    [
        [MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE],
        [MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE],
        [MIGRATE_UNMOVABLE, MIGRATE_MOVABLE],
    ],
    dtype=np.int64,
)


@primitive
def migratetype_is_mergeable(migratetype: Migratetype) -> bool:
    """Whether free chunks of whole pageblocks may merge across this type (page-isolation.h, 6.x)."""
    return migratetype < MIGRATE_PCPTYPES
