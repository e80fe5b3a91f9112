"""How explain's outcome for a generated load looks: who was in the way, how long, and what helps."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from zonecma.lab.scenario_explanation import Cause, PageInTheWay, Remedy, ScenarioExplanation, Wishes, Work
from zonecma.lab.survival import Survival
from zonecma.report.page_classes import NAMES, NEEDS
from zonecma.report.table import fitted, notes, thousands, width
from zonecma.report.words import count, percent, wrapped

_TIMES = ((1e6, "1 ms"), (1e7, "10 ms"), (1e8, "0.1 s"), (1e9, "1 s"), (1e10, "10 s"))
"""ns, and how that is written"""
_PAGE_MIB = 4 / 1024

Rows = list[list[str]]


def scenario_explanation_text(outcome: ScenarioExplanation, columns: int | None = None) -> str:
    """What callers met, then the causes with their survival, the work, and what would have helped."""
    columns = columns or width()
    parts = [wrapped(_heading(outcome), columns), wrapped(_calls(outcome.wishes), columns)]
    if outcome.causes:
        parts.append(fitted(_causes(outcome), columns))
    if any(cause.pages for cause in outcome.causes):
        parts.append(fitted(_still(outcome), columns))
    parts += ["\n".join(wrapped(_page(page), columns) for page in outcome.pages)] * bool(outcome.pages)
    if outcome.work:
        parts += [fitted(_moves(outcome), columns), fitted(_times(outcome), columns)]
    parts.append(fitted(_remedies(outcome), columns))
    return "\n\n".join([*parts, notes(_remarks(outcome), columns)])


def _heading(outcome: ScenarioExplanation) -> str:
    area = f"{outcome.area_pages * _PAGE_MIB:g} MiB of CMA"
    return (
        f"{outcome.scenario} on {outcome.board} under {outcome.placement}: rules of {outcome.kernel}, {area},"
        f" {count(outcome.seeds, 'drawing')}"
    )


def _calls(wishes: Wishes) -> str:
    text = f"{count(wishes.count, 'buffer')} asked for, {thousands(wishes.failed_first)} not got at once"
    text += f" ({percent(wishes.failed_first, wishes.count)}), {thousands(wishes.given_up)} never got"
    text += (
        f"; a first try took {wishes.took_median_ms:.1f} ms (median), {wishes.took_most_ms:.1f} ms at most"
    )
    if wishes.failed_first:
        median, late = _quantile(wishes.fails_for, 0.5), _quantile(wishes.fails_for, 0.99)
        text += f"; what failed went on to fail for {median} (median), {late} (99th percentile)"
    return text


def _quantile(survival: Survival, share: float) -> str:
    found = survival.quantile(share)
    return "longer than was waited" if found is None else _time(found)


def _time(ns: float) -> str:
    return f"{ns / 1e9:.1f} s" if ns >= 1e9 else f"{ns / 1e6:.1f} ms"


def _causes(outcome: ScenarioExplanation) -> Rows:
    heads = ["what was in the way", "ranges", "share", "pages", "let in by"]
    return [heads, *(_cause_row(cause, outcome.ranges) for cause in outcome.causes)]


def _cause_row(cause: Cause, ranges: int) -> list[str]:
    return [
        NAMES[cause.page_class],
        thousands(cause.ranges),
        percent(cause.ranges, ranges),
        thousands(cause.pages),
        ", ".join(cause.entered) or "-",
    ]


def _still(outcome: ScenarioExplanation) -> Rows:
    """The survival curves: the share that is still in the way after so long."""
    rows = [["still in the way after, %", *(name for _, name in _TIMES), "median"]]
    for cause in outcome.causes:
        if cause.pages:
            cells = [f"{100 * cause.still.after(ns):.0f}" for ns, _ in _TIMES]
            rows.append([NAMES[cause.page_class], *cells, _median(cause.still)])
    return rows


def _median(still: Survival) -> str:
    found = still.quantile(0.5)
    return "not seen" if found is None else _time(found)


def _page(page: PageInTheWay) -> str:
    """A page in a sentence."""
    who = "before the load" if page.task < 0 else f"by slot {page.task}"
    text = f"frame {page.pfn:#x}: {NAMES[page.page_class]}, brought to memory {who}"
    text += f" {_time(page.age_ms * 1e6)} before; in the way of {count(page.ranges, 'range')}"
    text += f" of {count(page.calls, 'call')} for {_time(page.lasted_ms * 1e6)}"
    return text if page.seen_to_end else f"{text}, to the run's end"


def _moves(outcome: ScenarioExplanation) -> Rows:
    """What became of the frames."""
    rows = [["what calls met", "dropped", "moved", "to the area", "stayed"]]
    for work in outcome.work:
        figures = (work.dropped, work.moved, work.into_area, work.failed)
        rows.append([NAMES[work.page_class], *map(thousands, figures)])
    return rows


def _times(outcome: ScenarioExplanation) -> Rows:
    rows = [["what that took", "tries", "waited, ms", "ms"]]
    for work in outcome.work:
        times = f"{work.waited_ms:,.1f}", f"{work.took_ms:,.1f}"
        rows.append([NAMES[work.page_class], thousands(work.tries), *times])
    return rows


def _remedies(outcome: ScenarioExplanation) -> Rows:
    rows = [["the same drawings", "not got at once", "never got", "first try, median ms", "at most"]]
    rows.append(["as they are", *_outcome(outcome.wishes)])
    rows += [[remedy.what, *_outcome(remedy.wishes)] for remedy in outcome.remedies if remedy.wishes]
    return rows


def _outcome(wishes: Wishes) -> list[str]:
    return [
        f"{thousands(wishes.failed_first)} of {thousands(wishes.count)}",
        thousands(wishes.given_up),
        f"{wishes.took_median_ms:.1f}",
        f"{wishes.took_most_ms:.1f}",
    ]


def _remarks(outcome: ScenarioExplanation) -> list[str]:
    lines = [
        f"{NAMES[cause.page_class]}: another attempt needs {NEEDS[cause.page_class]}"
        for cause in outcome.causes
        if cause.page_class in NEEDS
    ]
    lines += [f"{remedy.what}: not tried, {remedy.why_not}" for remedy in outcome.remedies if remedy.why_not]
    if not outcome.ranges:
        lines.append("no range was tried in vain")
    if outcome.unnamed:
        lines.append(f"{count(outcome.unnamed, 'note')} came too late in their runs to be kept")
    lines.append("a generated load: no kernel was seen running it; what it rests on: zonecma scenarios NAME")
    return lines


def scenario_explanation_json(outcome: ScenarioExplanation) -> dict[str, Any]:
    """The outcome as JSON's types; times in milliseconds, null where they were not seen to end."""
    return {
        "scenario": outcome.scenario,
        "board": outcome.board,
        "kernel": outcome.kernel,
        "placement": outcome.placement,
        "seeds": outcome.seeds,
        "area_pages": outcome.area_pages,
        "ranges_in_vain": outcome.ranges,
        "notes_not_kept": outcome.unnamed,
        "calls": _wishes_json(outcome.wishes),
        "causes": [_cause_json(cause) for cause in outcome.causes],
        "pages": [_page_json(page) for page in outcome.pages],
        "work": [_work_json(work) for work in outcome.work],
        "remedies": [_remedy_json(remedy) for remedy in outcome.remedies],
    }


