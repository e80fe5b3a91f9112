"""When kswapd was done with a round: the trace tells when it began one, and when it fell asleep.

Between a round and deep sleep it naps for a tenth of a second without a trace
(kswapd_try_to_sleep), so a round is taken to end with the last event of kswapd's in it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.events import EVENT_ID
from zonecma.capture.trace import Trace

_WAKE, _SLEEP = EVENT_ID["mm_vmscan_kswapd_wake"], EVENT_ID["mm_vmscan_kswapd_sleep"]


def mark_rests(trace: Trace) -> NDArray[np.uint8]:
    """u1[events]: 1 for the event with which a round of kswapd's ends."""
    event, marks = trace.events["event"], np.zeros(len(trace.events), np.uint8)
    for task in np.unique(trace.events["task"][event == _WAKE]):
        mine = np.flatnonzero(trace.events["task"] == task)
        bounds = np.flatnonzero(np.isin(event[mine], (_WAKE, _SLEEP)))
        after = np.append(bounds[1:], len(mine))
        marks[mine[after[event[mine[bounds]] == _WAKE] - 1]] = 1
    return marks
