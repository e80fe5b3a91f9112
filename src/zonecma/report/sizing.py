"""How size's outcome looks: a table of placements, what to paste, what to look out for."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from zonecma.lab.sizing import Answer, Blocked, NeedShown, Paste, SizeTried, Sizing
from zonecma.report.page_classes import NAMES, NEEDS
from zonecma.report.table import fitted, notes, thousands, width
from zonecma.report.words import count, percent, wrapped
from zonecma.workload.needs import Need

_PAGE_KIB = 4
_MIB = 1 << 20
_CLASSES = 3
"""Classes of pages that are named where nothing suffices."""


def sizing_text(outcome: Sizing, columns: int | None = None) -> str:
    """What was asked, what was found, what to paste and what to look out for."""
    columns = columns or width()
    parts = [wrapped(_heading(outcome), columns), fitted(_table(outcome), columns)]
    if any(answer.costs for answer in outcome.answers):
        parts.append(fitted(_costs(outcome), columns))
    parts += [wrapped(one, columns) for one in _verdicts(outcome)]
    parts += [_paste(paste, columns) for paste in outcome.pastes]
    checks = [f"{'WATCH OUT: ' if one.trips else ''}{one.text}" for one in outcome.checks]
    return "\n\n".join([*parts, notes([*checks, *_remarks(outcome)], columns)])


def _mib(size: int) -> str:
    return f"{size / _MIB:,g} MiB"


def need_text(need: Need) -> str:
    """A need in words."""
    text = f"{need.count} x {_mib(need.pages * _PAGE_KIB << 10)}" if need.count else "the load's own buffers"
    text += f" within {need.within_ms:g} ms" if need.within_ms else ""
    return f"{text} in {100 * need.probability:g} % of runs"


def _heading(outcome: Sizing) -> str:
    asked = "; ".join(map(need_text, outcome.needs))
    return (
        f"{outcome.load} on {outcome.machine}, rules of {outcome.kernel}: {asked};"
        f" areas from {_mib(outcome.least)} to {_mib(outcome.most)} in steps of {_mib(outcome.unit)}"
    )


def _table(outcome: Sizing) -> list[list[str]]:
    rows = [["placement", "smallest", "runs", "failed", "met in, %", "sure, %", "slowest, ms"]]
    for answer in outcome.answers:
        size = "none" if answer.size is None else _mib(answer.size)
        rows.append([answer.placement, size, *(_shown(answer.needs[0]) if answer.needs else ["-"] * 5)])
        rows += [[f"  {need_text(one.need)}", "", *_shown(one)] for one in answer.needs[1:]]
    return rows


def _shown(shown: NeedShown) -> list[str]:
    return [
        thousands(shown.runs),
        thousands(shown.failures),
        f">= {100 * shown.at_least:.1f}",
        f"{100 * shown.confidence:.1f}",
        f"{shown.slowest_ms:,.1f}",
    ]


def _costs(outcome: Sizing) -> list[list[str]]:
    rows = [["a run of the load then", "reclaimed, MiB", "swapped, MiB", "stalled, ms", "free outside, MiB"]]
    for answer in outcome.answers:
        if answer.costs:
            costs = answer.costs
            reclaimed = costs.pages_reclaimed * _PAGE_KIB / 1024
            swapped = (costs.swapped_in + costs.swapped_out) * _PAGE_KIB / 1024
            free = answer.min_free_outside * _PAGE_KIB / 1024
            stalled = 1000 * costs.stall_seconds
            rows.append(
                [answer.placement, f"{reclaimed:,.1f}", f"{swapped:,.1f}", f"{stalled:,.1f}", f"{free:,.1f}"]
            )
    return rows


def _verdicts(outcome: Sizing) -> Iterator[str]:
    best = outcome.best
    if best is not None and best.size is not None:
        yield f"Best: {best.placement} with {_mib(best.size)}{_ties(outcome, best)}."
    for answer in outcome.answers:
        if answer.blocked is not None:
            yield f"{answer.placement}: nothing suffices. {_why(answer.blocked)}"


def _ties(outcome: Sizing, best: Answer) -> str:
    others = [one.placement for one in outcome.answers if one.size == best.size and one is not best]
    if others:
        return f"; {', '.join(others)} needs as much, and leaves the load less memory or more to reclaim"
    if not best.lent:
        return ", which nobody else may use at any time"
    return ""


def _why(blocked: Blocked) -> str:
    """What the largest area's runs show."""
    text = f"With {_mib(blocked.size)}, of {count(blocked.runs, 'run')}"
    parts = [
        f"{thousands(number)} {what}"
        for number, what in (
            (blocked.not_got, "did not get a buffer"),
            (blocked.too_slow, "got all, but too late"),
            (blocked.killed, "saw a program killed for want of memory"),
        )
        if number
    ]
    text += f" {', '.join(parts) or 'all were good but too few of them to show it'}."
    if not blocked.not_got:
        return text
    total = sum(blocked.in_the_way.values())
    if not total:
        return f"{text} No range of the area was free of other contiguous buffers."
    named = list(blocked.in_the_way.items())[:_CLASSES]
    ways = "; ".join(
        f"{NAMES[one]} ({percent(ranges, total)} of the ranges tried in vain), which needs"
        f" {NEEDS.get(one, 'to be freed')}"
        for one, ranges in named
    )
    return f"{text} In the way: {ways}."


