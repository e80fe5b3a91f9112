"""The areas of a machine at one moment: what is in them, who holds it, and what would fail."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from zonecma.capture.areas_now import AreaNow, read_areas
from zonecma.capture.live_files import LiveFiles
from zonecma.capture.proc.cma_debugfs import MOST_FRAMES
from zonecma.capture.proc.page_owner import Scan
from zonecma.capture.recording import recording_folder, shipped
from zonecma.capture.state_files import DAMAGE, Folder, StateFiles
from zonecma.errors import InputError
from zonecma.lab.area_view import taken_by_bitmap, view_of
from zonecma.lab.holders import AreaOwners, find_area
from zonecma.lab.inspection import Inspection, Missing, OwnerScan
from zonecma.lab.machine_facts import MachineFacts, facts_of
from zonecma.lab.zone_room import zone_rooms
from zonecma.progress import Progress, no_progress

LIVE = "live"
MOMENTS = ("after", "before")


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
    facts = facts_of(files)
    areas = read_areas(files, folder, moment, facts.page_size)
    for area in areas:
        if area.count > MOST_FRAMES:
            raise InputError(
                f"{files.name}: area {area.name} has {area.count} frames; expected at most {MOST_FRAMES}"
            )
    if not areas and not facts.zones and facts.has_cma is None:
        raise InputError(
            f"{files.name}: has neither zoneinfo, nor meminfo, nor an area; expected a bundle or a recording"
        )
    owned, scan, damage = _read_owners(files, areas, progress)
    views = tuple(view_of(area, owners, facts) for area, owners in zip(areas, owned, strict=True))
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
                    progress("reading page_owner", scan.nr_bytes, 0)
        except DAMAGE as error:
            damage = [f"page_owner is damaged after {scan.nr_bytes} bytes ({error}): what follows is untold"]
    if not scan.nr_bytes and not damage:
        return [None] * len(areas), None, ["page_owner is empty"]
    if not scan.records:
        raise InputError(f"{files.name}: page_owner: expected records of allocations, found none")
    if scan.cut:
        damage.append("page_owner ends within a record: what follows is untold")
    if damage:
        for one in owned:
            one.end_after(scan.last_pfn)
    if scan.unread:
        damage.append(f"page_owner: {scan.unread} of {scan.records + scan.unread} passages are no records")
    told = OwnerScan(scan.records, scan.unread, bool(damage), time.perf_counter() - started)
    return [*owned], told, damage


def _of_all(areas: Sequence[AreaNow], facts: MachineFacts) -> Iterator[str]:
    found = sum(area.count for area in areas)
    if facts.total is not None and areas and facts.total != found:
        yield (
            f"the kernel counts {facts.total} frames in areas, those shown have {found}:"
            " an area is missing, or was not activated"
        )


def _missing(
    files: StateFiles, areas: Sequence[AreaNow], scan: OwnerScan | None, facts: MachineFacts
) -> Iterator[Missing]:
    """What was not there, why, and what it would have shown."""
    if not areas:
        yield Missing("areas", _why_no_area(files, facts), "what is in one")
        return
    if any(area.bitmap is None for area in areas):
        yield Missing("bitmaps", files.why_missing("cma"), "which frames contiguous calls have")
    if any(area.flags is None for area in areas):
        yield Missing("kpageflags", files.why_missing("kpageflags.gz"), "what kind of page is in each frame")
    if scan is None:
        yield Missing("page_owner", files.why_missing("page_owner.gz"), "who holds the frames")


def _why_no_area(files: StateFiles, facts: MachineFacts) -> str:
    if facts.has_cma is False:
        return "this kernel has no CONFIG_CMA: its meminfo has no CmaTotal"
    return "this kernel has none: CmaTotal is 0" if facts.total == 0 else files.why_missing("cma")
