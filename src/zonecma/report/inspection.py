"""How an inspection looks: each area, who holds it, what would fail, and what is free for whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zonecma.lab.bitmap_runs import Ranges
from zonecma.lab.frame_use import PROSPECTS, Use
from zonecma.lab.inspection import AreaView, Holder, Inspection, SizeRow, ZoneRoom
from zonecma.report.frame_uses import PROSPECT_WORDS, WORDS, legend, picture
from zonecma.report.table import aligned, fitted, notes, thousands, width
from zonecma.report.words import BLANK, count, mib, percent, printable, wrapped

_HOLDERS_SHOWN = 12


def inspection_text(outcome: Inspection, columns: int | None = None) -> str:
    """Each area in turn, then the zones, then what could not be read."""
    columns = columns or width()
    parts = [_heading(outcome)]
    for area in outcome.areas:
        parts += _area(area, outcome, columns)
    if outcome.zones:
        parts.append("\n".join(wrapped(line, columns) for line in _zones(outcome)))
    if lines := [*_remarks(outcome)]:
        parts.append(notes(lines, columns))
    return "\n\n".join(parts).replace(BLANK, " ")


def _heading(outcome: Inspection) -> str:
    kernel = f": kernel {printable(outcome.kernel)}" if outcome.kernel else ":"
    found = count(len(outcome.areas), "area") if outcome.areas else "no area"
    return f"{printable(outcome.name)}, {outcome.moment}{kernel}{',' * bool(outcome.kernel)} {found}"


def _area(area: AreaView, outcome: Inspection, columns: int) -> Iterator[str]:
    kib = outcome.page_size >> 10
    zone = f", zone {area.zone}" if area.zone else ""
    where = f"{thousands(area.count)} frames from {area.base_pfn:#x}{zone}"
    drawn = picture(area.uses, columns - 2)
    lines = [wrapped(f"area {printable(area.name)}: {mib(area.count * kib)}, {where}", columns), f"  {drawn}"]
    lines.append(wrapped(f"{legend(drawn)}; a block is {_cell(area, len(drawn), kib)}", columns, indent=2))
    yield "\n".join(lines)
    yield _uses(area)
    yield "\n".join(wrapped(line, columns) for line in _sentences(area, outcome.zones, kib))
    if area.holders:
        yield _holders(area, columns)
    if area.sizes:
        yield _sizes(area, kib, columns)


def _cell(area: AreaView, cells: int, kib: int) -> str:
    size = area.count * kib / cells
    return f"{size / 1024:.1f}{BLANK}MiB" if size >= 1024 else f"{size:.0f}{BLANK}KiB"


def _uses(area: AreaView) -> str:
    ordered = sorted(area.counts.items(), key=lambda item: (item[0] not in (Use.DEVICE, Use.FREE), -item[1]))
    rows = [["", "frames", "share", "contiguous calls"]]
    rows += [
        [WORDS[use], thousands(frames), percent(frames, area.count), PROSPECT_WORDS[PROSPECTS[use]]]
        for use, frames in ordered
    ]
    return aligned(rows)


def _sentences(area: AreaView, zones: Sequence[ZoneRoom], kib: int) -> Iterator[str]:
    if largest := area.largest:
        told = "" if area.taken_told_by == "bitmap" else " (by page_owner: there is no bitmap)"
        yield (
            f"The largest free run is {largest.length}@{largest.start}, {mib(largest.length * kib)};"
            f" {count(len(area.runs), 'free run')} in all{told}."
        )
    elif area.taken_told_by:
        yield "No frame is free in the bitmap: every call fails with -ENOMEM."
    else:
        yield "What contiguous calls have of it is not told: there is no bitmap."
    if area.mapped is not None:
        yield f"{thousands(area.mapped)} frames are mapped into address spaces (kpagecount)."
    got, failed = area.sysfs.get("alloc_pages_success"), area.sysfs.get("alloc_pages_fail")
    if got is not None and failed is not None:
        yield f"Since boot calls for {thousands(got)} frames succeeded, calls for {thousands(failed)} failed."
    if on_cpus := _on_cpus(area, zones):
        yield on_cpus
    yield from (f"Note: {note}." for note in area.notes)


def _on_cpus(area: AreaView, zones: Sequence[ZoneRoom]) -> str:
    """What frames without any flag may be."""
    frames = area.counts.get(Use.OFF_LRU, 0)
    count_there = sum(zone.on_cpus for zone in zones if zone.name == area.zone)
    if not frames or not count_there:
        return ""
    return (
        f"Of the {thousands(frames)} frames on no list up to {thousands(min(frames, count_there))} may be"
        f" free on the lists of CPUs, where zone {area.zone} has {thousands(count_there)}:"
        " a contiguous call drains these."
    )


def _holders(area: AreaView, columns: int) -> str:
    """Who holds frames; the misplaced first."""
    rows = [["who holds frames", "frames", "what", ""]]
    rows += [
        [_holder(one), thousands(one.frames), WORDS[one.use], _mark(one)]
        for one in area.holders[:_HOLDERS_SHOWN]
    ]
    rest = sum(one.frames for one in area.holders[_HOLDERS_SHOWN:]) + area.others
    rows += [["others", thousands(rest), "", ""]] if rest else []
    return fitted(rows, columns)


def _holder(one: Holder) -> str:
    task = printable(one.task) or "?"
    return f"{task} in {printable(one.function) or '?'}, {printable(one.gfp).replace('|', ' ') or '0'}"


def _mark(one: Holder) -> str:
    if one.misplaced:
        came = f"moved there by {printable(one.moved_by)}" if one.moved_by else "allocated there: a bug"
        return f"{printable(one.page_type).lower()}, {came}"
    return PROSPECT_WORDS[PROSPECTS[one.use]]


def _sizes(area: AreaView, kib: int, columns: int) -> str:
    rows = [["a call of", "ranges", "aligned", "clear", "to move", "outcome"]]
    rows += [
        [
            mib(row.frames * kib),
            thousands(row.anywhere.free),
            thousands(row.aligned.free),
            thousands(row.anywhere.clear),
            "-" if row.anywhere.least_to_move is None else thousands(row.anywhere.least_to_move),
            _outcome(row),
        ]
        for row in area.sizes
    ]
    return fitted(_to_the_left(rows), columns)


def _to_the_left(rows: list[list[str]]) -> list[list[str]]:
    """The last column begins where it begins in each row."""
    longest = max(len(row[-1]) for row in rows)
    return [[*row[:-1], row[-1].ljust(longest)] for row in rows]


def _outcome(row: SizeRow) -> str:
    anywhere, narrow = verdict(row.anywhere), verdict(row.aligned)
    return anywhere if anywhere == narrow else f"{anywhere} / {narrow}"


def verdict(ranges: Ranges) -> str:
    """What would become of a call: the first is certain, the others hold for this moment."""
    if not ranges.free:
        return "fails, no run"
    if ranges.empty:
        return "succeeds"
    if not ranges.clear:
        return "fails, pages stay"
    return "if all move" if ranges.told else "can't be told"


def _zones(outcome: Inspection) -> Iterator[str]:
    """What is free, and how much of it is of use to requests that may not use areas."""
    kib = outcome.page_size >> 10
    for zone in outcome.zones:
        free = f"Zone {zone.name}: {_size(zone.free, kib)} free"
        if zone.unmovable_may_use:
            yield (
                f"{free}, {_size(zone.free_cma, kib)} of it in areas; an unmovable request (GFP_KERNEL) sees"
                f" {_size(zone.for_unmovable, kib)}, {_above(zone, kib)}."
            )
        else:
            yield f"{free}, none of it for GFP_KERNEL."
    yield _outlook(outcome)


def _above(zone: ZoneRoom, kib: int) -> str:
    if zone.above_low > 0:
        return f"{_size(zone.above_low, kib)} above low"
    return "not above low" if zone.above_min > 0 else "not above min"


def _outlook(outcome: Inspection) -> str:
    """When reclaim starts for unmovable requests, over all zones."""
    kib = outcome.page_size >> 10
    zones = [zone for zone in outcome.zones if zone.unmovable_may_use]
    free = sum(zone.free for zone in outcome.zones)
    no_use = free - sum(zone.for_unmovable for zone in zones)
    useless = f"{_size(no_use, kib)} of the {_size(free, kib)} free are no use to them"
    if left := sum(max(zone.above_low, 0) for zone in zones):
        return f"Unmovable requests wake kswapd when {_size(left, kib)} more are taken; {useless}."
    if any(zone.above_min > 0 for zone in zones):
        return f"Unmovable requests find every zone at or below low, and wake kswapd: {useless}."
    return f"Unmovable requests find every zone at or below min, and must reclaim: {useless}."


def _size(frames: int, kib: int) -> str:
    return f"{frames * kib / 1024:,.1f}{BLANK}MiB"


def _remarks(outcome: Inspection) -> Iterator[str]:
    for one in outcome.missing:
        yield f"{one.what} can't be read ({one.why}): untold is {one.hides}"
    yield from outcome.notes
    used = {use for area in outcome.areas for use in area.counts}
    if used & {Use.ANONYMOUS, Use.SHMEM, Use.FILE, Use.DIRTY_FILE, Use.BUFFERS, Use.UNEVICTABLE}:
        yield (
            "no file of the kernel tells references: a page that is pinned (direct I/O, RDMA, V4L2), or in a"
            " pipe, looks like one that moves"
        )
    if Use.HUGETLB in used:
        free = "an unknown number of" if outcome.huge_free is None else f"{outcome.huge_free}"
        yield f"a hugetlb page moves only into another huge page, of which {free} are free"
    if any(area.sizes for area in outcome.areas):
        yield (
            "clear are ranges without a page that stays; behind a stroke is the outcome of an aligned call;"
            " aligned ranges begin at a multiple of their size, as the DMA API asks for up to"
            " CONFIG_CMA_ALIGNMENT (usually 1 MiB); only 'fails, no run' is certain, the other outcomes hold"
            " for this moment"
        )
    if scan := outcome.owners:
        yield f"page_owner: {thousands(scan.records)} records read"


def inspection_json(outcome: Inspection) -> dict[str, object]:
    """The same as plain values."""
    return {
        "name": outcome.name,
        "moment": outcome.moment,
        "kernel": outcome.kernel,
        "page_size": outcome.page_size,
        "areas": [_area_json(area) for area in outcome.areas],
        "zones": [
            vars(zone) | {"watermarks": list(zone.watermarks), "for_unmovable": zone.for_unmovable}
            for zone in outcome.zones
        ],
        "cma_frames": outcome.total_cma,
        "page_owner": outcome.owners and vars(outcome.owners),
        "missing": [vars(one) for one in outcome.missing],
        "notes": list(outcome.notes),
    }


def _area_json(area: AreaView) -> dict[str, object]:
    told = bool(area.taken_told_by)
    return {
        "name": area.name,
        "base_pfn": area.base_pfn,
        "frames": area.count,
        "order_per_bit": area.order_per_bit,
        "zone": area.zone or None,
        "taken_told_by": area.taken_told_by or None,
        "used": area.used if told else None,
        "largest_free_run": vars(area.largest) if area.largest else None,
        "free_runs": [vars(run) for run in area.runs],
        "uses": {use.name.lower(): frames for use, frames in area.counts.items()},
        "mapped": area.mapped,
        "holders": [
            vars(one) | {"use": one.use.name.lower(), "prospect": PROSPECTS[one.use].name.lower()}
            for one in area.holders
        ],
        "other_holders_frames": area.others,
        "sizes": [
            {
                "frames": row.frames,
                "anywhere": vars(row.anywhere) | {"outcome": verdict(row.anywhere)},
                "aligned": vars(row.aligned) | {"outcome": verdict(row.aligned)},
            }
            for row in area.sizes
        ],
        "sysfs": area.sysfs,
        "notes": list(area.notes),
    }