def _paste(paste: Paste, columns: int) -> str:
    head = f"{_mib(paste.size)} for {paste.placement} ({paste.needs}), at {paste.start:#x}:"
    lines = [
        wrapped(head, columns),
        *(f"    {line}".rstrip() for line in paste.node.split("\n") if paste.node),
    ]
    if paste.option:
        remark = f" ({paste.option_remark})" if paste.option_remark else ""
        lines.append(
            wrapped(
                f"{'or on' if paste.node else 'On'} the kernel's command line: {paste.option}{remark}",
                columns,
            )
        )
    elif paste.option_remark:
        lines.append(wrapped(paste.option_remark, columns))
    return "\n".join(lines)


def _remarks(outcome: Sizing) -> Iterator[str]:
    yield f"no area above {_mib(outcome.most)} was looked at: {outcome.most_reason}"
    yield (
        f"the needs are asked for {outcome.asks} times in a run, at drawn moments, all held at once; a run is"
        " a failure if any buffer was not got or was late, or a program was killed for want of memory"
    )
    for answer in outcome.answers:
        yield from _remarks_of(answer)
    yield (
        "met in: the share of runs is at least so large, with 95 % confidence; sure: with which confidence it"
        " is as large as asked"
    )
    yield from outcome.notes


def _remarks_of(answer: Answer) -> Iterator[str]:
    for shown in answer.needs:
        if shown.confidence < 0.95:
            yield (
                f"{answer.placement}: {count(shown.runs, 'run')} can't show {100 * shown.need.probability:g}"
                f" %; it takes {thousands(shown.runs_needed)} without a failure (--seeds {shown.runs_needed})"
            )
    if answer.own_failed and all(shown.need.count for shown in answer.needs):
        yield (
            f"{answer.placement}: of {thousands(answer.own_calls)} buffers that the load itself asked for"
            f" {thousands(answer.own_failed)} were not got; --own makes them needs, too"
        )
    larger = [one for one in answer.neighbours if answer.size is not None and one.size > answer.size]
    if any(one.failures for one in larger):
        yield f"{answer.placement}: a larger area is not always better: {_beside(larger[0])}"


def _beside(one: SizeTried) -> str:
    return f"with {_mib(one.size)} {thousands(one.failures)} of {count(one.runs, 'run')} failed"


def sizing_json(outcome: Sizing) -> dict[str, Any]:
    """The outcome as JSON's types; sizes and addresses in bytes."""
    plain = dataclasses.asdict(outcome)
    for answer in plain["answers"]:
        if answer["blocked"]:
            ways = answer["blocked"]["in_the_way"]
            answer["blocked"]["in_the_way"] = {NAMES[one]: ranges for one, ranges in ways.items()}
    best = outcome.best
    return plain | {"best": best.placement if best else None}