def _wishes_json(wishes: Wishes) -> dict[str, Any]:
    return {
        "asked": wishes.count,
        "failed_first": wishes.failed_first,
        "given_up": wishes.given_up,
        "tries": wishes.tries,
        "fails_for_ms": _quantiles_json(wishes.fails_for),
        "first_try_ms": {"median": wishes.took_median_ms, "most": wishes.took_most_ms},
    }


def _quantiles_json(survival: Survival) -> dict[str, float | None]:
    found = {"median": survival.quantile(0.5), "p99": survival.quantile(0.99)}
    return {name: None if ns is None or math.isinf(ns) else ns / 1e6 for name, ns in found.items()}


def _cause_json(cause: Cause) -> dict[str, Any]:
    return {
        "class": NAMES[cause.page_class],
        "ranges": cause.ranges,
        "share": cause.share,
        "pages": cause.pages,
        "still_in_the_way": {name: cause.still.after(ns) for ns, name in _TIMES} if cause.pages else None,
        "in_the_way_ms": _quantiles_json(cause.still),
        "let_in_by": list(cause.entered),
        "needs": NEEDS.get(cause.page_class),
    }


def _page_json(page: PageInTheWay) -> dict[str, Any]:
    return dataclasses.asdict(page) | {"page_class": NAMES[page.page_class]}


def _work_json(work: Work) -> dict[str, Any]:
    return {
        "class": NAMES[work.page_class],
        "dropped": work.dropped,
        "moved": work.moved,
        "into_area": work.into_area,
        "tries": work.tries,
        "stayed": work.failed,
        "waited_ms": work.waited_ms,
        "ms": work.took_ms,
    }


def _remedy_json(remedy: Remedy) -> dict[str, Any]:
    calls = _wishes_json(remedy.wishes) if remedy.wishes else None
    return {"what": remedy.what, "calls": calls, "why_not": remedy.why_not or None}
