"""The machine of a recording in a few lines: kernel, memory, areas, what it was started with."""

from __future__ import annotations

import json
from collections.abc import Iterator

from zonecma.capture.recording import Recording
from zonecma.errors import InputError
from zonecma.kernel.zone import NAMES as ZONE_NAMES
from zonecma.lab.page_map import PageMap
from zonecma.report.words import count

_LONGEST = 1000
"""Characters of one fact."""


def facts_of(recording: Recording, found: PageMap) -> tuple[tuple[str, str], ...]:
    """What is known of the machine; what the recording lacks is left out."""
    facts = [*_memory(found), *_files(recording)]
    return tuple(
        (what, value if len(value) <= _LONGEST else f"{value[:_LONGEST]} …") for what, value in facts
    )


def _memory(found: PageMap) -> Iterator[tuple[str, str]]:
    yield "kernel", found.kernel
    yield "CPUs", count(found.nr_cpus, "CPU")
    block = (found.page_kib << found.pageblock_order) / 1024
    yield "pages", f"{found.page_kib} KiB, pageblocks of {block:g} MiB"
    for zone in found.zones:
        size = zone.managed * found.page_kib / 1024
        yield f"zone {ZONE_NAMES[zone.index]}", f"{size:,.0f} MiB managed, from frame {zone.start_pfn:#x} on"
    for area in found.areas:
        size = area.count * found.page_kib / 1024
        yield f"area {area.name}", f"{size:,.0f} MiB, frames {area.base_pfn:#x} to {area.end_pfn - 1:#x}"
    yield "trace", f"{count(found.nr_events, 'event')} in {(found.times[-1] - found.times[0]) / 1e9:.1f} s"


def _files(recording: Recording) -> Iterator[tuple[str, str]]:
    """What the kernel said of itself, and the line that made the recording."""
    for what, name in (("kernel command line", "cmdline"), ("built", "version")):
        try:
            yield what, recording.kernel_file(name).strip()
        except InputError:
            continue
    try:
        made = json.loads((recording.path / "made.json").read_text(encoding="utf-8"))
        yield "recorded with", str(made["line"])
    except (OSError, ValueError, KeyError, TypeError):
        return
