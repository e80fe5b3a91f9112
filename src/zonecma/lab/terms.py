"""On which terms a load is run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from zonecma.capture.recording import Recording
from zonecma.lab.calibrate import own_costs
from zonecma.lab.memory import PAGE_CLUSTER
from zonecma.progress import Progress, no_progress

OWN_COSTS = "steps cost what they took on the recorded machine, where the recording tells (calibrate)"
"""What is said of a run whose costs nobody gave."""
_SWAP_ADDED = re.compile(r"Adding (\d{1,15})k swap on (\S+)")
"""What swapon prints (mm/swapfile.c)."""


@dataclass(frozen=True)
class Terms:
    """Closed: the machine answers back.  Open: nothing is reclaimed, dropped, swapped or waited for."""

    closed: bool = True
    swap_pages: int = 0
    page_cluster: int = PAGE_CLUSTER
    costs: Mapping[str, float] = field(default_factory=dict)
    """nanoseconds by step; what is not there takes no time"""
    seed: int = 0


OPEN = Terms(closed=False)


def swap_pages(log: str) -> int:
    """Pages of swap that a kernel's log tells of, each device once."""
    return sum(int(kib) for kib, _ in _SWAP_ADDED.findall(log)) // 4


def page_cluster(log: str) -> int:
    """Nothing is read ahead from memory that is compressed (SWP_SYNCHRONOUS_IO, do_swap_page)."""
    devices = [device for _, device in _SWAP_ADDED.findall(log)]
    return 0 if all("/zram" in device for device in devices) else PAGE_CLUSTER


def terms_of(
    recording: Recording, costs: Mapping[str, float] | None = None, progress: Progress = no_progress
) -> Terms:
    """The closed loop on a recorded machine: with its swap, and costs (ns); its own ones where None.

    Raises InputError for a recording that is damaged.
    """
    costs = own_costs(recording, progress) if costs is None else costs
    if recording.has_kernel_file("before/swaps"):
        return _terms_of_swaps(recording.kernel_file("before/swaps"), costs)
    log = recording.kernel_file("dmesg")
    return Terms(swap_pages=swap_pages(log), page_cluster=page_cluster(log), costs=costs)


def _terms_of_swaps(text: str, costs: Mapping[str, float]) -> Terms:
    """From a copy of /proc/swaps: a heading, then a line for each device, its third word the KiB."""
    rows = [
        words for words in map(str.split, text.splitlines()[1:]) if len(words) > 2 and words[2].isdecimal()
    ]
    in_memory = all("/zram" in words[0] for words in rows)
    pages = sum(int(words[2]) for words in rows) // 4
    return Terms(swap_pages=pages, page_cluster=0 if in_memory else PAGE_CLUSTER, costs=costs)
