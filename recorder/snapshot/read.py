"""A whole snapshot."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from drgn import Object, Program
from drgn.helpers.linux.cpumask import for_each_online_cpu
from drgn.helpers.linux.list import list_for_each_entry

from recorder.snapshot.program import open_dump
from recorder.snapshot.zones import zones

_WORD = 64


def write_snapshot(dump: Path, vmlinux: Path, symbols: Path, target: Path) -> None:
    """Read a dump, write ``snap.*.json.gz``."""
    text = json.dumps(snapshot(open_dump(dump, vmlinux, symbols)))
    with gzip.GzipFile(target, "wb", mtime=0) as file:
        file.write(text.encode())


def snapshot(program: Program) -> dict[str, Any]:
    """What is in a snapshot, by the names of its file."""
    cpus = list(for_each_online_cpu(program)) or [0]
    names = program.type("enum migratetype").enumerators
    assert names, "an enumeration has enumerators"
    migratetypes = {int(value): name for name, value in names}
    return {
        "zones": zones(program, cpus, migratetypes),
        "migratetypes": migratetypes,
        "trace": _buffers(program, cpus),
        "cma": [_area(program["cma_areas"][i]) for i in range(int(program["cma_area_count"]))],
        "jiffies": int(program["jiffies_64"]),
    }


def _buffers(program: Program, cpus: list[int]) -> dict[str, list[dict[str, int]]]:
    """Each trace buffer's entries by CPU: how many lines of the trace precede this moment."""
    buffers = {}
    for trace in list_for_each_entry(
        "struct trace_array", program["ftrace_trace_arrays"].address_of_(), "list"
    ):
        name = trace.name.string_().decode() if trace.name else "global"
        every = [trace.array_buffer.buffer.buffers[cpu] for cpu in cpus]
        buffers[name] = [_entries(buffer) for buffer in every if buffer]
    return buffers


def _entries(buffer: Object) -> dict[str, int]:
    return {
        "entries": int(buffer.entries.a.counter),
        "overrun": int(buffer.overrun.a.counter),
        "read": int(buffer.read),
    }


def _area(area: Object) -> dict[str, Any]:
    count = int(area.count)
    words = range(-(-(count >> int(area.order_per_bit)) // _WORD))
    return {
        "name": area.name.string_().decode(),
        "base_pfn": int(area.base_pfn),
        "count": count,
        "order_per_bit": int(area.order_per_bit),
        "bitmap_words": [f"{int(area.bitmap[i]):x}" for i in words] if area.bitmap else None,
    }
