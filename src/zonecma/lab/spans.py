"""What tasks did from one event to another: direct reclaim, compaction, rounds of kswapd."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from zonecma.capture.events import EVENT_ID
from zonecma.capture.trace import Trace

PAIRS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "direct reclaim": ("mm_vmscan_direct_reclaim_begin", "mm_vmscan_direct_reclaim_end"),
        "compaction": ("mm_compaction_begin", "mm_compaction_end"),
        "kswapd": ("mm_vmscan_kswapd_wake", "mm_vmscan_kswapd_sleep"),
    }
)
"""The events between which a task does each."""


@dataclass(frozen=True)
class Span:
    """Times are ns of the trace's clock."""

    what: str
    """of PAIRS"""
    task: str
    """as "comm-pid" """
    begin: int
    end: int | None
    """None: not in the trace"""


def spans_of(trace: Trace, what: str) -> tuple[Span, ...]:
    """Everything of one kind that began in a trace, task by task in order of time.

    A task that begins anew without an end between has ended what it did: kswapd, woken as it was about
    to sleep.
    """
    first, last = (EVENT_ID[name] for name in PAIRS[what])
    marks = trace.events[np.isin(trace.events["event"], (first, last))]
    marks = marks[np.argsort(marks["task"], kind="stable")]
    found = []
    for i in np.flatnonzero(marks["event"] == first):
        same = i + 1 < len(marks) and marks["task"][i + 1] == marks["task"][i]
        end = int(marks["time"][i + 1]) if same else None
        found.append(Span(what, trace.texts[marks["task"][i]], int(marks["time"][i]), end))
    return tuple(found)
