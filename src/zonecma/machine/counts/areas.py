"""Where a recording's CMA areas lie, without a snapshot: debugfs says so, or else the kernel's log."""

from __future__ import annotations

import numpy as np

from zonecma.capture.boot_log import read_boot_log
from zonecma.capture.cma_debugfs import read_areas
from zonecma.capture.events import EVENT_ID
from zonecma.capture.proc.cma_sysfs import parse_cma_sysfs
from zonecma.capture.recording import Recording
from zonecma.capture.snapshot import AreaSnapshot
from zonecma.capture.trace import Trace
from zonecma.errors import InputError
from zonecma.kernel.units import Pfn
from zonecma.machine.counts.tables import Counts


def areas_of(recording: Recording, trace: Trace, counts: Counts, page_kib: int) -> tuple[AreaSnapshot, ...]:
    """The areas.  Those of the log have an empty bitmap and a bit a page.

    Raises InputError where zones have CMA pages and nobody tells where.
    """
    found = read_areas(recording.path / "before" / "cma") or _of_log(recording, trace, page_kib)
    lent = sum(zone.sizes.get("cma", 0) for zone in counts.zones)
    if lent and not found:
        raise InputError(
            f"{recording.path}: zoneinfo counts {lent} CMA pages, and neither before/cma nor dmesg tells"
            " where they are; expected a copy of /sys/kernel/debug/cma, or the log from its boot on"
        )
    return found if lent else ()


def _of_log(recording: Recording, trace: Trace, page_kib: int) -> tuple[AreaSnapshot, ...]:
    """What "cma: Reserved" says, ascending; names as the trace, or else sysfs, tells them."""
    if not recording.has_kernel_file("dmesg"):
        return ()
    page = page_kib << 10
    ranges = sorted(
        (start // page, end // page) for start, end in read_boot_log(recording.kernel_file("dmesg")).areas
    )
    return tuple(
        AreaSnapshot(name, Pfn(start), end - start, 0, np.zeros(end - start, np.uint8))
        for name, (start, end) in zip(_names(recording, trace, ranges), ranges, strict=True)
    )


def _names(recording: Recording, trace: Trace, ranges: list[tuple[int, int]]) -> list[str]:
    told = [_name_in_trace(trace, start, end) for start, end in ranges]
    others = iter([name for name in parse_cma_sysfs(_sysfs(recording)) if name not in told])
    return [name or next(others, f"area {number}") for number, name in enumerate(told)]


def _sysfs(recording: Recording) -> str:
    return recording.kernel_file("cmasysfs") if recording.has_kernel_file("cmasysfs") else ""


def _name_in_trace(trace: Trace, start: int, end: int) -> str:
    """What contiguous calls call the area of these frames; empty where none was served."""
    events = trace.events[
        np.isin(trace.events["event"], [EVENT_ID["cma_alloc_finish"], EVENT_ID["cma_release"]])
    ]
    mine = events[(events["pfn"] >= start) & (events["pfn"] < end)]
    return trace.texts[int(mine["d"][0])] if len(mine) else ""
