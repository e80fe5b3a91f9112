"""The areas of a machine at one moment: what is in them, who holds it, and what would fail."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zonecma.capture.areas_now import AreaNow, read_areas
from zonecma.capture.live_files import LiveFiles
from zonecma.capture.proc.cma_debugfs import MOST_FRAMES
from zonecma.capture.proc.meminfo import parse_meminfo
from zonecma.capture.proc.page_owner import Scan
from zonecma.capture.proc.zoneinfo import ZoneInfo, parse_zoneinfo
from zonecma.capture.recording import recording_folder, shipped
from zonecma.capture.state_files import DAMAGE, Folder, StateFiles
from zonecma.errors import InputError
from zonecma.lab.bitmap_runs import free_runs, ranges_of, sums
from zonecma.lab.frame_use import Prospect, Use, prospects, uses_by_flags
from zonecma.lab.holders import AreaOwners, find_area
from zonecma.lab.inspection import AreaView, Inspection, Missing, OwnerScan, SizeRow
from zonecma.lab.zone_room import zone_rooms
from zonecma.progress import Progress, no_progress

LIVE = "live"
MOMENTS = ("after", "before")
_PAGE_SIZES = (4096, 16384, 65536)


def inspect(where: str, moment: str = MOMENTS[0], progress: Progress = no_progress) -> Inspection:
    """Look at a bundle, a recording, or this machine (``live``).

    Raises InputError for what is none of them, and for files of theirs that can't be read.
    """
    if moment not in MOMENTS:
        raise InputError(f"--moment {moment}: expected {' or '.join(MOMENTS)}")
    if where == LIVE:
        return _inspect(LiveFiles(), None, moment, progress)
    path = Path(where)
    folder = path if path.is_file() else recording_folder(where)
    if folder is None:
        raise InputError(
            f"{where}: no such bundle or recording; expected a file, a folder, live, or {shipped()}"
        )
    return _inspect(Folder(folder, moment), folder, moment, progress)


def _inspect(files: StateFiles, folder: Path | None, moment: str, progress: Progress) -> Inspection:
    facts = _facts(files)
    areas = read_areas(files, folder, moment, facts.page_size)
    for area in areas:
        if area.count > MOST_FRAMES:
            raise InputError(
                f"{files.name}: area {area.name} has {area.count} frames; expected at most {MOST_FRAMES}"
            )
    if not areas and not facts.zones and facts.total is None:
        raise InputError(
            f"{files.name}: has neither zoneinfo, nor meminfo, nor an area; expected a bundle or a recording"
        )
    owned, scan, damage = _read_owners(files, areas, progress)
    views = tuple(_view(area, owners, facts) for area, owners in zip(areas, owned, strict=True))
    return Inspection(
        name=files.name,
        moment="now" if files.name == LIVE else moment,
        kernel=facts.kernel,
        page_size=facts.page_size,
        areas=views,
        zones=tuple(zone_rooms(facts.zones)),
        total_cma=facts.total,
        huge_free=facts.huge_free,
        owners=scan,
        missing=tuple(_missing(files, areas, scan, facts)),
        notes=(*damage, *_of_all(areas, facts)),
    )


@dataclass(frozen=True)
class _Facts:
    """What is known of the machine besides its areas."""

    zones: list[ZoneInfo]
    page_size: int
    kernel: str
    total: int | None
    huge_free: int | None
    sysfs: dict[str, dict[str, int]]


def _facts(files: StateFiles) -> _Facts:
    zoneinfo, meminfo = files.text("zoneinfo"), files.text("meminfo")
    zones = parse_zoneinfo(zoneinfo, f"{files.name}: zoneinfo") if zoneinfo else []
    figures = parse_meminfo(meminfo, f"{files.name}: meminfo") if meminfo else {}
    managed, total = sum(zone["managed"] for zone in zones), figures.get("MemTotal", 0) << 10
    page = (
        min(_PAGE_SIZES, key=lambda size: abs(managed * size - total))
        if managed and total
        else _PAGE_SIZES[0]
    )
    cma = figures.get("CmaTotal")
    return _Facts(
        zones=zones,
        page_size=page,
        kernel=_release(files.text("uname") or ""),
        total=None if cma is None else (cma << 10) // page,
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


def _read_owners(
    files: StateFiles, areas: Sequence[AreaNow], progress: Progress
) -> tuple[list[AreaOwners | None], OwnerScan | None, list[str]]:
    """What page_owner says of each area; damage ends the reading, and is said."""
    owned = [AreaOwners(area, taken_by_bitmap(area)) for area in areas]
    scan = Scan([(area.base_pfn, area.end_pfn) for area in areas])
    damage: list[str] = []
    started = time.perf_counter()
    with files.owners() as file:
        if file is None or not areas:
            return [None] * len(areas), None, []
        try:
            for number, page in enumerate(scan.pages(file)):
                find_area(owned, page.pfn).add(page)
                if not number & 0xFFFF:
                    progress("reading page_owner", scan.lengths, 0)
        except DAMAGE as error:
            damage = [f"page_owner is damaged after {scan.lengths} bytes ({error}): what follows is untold"]
    if not scan.records:
        found = "nothing in it" if not scan.lengths else "no record in it"
        raise InputError(f"{files.name}: page_owner: expected 'Page allocated via order ...', found {found}")
    if scan.cut:
        damage.append("page_owner ends within a record: what follows is untold")
    if scan.unread:
        damage.append(f"page_owner: {scan.unread} of {scan.records + scan.unread} passages are no records")
    told = OwnerScan(scan.records, scan.unread, bool(damage), time.perf_counter() - started)
    return [*owned], told, damage


def taken_by_bitmap(area: AreaNow) -> NDArray[np.bool_] | None:
    """Which frames contiguous calls have; None where there is no bitmap."""
    if area.bitmap is None:
        return None
    return np.repeat(area.bitmap.astype(bool), 1 << area.order_per_bit)


def _view(area: AreaNow, owners: AreaOwners | None, facts: _Facts) -> AreaView:
    taken = taken_by_bitmap(area)
    told_by = "" if taken is None else "bitmap"
    if taken is None and owners is not None:
        taken, told_by = owners.contiguous, "page_owner"
    uses = uses_of(area, owners, taken)
    kinds, counts = np.unique(uses, return_counts=True)
    return AreaView(
        name=area.name,
        base_pfn=area.base_pfn,
        count=area.count,
        order_per_bit=area.order_per_bit,
        zone=_zone_of(area, facts.zones),
        taken_told_by=told_by,
        runs=() if taken is None else tuple(free_runs(taken)),
        uses=uses,
        counts={Use(kind): int(number) for kind, number in zip(kinds, counts, strict=True)},
        mapped=None if area.mappings is None else int(np.count_nonzero(area.mappings)),
        holders=() if owners is None else owners.holders(),
        others=0 if owners is None else owners.others,
        sizes=() if taken is None else tuple(_sizes(area, uses)),
        sysfs=facts.sysfs.get(area.name, {}),
        notes=tuple(_disagreements(area, owners, taken)),
    )


def uses_of(area: AreaNow, owners: AreaOwners | None, taken: NDArray[np.bool_] | None) -> NDArray[np.uint8]:
    """What each frame holds, by all that was read: the bitmap, then an exact snapshot, kpageflags, page_owner.

    Where kpageflags say nothing of a frame (no flag: a CPU's free list, or the kernel's own page) its record
    in page_owner decides, or that it has none.
    """
    uses = np.full(area.count, Use.UNTOLD, np.uint8)
    if owners is not None:
        uses[:] = owners.uses
    if area.flags is not None:
        by_flags = uses_by_flags(area.flags, area.mappings)
        asked = (by_flags == Use.OFF_LRU) & (owners is not None)
        uses[: len(by_flags)] = np.where(asked, uses[: len(by_flags)], by_flags)
    if area.free is not None:
        stale = (uses == Use.FREE) & ~area.free
        uses[stale] = Use.UNTOLD
        uses[area.free] = Use.FREE
    if taken is not None:
        stale = (uses == Use.DEVICE) & ~taken
        uses[stale] = Use.UNTOLD
        uses[taken] = Use.DEVICE
    return uses


def _sizes(area: AreaNow, uses: NDArray[np.uint8]) -> Iterator[SizeRow]:
    """Powers of two, from one bit's frames up to the area."""
    prospect = prospects(uses)
    taken, stay, untold, free = (
        prospect == one for one in (Prospect.DEVICE, Prospect.STAYS, Prospect.UNTOLD, Prospect.FREE)
    )
    counted = (sums(taken), sums(stay), sums(untold), sums(~free))
    bit = 1 << area.order_per_bit
    starts = np.arange(0, area.count, bit)
    for order in range(area.order_per_bit, area.count.bit_length()):
        aligned = starts[(starts + area.base_pfn) % (1 << order) == 0]
        yield SizeRow(
            1 << order, ranges_of(1 << order, starts, *counted), ranges_of(1 << order, aligned, *counted)
        )


