"""The words and tables of the page, as its template takes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from zonecma.report.page.drawing import MOST_CALLS, ranges_shown
from zonecma.report.page.results import Json, Results
from zonecma.report.page.sizing import sizing_panel
from zonecma.report.table import counted, thousands
from zonecma.report.words import at, count, mib, ms, printable

_PAGE_MIB = 4 / 1024
_MOST_CALLS = 200
_MOST_PAGES = 12
_MS = 1e6
"""ns"""


class Card(NamedTuple):
    """A figure that stands out."""

    value: str
    label: str


class Figure(NamedTuple):
    """A row of the comparison."""

    label: str
    value: Callable[[Json], float]
    factor: float = 1
    places: int | None = None
    """None: a count"""

    def show(self, value: float) -> str:
        """In the table's unit."""
        scaled = value * self.factor
        return counted(scaled) if self.places is None else f"{scaled:,.{self.places}f}"


class Cell(NamedTuple):
    """What one placement did, and how that differs from the baseline."""

    text: str
    difference: str
    share: float
    """of the row's largest value"""


def _of_reclaim(name: str) -> Callable[[Json], float]:
    return lambda placement: float(placement["reclaim"][name])


def _of_kind(name: str) -> Callable[[Json], float]:
    return lambda placement: float(placement["use_by"].get(name, 0))


_FIGURES = (
    Figure("area in use, mean %", lambda p: float(p["area_use_mean"]), 100, 1),
    Figure("of it anonymous, MiB", _of_kind("anonymous"), _PAGE_MIB, 1),
    Figure("of it files, MiB", _of_kind("file"), _PAGE_MIB, 1),
    Figure("of it block device, MiB", _of_kind("blockdev"), _PAGE_MIB, 1),
    Figure("free outside, min MiB", lambda p: float(p["min_free_outside"]), _PAGE_MIB, 1),
    Figure("requests that found nothing", lambda p: float(p["failed_requests"])),
    Figure("contiguous calls", lambda p: float(p["calls"])),
    Figure("… got their frames", lambda p: float(p["calls_ok"])),
    Figure("frames moved for them", lambda p: float(p["frames_migrated"])),
)
_CLOSED = (
    Figure("clean pages dropped", _of_reclaim("pages_dropped")),
    Figure("kswapd wakes", _of_reclaim("kswapd_wakes")),
    Figure("direct reclaims", _of_reclaim("direct_reclaim")),
    Figure("pages reclaimed", _of_reclaim("pages_reclaimed")),
    Figure("pages swapped out", _of_reclaim("swapped_out")),
    Figure("pages swapped in", _of_reclaim("swapped_in")),
    Figure("refaults", _of_reclaim("refaults")),
    Figure("OOM kills", _of_reclaim("oom_kills")),
    Figure("stalled in reclaim, s", _of_reclaim("stall_seconds"), 1, 2),
    Figure("waited for disks, s", _of_reclaim("waited_seconds"), 1, 2),
    Figure("elapsed, s", _of_reclaim("elapsed_seconds"), 1, 2),
)


def panels(results: Results) -> dict[str, Any]:
    """What the template shows, by panel; None for a panel that has no outcome."""
    return {
        "source": printable(results.source),
        "kernel": _kernel(results),
        "cards": [*_cards(results)],
        "comparison": _comparison(results.comparison) if results.comparison else None,
        "explanation": _explanation(results.explanation) if results.explanation else None,
        "causes": _causes(results.causes) if results.causes else None,
        "predictions": [_prediction(one) for one in results.predictions],
        "sizing": sizing_panel(results.sizing) if results.sizing else None,
        "absent": [*_absent(results)],
        "assumptions": _assumptions(results),
        "facts": [(printable(what), printable(value)) for what, value in results.facts],
        "commands": [printable(command) for command in results.commands],
    }


def _kernel(results: Results) -> str:
    outcomes = (results.explanation, results.comparison, results.causes, results.sizing)
    return printable(str(next((one["kernel"] for one in outcomes if one), "")))


