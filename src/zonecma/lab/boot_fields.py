"""Which figures of a booted machine are held against a recorded kernel's, and how."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from zonecma.capture.boot_record import BootRecord
from zonecma.capture.proc.zoneinfo import ZoneInfo
from zonecma.kernel.alloc_flags import WMARK_HIGH, WMARK_LOW, WMARK_MIN, WMARK_PROMO
from zonecma.kernel.boot_rules import Pageset
from zonecma.kernel.migratetype import NAMES as TYPE_NAMES
from zonecma.kernel.units import ZoneIndex
from zonecma.kernel.zone import NAMES
from zonecma.machine.boot.progress import Boot
from zonecma.machine.boot.shown import block_counts, is_shown, present_as_shown

_MARKS = {"min": WMARK_MIN, "low": WMARK_LOW, "high": WMARK_HIGH, "promo": WMARK_PROMO}


@dataclass(frozen=True)
class Compared:
    """One figure: what the model says, the least and most that agrees with it, and the record."""

    place: str
    field: str
    lowest: int
    highest: int
    recorded: int

    @property
    def agrees(self) -> bool:
        """Whether the recorded figure is the predicted one, or within its bounds."""
        return self.lowest <= self.recorded <= self.highest

    @property
    def predicted_text(self) -> str:
        """The prediction in words."""
        return str(self.lowest) if self.lowest == self.highest else f"{self.lowest} to {self.highest}"


def fields_of(boot: Boot, record: BootRecord) -> Iterator[Compared]:
    """Every figure that is compared."""
    recorded = {(zone.node, zone.name): zone for zone in record.zones}
    predicted = {
        (node, NAMES[index]): index for node, index, _ in boot.zones() if is_shown(boot, node, index)
    }
    for node, name in sorted(recorded.keys() | predicted.keys()):
        place = f"node {node} {name}"
        shown = (node, name) in predicted
        yield _exact(place, "is there", int(shown), int((node, name) in recorded))
        if shown and (node, name) in recorded:
            yield from _zone(boot, node, predicted[node, name], place, recorded[node, name])
            yield from _pageblocks(boot, node, predicted[node, name], place, record)
    yield from _at_snapshots(boot, record)
    yield from _printed_flags(boot, record)
    if record.min_free_kbytes is not None:
        yield _exact("machine", "min_free_kbytes", boot.min_free_kbytes, record.min_free_kbytes)


def _exact(place: str, field: str, predicted: int, recorded: int) -> Compared:
    return Compared(place, field, predicted, predicted, recorded)


def _zone(boot: Boot, node: int, index: ZoneIndex, place: str, zone: ZoneInfo) -> Iterator[Compared]:
    record = boot.nodes[node].zone[index]
    figures = {
        "spanned": int(record.spanned),
        "present": present_as_shown(boot, int(record.present)),
        "start_pfn": int(record.start_pfn),
        "cma": int(record.cma),
        "vm stats threshold": int(record.stat_threshold),
        **{name: int(record.watermark[mark]) for name, mark in _MARKS.items()},
    }
    for name, figure in figures.items():
        if name in zone.sizes:
            yield _exact(place, name, figure, zone[name])
    for number, (column, kept) in enumerate(zip(boot.configured, zone.protection, strict=False)):
        yield _exact(place, f"protection[{number}]", int(record.lowmem_reserve[column]), kept)
    for cpu, pageset in enumerate(zone.pagesets):
        where = f"{place} cpu {pageset['cpu']}"
        if cpu < boot.board.nr_cpus:
            yield from _pageset(boot, boot.nodes[node].pcp[index, cpu], where, pageset)
        else:
            yield _exact(where, "is there", 0, 1)
    if "nr_alloc_batch" in zone.stats:
        yield _fair_batch(boot, record, place, zone.stats["nr_alloc_batch"])


def _pageset(boot: Boot, pcp: Any, place: str, pageset: dict[str, int]) -> Iterator[Compared]:
    """Batch and high of a CPU's lists.  From 6.7 on ``high`` moves: 0 until used, then between bounds."""
    yield _exact(place, "batch", int(pcp.batch), pageset["batch"])
    high = pageset["high"]
    tuned = boot.rules.boot.pageset is Pageset.TUNED
    lowest, highest = (int(pcp.high_min), int(pcp.high_max)) if tuned else (int(pcp.high), int(pcp.high))
    untouched = tuned and high == 0 == pageset["count"]
    yield Compared(place, "high", 0 if untouched else lowest, highest, high)


def _fair_batch(boot: Boot, record: Any, place: str, left: int) -> Compared:
    """What is left of a fair zone's batch: it ran down from high - low, give or take per-cpu drift."""
    signed = left - (1 << 32) if left >= 1 << 31 else left
    batch = int(record.watermark[WMARK_HIGH] - record.watermark[WMARK_LOW])
    drift = 2 * int(record.stat_threshold) * boot.board.nr_cpus + 1
    return Compared(place, "nr_alloc_batch", -drift, batch + (drift - 1 if batch else 0), signed)


def _pageblocks(
    boot: Boot, node: int, index: ZoneIndex, place: str, record: BootRecord
) -> Iterator[Compared]:
    """Types of the areas' pageblocks: all of a zone that is theirs alone, else those of type CMA."""
    blocks = record.page_types.blocks.get((node, NAMES[index])) if record.page_types else None
    if blocks is None:
        return
    counts = block_counts(boot, node, index)
    population = boot.placement.population
    own = population is not None and population.zone == index
    for kind, name in enumerate(TYPE_NAMES):
        if name in blocks and (own or name == "CMA"):
            yield _exact(place, f"pageblocks {name}", counts[kind], blocks[name])


def _at_snapshots(boot: Boot, record: BootRecord) -> Iterator[Compared]:
    """Managed pages when tracing began, where they are predicted; bounds of per-cpu lists later."""
    node = boot.board.nodes[0]
    if boot.lists_when_traced is not None and record.early:
        for zone in record.early.zones:
            place = f"node {node} {NAMES[zone.index]}"
            predicted = boot.managed_when_traced.get((node, zone.index), 0)
            yield _exact(place, "managed when traced", predicted, zone.managed)
    for zone in record.settled.zones if record.settled else ():
        for pcp in zone.pcp[: boot.board.nr_cpus]:
            model: Any = boot.nodes[node].pcp[zone.index, pcp.cpu]
            for name in ("high_min", "high_max"):
                if name in pcp.fields:
                    place = f"node {node} {NAMES[zone.index]} cpu {pcp.cpu}"
                    yield _exact(place, name, int(model[name]), pcp.fields[name])


def _printed_flags(boot: Boot, record: BootRecord) -> Iterator[Compared]:
    """Flags that a patched kernel printed after its core initcalls, of zones that have pages."""
    node, seen = boot.board.nodes[0], set()
    for printed in record.log.printed:
        if printed.zone in seen or not printed.populated or printed.zone not in boot.configured:
            continue
        seen.add(printed.zone)
        zone, place = boot.nodes[node].zone[printed.zone], f"node {node} {NAMES[printed.zone]}"
        yield _exact(place, "contiguous", int(zone.contiguous), int(printed.contiguous))
        yield _exact(place, "boot_pageset", int(zone.boot_pageset), int(printed.boot_pageset))