def _zone_of(area: AreaNow, zones: Sequence[ZoneInfo]) -> str:
    for zone in zones:
        start, spanned = zone.sizes.get("start_pfn", 0), zone.sizes.get("spanned", 0)
        if zone["managed"] and start <= area.base_pfn < start + spanned:
            return zone.name
    return ""


def _disagreements(
    area: AreaNow, owners: AreaOwners | None, taken: NDArray[np.bool_] | None
) -> Iterator[str]:
    """What two files say differently, which were read one after the other."""
    if area.bitmap is not None and taken is not None:
        if area.used is not None and area.used != int(taken.sum()):
            yield f"the kernel counted {area.used} frames in use, its bitmap has {int(taken.sum())}: read at other moments"
        longest = max((run.length for run in free_runs(taken)), default=0)
        if area.maxchunk is not None and area.maxchunk != longest:
            yield f"the kernel found a longest free run of {area.maxchunk}, its bitmap has {longest}: read at other moments"
        if owners is not None and (off := int(np.count_nonzero(owners.contiguous & ~taken))):
            yield f"{off} frames are a contiguous call's by page_owner, and free in the bitmap: read at other moments"
    for name, words in (("kpageflags", area.flags), ("kpagecount", area.mappings)):
        if words is not None and len(words) < area.count:
            yield f"{name} ends after {len(words)} of {area.count} frames: the rest is untold"
    if area.free is not None and owners is not None:
        both = int(np.count_nonzero(area.free & (owners.uses != Use.FREE)))
        if both:
            yield f"{both} frames are free in the snapshot and allocated in page_owner, which was read later"


def _of_all(areas: Sequence[AreaNow], facts: _Facts) -> Iterator[str]:
    found = sum(area.count for area in areas)
    if facts.total is not None and areas and facts.total != found:
        yield f"meminfo counts {facts.total} frames in areas, those shown have {found}: an area is missing, or was not activated"


def _missing(
    files: StateFiles, areas: Sequence[AreaNow], scan: OwnerScan | None, facts: _Facts
) -> Iterator[Missing]:
    """What was not there, why, and what it would have shown."""
    if not areas:
        none = facts.total == 0
        yield Missing("areas", "this kernel has none" if none else files.why_missing("cma"), "any area")
        return
    if any(area.bitmap is None for area in areas):
        yield Missing("bitmaps", files.why_missing("cma"), "which frames contiguous calls have")
    if any(area.flags is None for area in areas):
        yield Missing("kpageflags", files.why_missing("kpageflags.gz"), "what kind of page is in each frame")
    if scan is None:
        yield Missing("page_owner", files.why_missing("page_owner.gz"), "who holds the frames")
