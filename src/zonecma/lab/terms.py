"""On which terms a load is run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from zonecma.capture.recording import Recording

_SWAP_ADDED = re.compile(r"Adding (\d{1,15})k swap on ")
"""What swapon prints (mm/swapfile.c)."""


@dataclass(frozen=True)
class Terms:
    """Closed: the machine answers back.  Open: nothing is reclaimed, dropped, swapped or waited for."""

    closed: bool = True
    swap_pages: int = 0
    costs: Mapping[str, float] = field(default_factory=dict)
    """nanoseconds by step; what is not there takes no time"""
    seed: int = 0


OPEN = Terms(closed=False)


def swap_pages(log: str) -> int:
    """Pages of swap that a kernel's log tells of, each device once."""
    return sum(int(kib) for kib in _SWAP_ADDED.findall(log)) // 4


def terms_of(recording: Recording, costs: Mapping[str, float]) -> Terms:
    """The closed loop on a recorded machine: with its swap, and costs."""
    return Terms(swap_pages=swap_pages(recording.kernel_file("dmesg")), costs=costs)
