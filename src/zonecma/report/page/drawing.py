"""What the page's script draws, as JSON's types: the map of memory, the calls on it, the charts."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zonecma.kernel.zone import NAMES as ZONE_NAMES
from zonecma.lab.page_map import PageMap, part_names
from zonecma.report.page.results import Json, Results
from zonecma.report.page.sizing import sizing_chart
from zonecma.report.words import printable
from zonecma.workload.holders import Holder

HOLDERS: Mapping[Holder, tuple[str, str]] = {
    Holder.ABSENT: ("absent", "no memory"),
    Holder.BEFORE: ("before", "in use before the trace, or reserved"),
    Holder.FREE: ("free", "free"),
    Holder.ANONYMOUS: ("anonymous", "anonymous"),
    Holder.FILE: ("file", "file cache"),
    Holder.USER: ("user", "anonymous or file cache"),
    Holder.BUFFER: ("buffer", "block device, metadata"),
    Holder.KERNEL: ("kernel", "the kernel's own"),
    Holder.MOVED: ("moved", "in migration, owner not shown"),
    Holder.CONTIGUOUS: ("contiguous", "contiguous buffer"),
}
"""The name of each holder's colour, and what it is called."""

MOST_CALLS = 2000
"""Contiguous calls on a page; one of more would be slow, and too large."""
_MOST_RANGES = 12_000
"""Of all calls together."""
_MOST_STEPS = 400
"""Of a curve."""
_SECOND = 1e9


def drawn(results: Results) -> dict[str, Any]:
    """All that the script needs."""
    found = results.page_map
    return {
        "map": None if found is None else map_json(found),
        "calls": calls_json(results.explanation) if results.explanation else [],
        "charts": charts(results),
    }


def map_json(found: PageMap) -> dict[str, Any]:
    """The map; ``cells`` are shares of 255 by row, holder and moment, deflated (zlib), in base64."""
    shares = found.rows * (255.0 / found.rows.sum(axis=2, keepdims=True))
    cells = np.ascontiguousarray(np.rint(shares).astype(np.uint8).transpose(1, 2, 0))
    return {
        "moments": len(found.times),
        "rows": found.rows.shape[1],
        "start": float(found.times[0]) / _SECOND,
        "end": float(found.times[-1]) / _SECOND,
        "rowFrames": 1 << int(found.row_order),
        "blocksPerRow": 1 << found.row_order - found.pageblock_order,
        "pageKib": found.page_kib,
        "holders": [{"key": key, "name": holder_name(found, holder)} for holder, (key, _) in HOLDERS.items()],
        "zones": [
            {
                "name": ZONE_NAMES[zone.index],
                "start": int(zone.start_pfn),
                "end": int(zone.start_pfn + zone.spanned),
            }
            for zone in found.zones
        ],
        "areas": [
            {"name": printable(area.name), "start": int(area.base_pfn), "end": int(area.end_pfn)}
            for area in found.areas
        ],
        "load": [None if time is None else time / _SECOND for time in found.load],
        "cells": base64.b64encode(zlib.compress(cells.tobytes(), 9)).decode(),
    }


def holder_name(found: PageMap, holder: Holder) -> str:
    """What a holder is called; without a snapshot a frame that the trace has not named may be free."""
    if holder is Holder.BEFORE and not found.exact:
        return "not seen in the trace yet: free, in use or reserved"
    return HOLDERS[holder][1]


def calls_json(explanation: Json) -> list[dict[str, Any]]:
    """The contiguous calls, their ranges with what blocked them; times in s, and ms where it says so."""
    calls = explanation["calls"][:MOST_CALLS]
    most = ranges_shown(explanation)
    return [_call(call, most) for call in calls]


def ranges_shown(explanation: Json) -> int:
    """How many ranges of each call are drawn: the first ones, as many as there is room for."""
    return _MOST_RANGES // max(len(explanation["calls"][:MOST_CALLS]), 1)


def _call(call: Json, most: int) -> dict[str, Any]:
    begun, ranges = float(call["time"]), []
    for attempt in call["attempts"][:most]:
        ranges.append(_range(attempt, begun))
        begun += attempt["ms"]
    return {
        "n": call["n"],
        "t": call["time"] / 1e3,
        "ms": call["latency_ms"],
        "outcome": printable(str(call["outcome"])),
        "size": call["size"],
        "pfn": call["pfn"],
        "task": printable(str(call["task"])),
        "area": printable(str(call["area"])),
        "tried": len(call["attempts"]),
        "ranges": ranges,
    }


def _range(attempt: Json, begun: float) -> dict[str, Any]:
    """``begun``: ms of the trace's clock."""
    blocker = attempt["blocker"] or {}
    return {
        "start": attempt["start"],
        "end": attempt["end"],
        "t": round(begun / 1e3, 6),
        "ms": round(attempt["ms"], 4),
        "outcome": attempt["outcome"],
        "kind": blocker.get("kind"),
        "pfn": blocker.get("pfn"),
    }


