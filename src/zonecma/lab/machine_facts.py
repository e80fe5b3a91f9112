"""What is known of an inspected machine besides its areas."""

from __future__ import annotations

from dataclasses import dataclass

from zonecma.capture.proc.cma_sysfs import parse_cma_sysfs
from zonecma.capture.proc.meminfo import parse_meminfo
from zonecma.capture.proc.uname import release_of
from zonecma.capture.proc.zoneinfo import ZoneInfo, parse_zoneinfo
from zonecma.capture.state_files import StateFiles
from zonecma.machine.page_size import page_size_of


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
    page = page_size_of(managed, total)
    return MachineFacts(
        zones=zones,
        page_size=page,
        kernel=release_of(files.text("uname") or ""),
        total=_total(figures, zones, page),
        has_cma=("CmaTotal" in figures) if figures else None,
        huge_free=figures.get("HugePages_Free"),
        sysfs=parse_cma_sysfs(files.text("cmasysfs") or ""),
    )


def _total(figures: dict[str, int], zones: list[ZoneInfo], page: int) -> int | None:
    """Frames in areas: by meminfo, else by the zones, which count them since 5.11."""
    if "CmaTotal" in figures:
        return (figures["CmaTotal"] << 10) // page
    counted = [zone.sizes["cma"] for zone in zones if "cma" in zone.sizes]
    return sum(counted) if counted else None
