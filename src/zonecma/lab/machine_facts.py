"""What is known of an inspected machine besides its areas."""

from __future__ import annotations

from dataclasses import dataclass

from zonecma.capture.proc.meminfo import parse_meminfo
from zonecma.capture.proc.zoneinfo import ZoneInfo, parse_zoneinfo
from zonecma.capture.state_files import StateFiles

_PAGE_SIZES = (4096, 16384, 65536)


@dataclass(frozen=True)
class MachineFacts:
    """What is known of the machine besides its areas."""

    zones: list[ZoneInfo]
    page_size: int
    kernel: str
    total: int | None
    """frames in areas, as the kernel counts them"""
    has_cma: bool | None
    """whether the kernel knows areas at all; None: not told"""
    huge_free: int | None
    sysfs: dict[str, dict[str, int]]


def facts_of(files: StateFiles) -> MachineFacts:
    """Read the files; raises InputError for one that is there and is none."""
    zoneinfo, meminfo = files.text("zoneinfo"), files.text("meminfo")
    zones = parse_zoneinfo(zoneinfo, f"{files.name}: zoneinfo") if zoneinfo else []
    figures = parse_meminfo(meminfo, f"{files.name}: meminfo") if meminfo else {}
    managed, total = sum(zone["managed"] for zone in zones), figures.get("MemTotal", 0) << 10
    page = (
        min(_PAGE_SIZES, key=lambda size: abs(managed * size - total))
        if managed and total
        else _PAGE_SIZES[0]
    )
    return MachineFacts(
        zones=zones,
        page_size=page,
        kernel=_release(files.text("uname") or ""),
        total=_total(figures, zones, page),
        has_cma=("CmaTotal" in figures) if figures else None,
        huge_free=figures.get("HugePages_Free"),
        sysfs=_sysfs(files.text("cmasysfs") or ""),
    )


def _release(uname: str) -> str:
    """``uname -a``'s third word; of a host without a name its second."""
    return next((word for word in uname.split()[1:3] if word[:1].isdigit() and "." in word), "")


def _sysfs(text: str) -> dict[str, dict[str, int]]:
    """Counters by area: lines ``/sys/kernel/mm/cma/AREA/FILE VALUE``; others are passed over."""
    areas: dict[str, dict[str, int]] = {}
    for line in text.splitlines():
        path, _, value = line.rpartition(" ")
        parts = path.split("/")
        if len(parts) == 7 and value.isdecimal() and len(value) < 20:
            areas.setdefault(parts[5], {})[parts[6]] = int(value)
    return areas


def _total(figures: dict[str, int], zones: list[ZoneInfo], page: int) -> int | None:
    """Frames in areas: by meminfo, else by the zones, which count them since 5.11."""
    if "CmaTotal" in figures:
        return (figures["CmaTotal"] << 10) // page
    counted = [zone.sizes["cma"] for zone in zones if "cma" in zone.sizes]
    return sum(counted) if counted else None
