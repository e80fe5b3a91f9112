"""What is recorded of a boot: the kernel's log, its /proc files, and exact snapshots where there are.

Two kinds of folder: a recording (``proc.tar.xz`` beside snapshots), or the plain files of a
kernel's first moments (``cmdline``, ``dmesg-excerpt``, ``1-boot/zoneinfo`` and so on).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from zonecma.capture.boot_log import BootLog, read_boot_log
from zonecma.capture.bundle import PACKAGED
from zonecma.capture.proc.pagetypeinfo import PageTypeInfo, parse_pagetypeinfo
from zonecma.capture.proc.zoneinfo import ZoneInfo, parse_zoneinfo
from zonecma.capture.recording import Recording, open_recording
from zonecma.capture.snapshot import Snapshot
from zonecma.errors import InputError
from zonecma.kernel.rules import series_of

_PLAIN = "1-boot"
_PLAIN_FILES = (f"{_PLAIN}/zoneinfo", "dmesg-excerpt")
"""Either of them makes a folder one of plain files; if the other is missing, that is an error."""
_LONGEST = 1 << 24
"""Characters of a /proc file or log: a thousand times those of a large machine."""


@dataclass(frozen=True)
class BootRecord:
    """One boot of a real kernel, as it was when its first program ran."""

    name: str
    series: str
    """its kernel's, such as ``6.12``"""
    command_line: str
    log: BootLog
    zones: list[ZoneInfo]
    """/proc/zoneinfo"""
    page_types: PageTypeInfo | None
    """/proc/pagetypeinfo, if it was read"""
    vmstat: str
    """/proc/vmstat; empty if it was not read"""
    meminfo: str
    """/proc/meminfo; empty if it was not read"""
    min_free_kbytes: int | None = None
    """/proc/sys/vm/min_free_kbytes"""
    early: Snapshot | None = None
    """the allocator when tracing began, before the initcalls"""
    settled: Snapshot | None = None
    """the allocator when the load began"""


def open_boot_record(where: str) -> BootRecord:
    """A boot by its folder, or by the name of a recording; raises InputError for what is none."""
    return _from_plain_files(Path(where)) if _has_any(Path(where), _PLAIN_FILES) else _from_recording(where)


def is_boot_record(where: str) -> bool:
    """Whether a folder, or a recording of that name, holds a boot."""
    places = (Path(where), PACKAGED / where, Path("captures") / where)
    return _has_any(places[0], _PLAIN_FILES) or any(_has_any(place, ["proc.tar.xz"]) for place in places)


def _has_any(folder: Path, names: Iterable[str]) -> bool:
    return any(os.path.isfile(folder / name) for name in names)  # noqa: PTH113 (is_file raises for long names)


def _from_plain_files(folder: Path) -> BootRecord:
    zoneinfo, types = folder / _PLAIN / "zoneinfo", folder / _PLAIN / "pagetypeinfo"
    zones = _zones(_read(zoneinfo), str(zoneinfo))
    return BootRecord(
        name=folder.resolve().name,
        series=_series_of_format(zones),
        command_line=_read(folder / "cmdline"),
        log=read_boot_log(_read(folder / "dmesg-excerpt")),
        zones=zones,
        page_types=parse_pagetypeinfo(_read(types), str(types)) if types.exists() else None,
        vmstat=_read(folder / _PLAIN / "vmstat", optional=True),
        meminfo=_read(folder / _PLAIN / "meminfo", optional=True),
        min_free_kbytes=_number(folder / _PLAIN / "min_free_kbytes"),
    )


def _zones(text: str, place: str) -> list[ZoneInfo]:
    """The zones of a /proc/zoneinfo whose per-cpu lists are whole; raises InputError."""
    zones = parse_zoneinfo(text, place)
    for zone in zones:
        for pageset in zone.pagesets:
            if not pageset.keys() >= {"count", "high", "batch"}:
                raise InputError(
                    f"{place}: zone {zone.name}: expected count, high and batch of CPU {pageset['cpu']},"
                    f" found {', '.join(pageset)}; the file may be cut short"
                )
    return zones


def _number(path: Path) -> int | None:
    text = _read(path, optional=True).strip()
    if text and not re.fullmatch(r"\d{1,15}", text):
        raise InputError(f"{path}: is {text[:40]!r}; expected a number")
    return int(text) if text else None


def _series_of_format(zones: list[ZoneInfo]) -> str:
    """The series whose /proc/zoneinfo looks so."""
    if "scanned" in zones[0].sizes:
        return "4.7"
    return "6.12" if "promo" in zones[0].sizes else "6.1"


def _read(path: Path, *, optional: bool = False) -> str:
    try:
        with path.open(errors="replace") as file:
            return file.read(_LONGEST)
    except FileNotFoundError:
        if optional:
            return ""
        raise InputError(f"{path}: not found; expected the files of a boot beside each other") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def _from_recording(where: str) -> BootRecord:
    recording = open_recording(where)
    place = str(recording.path / "proc.tar.xz")
    return BootRecord(
        name=recording.name,
        series=series_of(recording.release),
        command_line=recording.kernel_file("cmdline"),
        log=read_boot_log(recording.kernel_file("dmesg")),
        zones=_zones(recording.kernel_file("before/zoneinfo"), f"{place}: before/zoneinfo"),
        page_types=parse_pagetypeinfo(
            recording.kernel_file("before/pagetypeinfo"), f"{place}: before/pagetypeinfo"
        ),
        vmstat=recording.kernel_file("before/vmstat"),
        meminfo=recording.kernel_file("before/meminfo"),
        early=_snapshot(recording, "E"),
        settled=_snapshot(recording, "A"),
    )


def _snapshot(recording: Recording, moment: str) -> Snapshot | None:
    return recording.snapshot(moment) if recording.snapshot_file(moment).exists() else None
