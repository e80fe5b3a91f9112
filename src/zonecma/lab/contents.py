"""show: what a recording, or one file of it, holds."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from zonecma.capture.bundle import is_bundle, unpacked
from zonecma.capture.events import EVENTS
from zonecma.capture.parquet import load_trace
from zonecma.capture.proc.buddyinfo import parse_buddyinfo
from zonecma.capture.proc.pagetypeinfo import parse_pagetypeinfo
from zonecma.capture.proc.zoneinfo import parse_zoneinfo
from zonecma.capture.recording import Recording, load_markers
from zonecma.capture.snapshot import Snapshot, read_snapshot
from zonecma.capture.trace import Trace, is_trace_dat
from zonecma.errors import InputError
from zonecma.kernel.zone import NAMES
from zonecma.lab.from_counts import has_exact_start
from zonecma.lab.loads import open_load
from zonecma.machine.from_counts import known_start
from zonecma.progress import Progress, no_progress


@dataclass(frozen=True)
class ZoneContents:
    """One zone; sizes in pages."""

    name: str
    present: int
    managed: int
    free: int
    """on free lists; isolated pages count too"""
    cma: int
    watermark: tuple[int, ...]
    """MIN, LOW, HIGH"""


@dataclass(frozen=True)
class Contents:
    """What was found."""

    name: str
    kernel: str = ""
    zones: tuple[ZoneContents, ...] = ()
    areas: dict[str, int] = field(default_factory=dict)
    """pages of each CMA area"""
    events: dict[str, int] = field(default_factory=dict)
    """by name, the most frequent first"""
    seconds: float = 0.0
    """from the first event to the last"""
    load_seconds: float = 0.0
    """between the load's markers"""
    lost: int = 0
    """events that the ring buffer dropped"""
    damage: str = ""
    """what is wrong with the part of the trace that was left out"""
    files: tuple[str, ...] = ()
    """of a bundle: all that it holds"""
    collected: dict[str, str] = field(default_factory=dict)
    """of a bundle: what its collector says of itself"""


def contents_of(where: str, *, partial: bool = False, progress: Progress = no_progress) -> Contents:
    """Read a recording's folder, bundle or name, or a single trace, snapshot or /proc file.

    Raises InputError for what is none of these, or damaged.
    """
    path = Path(where)
    if is_bundle(where):
        return _of_bundle(Recording(unpacked(path), partial), progress)
    if not os.path.isfile(path):  # noqa: PTH113 (Path.is_file raises for names that are too long)
        recording = open_load(where, partial=partial)
        if not has_exact_start(recording):
            return _of_bundle(recording, progress)
        contents = Contents(recording.name, recording.release)
        return _with_trace(_with_snapshot(contents, recording.snapshot("A")), recording.trace(progress))
    if path.name.startswith("trace") or is_trace_dat(path):
        return _with_trace(Contents(path.name), load_trace(path, partial=partial, progress=progress))
    if path.name.startswith("snap."):
        return _with_snapshot(Contents(path.name), read_snapshot(path))
    return Contents(path.name, zones=_of_proc(path))


def _of_bundle(recording: Recording, progress: Progress) -> Contents:
    """What there is, of a recording that may lack anything but zoneinfo."""
    place = f"{recording.path}: before/zoneinfo"
    zones = _of_zoneinfo(recording.kernel_file("before/zoneinfo"), place)
    contents = Contents(
        recording.name,
        recording.release if recording.has_kernel_file("uname") else "",
        zones=tuple(zone for zone in zones if zone.present),
        files=tuple(sorted(str(one.relative_to(recording.path)) for one in _files_in(recording.path))),
        collected=_collected(recording),
    )
    if not recording.has_trace:
        return contents
    trace = recording.trace(progress)
    areas = known_start(recording, trace).areas
    return _with_trace(dataclasses.replace(contents, areas={area.name: area.count for area in areas}), trace)


def _files_in(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _collected(recording: Recording) -> dict[str, str]:
    """The lines of collector.txt, ``key=value`` each."""
    if not recording.has_kernel_file("collector.txt"):
        return {}
    lines = (line.partition("=") for line in recording.kernel_file("collector.txt").splitlines())
    return {key.strip(): value.strip() for key, equals, value in lines if equals}


def _with_trace(contents: Contents, trace: Trace) -> Contents:
    counts = np.bincount(trace.events["event"], minlength=len(EVENTS))
    times = trace.events["time"]
    start, end = load_markers(trace)
    return dataclasses.replace(
        contents,
        events={EVENTS[i].name: int(counts[i]) for i in np.argsort(-counts, kind="stable") if counts[i]},
        seconds=float(np.ptp(times)) / 1e9 if len(times) else 0.0,
        load_seconds=0.0 if start is None or end is None else (end - start) / 1e9,
        lost=trace.lost(),
        damage=trace.damage,
    )


def _with_snapshot(contents: Contents, snapshot: Snapshot) -> Contents:
    zones = tuple(
        ZoneContents(
            NAMES[zone.index],
            zone.present,
            zone.managed,
            int(sum(len(frames) << order for (order, _), frames in zone.free.items())),
            zone.cma,
            zone.watermark[:3],
        )
        for zone in snapshot.zones
    )
    areas = {area.name: area.count for area in snapshot.areas}
    return dataclasses.replace(contents, zones=zones, areas=areas)


def _of_proc(path: Path) -> tuple[ZoneContents, ...]:
    try:
        text = path.read_text(errors="replace")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    if path.name == "zoneinfo":
        return _of_zoneinfo(text, str(path))
    if path.name == "buddyinfo":
        chunks = parse_buddyinfo(text, str(path))
    elif path.name == "pagetypeinfo":
        chunks = _by_zone(parse_pagetypeinfo(text, str(path)).free)
    else:
        raise InputError(
            f"{path}: expected a trace.dat, or a file called trace*, snap.*, zoneinfo, buddyinfo"
            " or pagetypeinfo"
        )
    return tuple(ZoneContents(name, 0, 0, _pages(counts), 0, ()) for (_, name), counts in chunks.items())


def _of_zoneinfo(text: str, place: str) -> tuple[ZoneContents, ...]:
    return tuple(
        ZoneContents(
            zone.name,
            zone["present"],
            zone["managed"],
            zone["free"],
            zone.sizes.get("cma", 0),
            (zone["min"], zone["low"], zone["high"]),
        )
        for zone in parse_zoneinfo(text, place)
    )


def _pages(counts: Sequence[int]) -> int:
    return sum(count << order for order, count in enumerate(counts))


def _by_zone(free: dict[tuple[int, str, str], tuple[int, ...]]) -> dict[tuple[int, str], tuple[int, ...]]:
    zones: dict[tuple[int, str], tuple[int, ...]] = {}
    for (node, name, _), counts in free.items():
        before = zones.get((node, name), (0,) * len(counts))
        zones[node, name] = tuple(a + b for a, b in zip(before, counts, strict=True))
    return zones
