"""A contiguous call under way: how far it has come, so that others can run before it goes on."""

from __future__ import annotations

import numpy as np

SEARCHING, EMPTYING, OVER = range(3)
"""Before a range is tried, while its batches are moved, and when the call has its frames or failed."""

CALL = np.dtype(
    [
        ("phase", "i1"),
        ("cpu", "i8"),
        ("area", "i8"),
        ("pages", "i8"),  # frames asked for
        ("align", "i8"),  # order
        ("target_user", "i8"),  # gfp class of migration's targets
        ("bit", "i8"),  # of the area's bitmap: where to look for a range
        ("start", "i8"),  # first frame of the range that is tried, or was taken; NO_PFN
        ("pfn", "i8"),  # first frame of the next batch
        ("moved", "i8"),  # frames moved out of the way, in all attempts
    ],
    align=True,
)
