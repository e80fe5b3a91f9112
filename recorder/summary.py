"""Counts of a recording: events, lost events, allocations, contiguous calls."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from recorder.errors import RecorderError
from recorder.lines import Line, number, read_lines

_LOST = ("overrun", "commit overrun", "dropped events")
"""Lines of the ring buffer's ``stats`` that count events that are not in the trace."""


def summary(trace: Path, results: Path) -> dict[str, Any]:
    """What ``summary.json`` holds."""
    events: Counter[str] = Counter()
    cpus: Counter[int] = Counter()
    calls: list[dict[str, Any]] = []
    begun: dict[int, float] = {}
    first = last = None
    for line in read_lines(trace):
        events[line.event] += 1
        cpus[line.cpu] += 1
        first = line.time if first is None else first
        last = line.time
        if line.event == "cma_alloc_start":
            begun[line.cpu] = line.time
        elif line.event == "cma_alloc_finish":
            calls.append(_call(line, begun.get(line.cpu, line.time)))
    return {
        "events": events.total(),
        "by_cpu": [cpus[cpu] for cpu in range(max(cpus, default=-1) + 1)],
        "lost": lost_events(results),
        "span_s": round((last or 0) - (first or 0), 3),
        "by_event": dict(events.most_common()),
        "calls": calls,
        "zones": zones((results / "before/zoneinfo").read_text()),
    }


def _call(line: Line, begun: float) -> dict[str, Any]:
    error = number(line.text, "errorno") or 0
    return {
        "mib": (number(line.text, "count") or 0) / 256,
        "error": error,
        "pfn": hex(number(line.text, "pfn") or 0),
        "ms": round((line.time - begun) * 1e3, 2),
    }


def lost_events(results: Path) -> int:
    """Events that some CPU's ring buffer had no room for."""
    return sum(lost_in(path.read_text()) for path in sorted(results.glob("stats.cpu*")))


def lost_in(stats: str) -> int:
    """Events that one CPU's ``stats`` counts as lost."""
    rows = (line.partition(":") for line in stats.splitlines())
    return sum(int(value) for name, _, value in rows if name.strip() in _LOST)


def zones(zoneinfo: str) -> list[dict[str, Any]]:
    """Name and sizes (frames) of the zones that have any."""
    found: list[dict[str, Any]] = []
    for line in zoneinfo.splitlines():
        if match := re.match(r"Node \d+, zone +(\w+)", line):
            found.append({"name": match[1]})
        elif found and (match := re.match(r" +(spanned|present|managed|cma|start_pfn):? +(\d+)", line)):
            found[-1].setdefault(match[1], int(match[2]))
    return [zone for zone in found if zone.get("spanned")]


def check_complete(lines: Sequence[int], written: Sequence[int]) -> None:
    """RecorderError if the guest brought back fewer lines than its CPUs had written at the last snapshot."""
    for cpu, (brought, wanted) in enumerate(zip_longest(lines, written, fillvalue=0)):
        if brought < wanted:
            raise RecorderError(
                f"the guest brought back {brought} lines of CPU {cpu}, which had written {wanted}"
            )