def _cards(results: Results) -> Iterator[Card]:
    if found := results.explanation:
        calls = found["calls"]
        got = sum(call["outcome"] == "ok" for call in calls)
        yield Card(f"{got} of {len(calls)}", "contiguous calls got their frames")
        slowest = max((call["latency_ms"] or 0 for call in calls), default=0)
        yield Card(ms(round(slowest * _MS)), "the slowest call")
        vain = sum(kind["attempts"] for kind in found["by_kind"].values())
        yield Card(thousands(vain), "ranges tried in vain")
    if results.causes:
        wishes = results.causes["calls"]
        yield Card(f"{wishes['failed_first']} of {wishes['asked']}", "buffers not got at once")
        yield Card(thousands(results.causes["ranges_in_vain"]), "ranges tried in vain")
    if found := results.comparison:
        best = max(found["placements"], key=lambda p: p["area_use_mean"])
        name = printable(str(best["name"]))
        yield Card(f"{100 * best['area_use_mean']:.1f} %", f"of the area in use under {name}, the most")
    if results.page_map:
        yield Card(thousands(results.page_map.nr_events), "events of the trace")


def _comparison(found: Json) -> dict[str, Any]:
    placements, rows = found["placements"], comparison_rows(found)
    return {
        "names": [printable(str(placement["name"])) for placement in placements],
        "rows": [row for row in rows if any(cell.share for cell in row[1])],
        "none": [label for label, cells in rows if not any(cell.share for cell in cells)],
        "runs": count(found["runs"], "run"),
        "area": f"{found['area_pages'] * _PAGE_MIB:g} MiB",
        "modelled": any(len(placement.get("each_call", ())) for placement in placements),
    }


def comparison_rows(found: Json) -> list[tuple[str, list[Cell]]]:
    """Each figure of the placements with its name; without those of reclaim where there was none."""
    figures = _FIGURES if found["open_loop"] else (*_FIGURES, *_CLOSED)
    return [(figure.label, _cells(figure, found["placements"])) for figure in figures]


def _cells(figure: Figure, placements: Sequence[Json]) -> list[Cell]:
    values = [figure.value(placement) for placement in placements]
    most = max(values, default=0) or 1
    nothing = figure.show(0)
    return [
        Cell(
            text=figure.show(value),
            difference="" if i == 0 else _difference(figure, value - values[0]),
            share=value / most if figure.show(value) != nothing else 0,
        )
        for i, value in enumerate(values)
    ]


def _difference(figure: Figure, difference: float) -> str:
    text = figure.show(abs(difference))
    if text == figure.show(0):
        return "="
    return f"{'+' if difference > 0 else '-'}{text}"


def _explanation(found: Json) -> dict[str, Any]:
    calls = found["calls"]
    kib = found.get("page_kib", 4)
    most = max((kind["attempts"] for kind in found["by_kind"].values()), default=1)
    return {
        "calls": [_call(call, kib) for call in calls[:_MOST_CALLS]],
        "more": max(len(calls) - _MOST_CALLS, 0),
        "kinds": [_kind(name, kind, most) for name, kind in found["by_kind"].items()],
        "pages": [_page(page) for page in found["pages"][:_MOST_PAGES]],
        "more_pages": max(len(found["pages"]) - _MOST_PAGES, 0),
        "sentence": found["persistence"]["sentence"],
        "cut": _cut(found),
        "lost": found["lost"],
        "damage": printable(found["damage"]),
    }


def _cut(found: Json) -> str:
    """What of the calls the map leaves out; empty where it shows all."""
    most = ranges_shown(found)
    if len(found["calls"]) > MOST_CALLS:
        return f"the map shows the first {MOST_CALLS} calls, and of each its first {count(most, 'range')}"
    if any(len(call["attempts"]) > most for call in found["calls"]):
        return f"the map shows the first {count(most, 'range')} of each call"
    return ""


def _call(call: Json, kib: int) -> dict[str, Any]:
    blockers = Counter(
        attempt["blocker"]["kind"] for attempt in call["attempts"] if attempt["blocker"] is not None
    )
    return {
        "n": call["n"],
        "time": at(round(call["time"] * _MS)),
        "task": printable(str(call["task"])),
        "size": mib(call["size"] * kib),
        "ok": call["outcome"] == "ok",
        "outcome": "got" if call["outcome"] == "ok" else printable(call["outcome"]),
        "latency": "-" if call["latency_ms"] is None else ms(round(call["latency_ms"] * _MS)),
        "ranges": len(call["attempts"]),
        "moved": thousands(sum(attempt["nr_moved"] for attempt in call["attempts"])),
        "blockers": ", ".join(f"{kind} ({times})" for kind, times in blockers.most_common(3)),
    }


def _kind(name: str, kind: Json, most: int) -> dict[str, Any]:
    return {
        "name": name,
        "ranges": thousands(kind["attempts"]),
        "share": kind["attempts"] / most,
        "percent": f"{100 * kind['attempts_share']:.0f} %",
        "time": ms(round(kind["ms"] * _MS)),
        "pages": thousands(kind["pages"]),
        "longest": ms(round(kind["longest_ms"] * _MS)),
    }