def charts(results: Results) -> dict[str, Any]:
    """Each chart by the name of its place in the page."""
    found: dict[str, Any] = {}
    if results.page_map is not None:
        found |= {f"part{i}": part for i, part in enumerate(_parts(results.page_map))}
    if results.comparison:
        found["use"] = _use(results.comparison)
        if any(len(p.get("each_call", ())) for p in results.comparison["placements"]):
            found["modelled"] = _modelled(results.comparison)
    if results.explanation and results.explanation["calls"]:
        found["latencies"] = _latencies(results.explanation)
    if results.sizing:
        found["sizes"] = sizing_chart(results.sizing)
    lasting = _lasting(results)
    if lasting:
        found["lasting"] = lasting
    return found


def _parts(found: PageMap) -> list[dict[str, Any]]:
    """Use of each part of memory over time, stacked by holder; areas first."""
    names = [*part_names(found.areas)]
    order = [*range(1, len(names)), 0]
    return [_part(found, number, printable(names[number])) for number in order]


def _part(found: PageMap, number: int, name: str) -> dict[str, Any]:
    counts = found.parts[:, number].astype(float) * found.page_kib / 1024
    return {
        "kind": "stack",
        "name": name,
        "x": [round(time, 4) for time in (found.times / _SECOND).tolist()],
        "series": [
            {
                "key": HOLDERS[holder][0],
                "name": holder_name(found, holder),
                "y": counts[:, holder].round(2).tolist(),
            }
            for holder in (*_STACKED, Holder.FREE)
            if counts[:, holder].any()
        ],
        "unit": "MiB",
        "xUnit": "s",
    }


_STACKED = (
    Holder.BEFORE,
    Holder.KERNEL,
    Holder.BUFFER,
    Holder.CONTIGUOUS,
    Holder.MOVED,
    Holder.ANONYMOUS,
    Holder.USER,
    Holder.FILE,
)


def _use(comparison: Json) -> dict[str, Any]:
    """Use of the area over the load's time, a line for each placement."""
    seconds = comparison.get("seconds")
    series = []
    for placement in comparison["placements"]:
        shares = placement["area_use_over_time"]
        width = (seconds or 100) / max(len(shares), 1)
        series.append(
            {
                "name": printable(str(placement["name"])),
                "x": [round((i + 0.5) * width, 4) for i in range(len(shares))],
                "y": [round(100 * share, 3) for share in shares],
            }
        )
    unit = "s" if seconds else "% of the load"
    return {"kind": "lines", "series": series, "unit": "%", "xUnit": unit, "from0": True}


def _latencies(explanation: Json) -> dict[str, Any]:
    """Each recorded call's time by its size."""
    kib = explanation.get("page_kib", 4)
    ended = [call for call in explanation["calls"] if call["latency_ms"] is not None]
    return _dots(
        (
            ("got its frames", [call for call in ended if call["outcome"] == "ok"]),
            ("failed", [call for call in ended if call["outcome"] != "ok"]),
        ),
        lambda call: (call["size"] * kib / 1024, call["latency_ms"], f"call {call['n']}"),
    )


def _modelled(comparison: Json) -> dict[str, Any]:
    """The same of the model's, under each placement."""
    return _dots(
        [(printable(str(p["name"])), p.get("each_call", ())) for p in comparison["placements"]],
        lambda call: (call["pages"] * 4 / 1024, call["ms"], "got" if call["ok"] else "failed"),
    )


def _dots(groups: Sequence[tuple[str, Sequence[Json]]], point: Any) -> dict[str, Any]:
    series = []
    for name, calls in groups:
        points = [point(call) for call in calls[:MOST_CALLS]]
        x, y, labels = ([row[i] for row in points] for i in range(3))
        series.append({"name": name, "x": x, "y": y, "labels": labels})
    return {"kind": "dots", "series": series, "unit": "ms", "xUnit": "MiB", "logX": 2, "logY": 10}


def _lasting(results: Results) -> dict[str, Any] | None:
    """The share of pages that is still in the way after a time, a curve for each kind."""
    series = []
    if results.explanation:
        for kind, found in results.explanation.get("in_the_way", {}).items():
            series.append(_curve(f"{kind} ({found['pages']})", found["still"]))
    if results.causes:
        series += [
            _curve(f"{cause['class']} ({cause['pages']})", list(zip(_AFTER, still.values(), strict=True)))
            for cause in results.causes["causes"]
            if (still := cause["still_in_the_way"])
        ]
    if not series:
        return None
    return {"kind": "steps", "series": series, "unit": "%", "xUnit": "ms", "logX": 10, "from0": True}


_AFTER = (1.0, 10.0, 100.0, 1000.0, 10000.0)
"""ms: the times of a scenario's curves."""


def _curve(name: str, still: Sequence[Sequence[float]]) -> dict[str, Any]:
    """A curve of many steps keeps every so many."""
    kept = [*still[:: len(still) // _MOST_STEPS + 1], *still[-1:]]
    return {
        "name": name,
        "x": [round(ms, 4) for ms, _ in kept],
        "y": [round(100 * share, 2) for _, share in kept],
    }