def _page(page: Json) -> dict[str, Any]:
    left = page["freed"]
    return {
        "pfn": f"{page['pfn']:#x}",
        "kind": page["kind"],
        "task": printable(str(page["task"] or "before the trace")),
        "ranges": thousands(page["attempts"]),
        "calls": ", ".join(map(str, page["calls"][:8])) + (" …" if len(page["calls"]) > 8 else ""),
        "lasted": ms(round((page["last"] - page["first"]) * _MS)),
        "left": "not seen" if left is None else ms(round((left - page["first"]) * _MS)),
        "barred": {True: "no", False: "yes", None: "not known"}[page["barred_by_zone_cma"]],
    }


def _causes(found: Json) -> dict[str, Any]:
    wishes = found["calls"]
    return {
        "heading": f"{found['scenario']} on {found['board']} under {found['placement']}",
        "asked": thousands(wishes["asked"]),
        "failed": thousands(wishes["failed_first"]),
        "given_up": thousands(wishes["given_up"]),
        "rows": [_cause(cause) for cause in found["causes"]],
        "remedies": [_remedy(remedy) for remedy in found["remedies"]],
    }


def _cause(cause: Json) -> dict[str, Any]:
    median = cause["in_the_way_ms"]["median"]
    return {
        "name": cause["class"],
        "ranges": thousands(cause["ranges"]),
        "share": cause["share"],
        "percent": f"{100 * cause['share']:.0f} %",
        "pages": thousands(cause["pages"]),
        "median": "not seen" if median is None else ms(round(median * _MS)),
        "needs": cause["needs"] or "-",
    }


def _remedy(remedy: Json) -> dict[str, Any]:
    calls = remedy["calls"]
    if not calls:
        return {"what": printable(remedy["what"]), "outcome": f"not tried: {printable(remedy['why_not'])}"}
    text = f"{thousands(calls['failed_first'])} of {thousands(calls['asked'])} not got at once"
    text += f", {thousands(calls['given_up'])} never"
    return {"what": printable(remedy["what"]), "outcome": text}


def _prediction(found: Json) -> dict[str, Any]:
    recorded = found.get("recorded")
    return {
        "heading": printable(f"{found['recording']} under {found['placement']}"),
        "seeds": count(found["seeds"], "run"),
        "recorded": recorded is not None,
        "rows": [_predicted(name, found, recorded) for name in found["predicted"] if _told(name, found)],
    }


def _told(name: str, found: Json) -> bool:
    return found["predicted"][name] is not None


def _predicted(name: str, found: Json, recorded: Json | None) -> dict[str, str]:
    low, high = found["interval"].get(name, (None, None))
    return {
        "label": name.replace("_", " "),
        "value": _number(found["predicted"][name]),
        "interval": "-" if low is None else f"{_number(low)} to {_number(high)}",
        "recorded": _number(recorded.get(name)) if recorded else "",
    }


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if 0 < abs(value) < 1 else counted(round(value, 2))


def _assumptions(results: Results) -> list[str]:
    lines = list(results.comparison["assumptions"]) if results.comparison else []
    if results.comparison:
        lines += [
            f"{p['name']} leaves out: {p['leaves_out']}"
            for p in results.comparison["placements"]
            if p["leaves_out"]
        ]
        lines += [f"read in part: {results.comparison['damage']}"] if results.comparison["damage"] else []
    for prediction in results.predictions:
        lines += prediction["notes"]
    if results.page_map:
        lines.append(
            "the map shows each row of frames as it was at so many moments: what came and went between two"
            " of them is not on it"
        )
    if results.page_map and not results.page_map.exact:
        lines.append("the map has no snapshot to begin with: a frame is grey until the trace names it")
    return [printable(str(line)) for line in dict.fromkeys(lines)]


def _absent(results: Results) -> Iterator[tuple[str, str]]:
    """Panels without an outcome, and the command that would fill them."""
    if results.page_map is None:
        yield "The map of memory and its use over time", "zonecma report RECORDING -o out.html"
    if results.comparison is None:
        yield "Placements compared", "zonecma compare LOAD --json > compare.json"
    if results.explanation is None and results.causes is None:
        yield "Contiguous calls and what blocked them", "zonecma explain LOAD --json > explain.json"
    if not results.predictions:
        yield (
            "A prediction over seeds",
            "zonecma whatif LOAD --placement zone-cma --json > whatif.json",
        )
