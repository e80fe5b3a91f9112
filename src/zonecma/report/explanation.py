"""How explain's outcome looks: each call in a sentence, then what blocked, then what that says."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from zonecma.lab.explanation import Attempt, Call, Explanation, Kind, Outcome
from zonecma.report.blocking import kinds_table, page_text, persistence_sentence, short
from zonecma.report.table import notes, thousands, width
from zonecma.report.words import BLANK, at, count, mib, ms, printable, wrapped

_PAGES_SHOWN = 8
_RUNS_SHOWN = 8


def explanation_text(outcome: Explanation, columns: int | None = None) -> str:
    """Each call, then the pages that blocked, then sums and what they say of zone-cma."""
    columns = columns or width()
    parts = [_heading(outcome)]
    if outcome.calls:
        parts.append("\n".join(_call(call, outcome, columns) for call in outcome.calls))
    if outcome.pages:
        parts += [page_text(page, columns) for page in outcome.pages[:_PAGES_SHOWN]]
        parts += [f"and {len(outcome.pages) - _PAGES_SHOWN} more pages"] * (len(outcome.pages) > _PAGES_SHOWN)
    if outcome.by_kind:
        parts.append(kinds_table(outcome.by_kind))
    return "\n\n".join([*parts, notes(_remarks(outcome), columns)]).replace(BLANK, " ")


def _heading(outcome: Explanation) -> str:
    calls = f"{outcome.nr_calls} contiguous calls" if outcome.nr_calls else "no contiguous call"
    shown = "" if len(outcome.calls) == outcome.nr_calls else f", {len(outcome.calls)} shown"
    return f"{outcome.recording}: kernel {outcome.kernel}, {calls}{shown}"


def _call(call: Call, outcome: Explanation, columns: int) -> str:
    size = f"{thousands(call.size)} frames ({mib(call.size * outcome.page_kib)})"
    heading = f"call {call.number}, {at(call.time)}, {printable(call.task)}: {size}: {_ending(call)}"
    lines = _ranges_one_by_one(call) if len(outcome.calls) == 1 else _ranges_by_cause(call)
    return "\n".join([wrapped(heading, columns), *(wrapped(line, columns, indent=2) for line in lines)])


def _ranges_one_by_one(call: Call) -> list[str]:
    return [_ranges([attempt]) for attempt in call.attempts]


def _ranges_by_cause(call: Call) -> list[str]:
    """The first few runs of ranges with one cause; nothing for a call that got its first range."""
    if call.ok and len(call.attempts) == 1:
        return []
    runs = list(_runs(call.attempts))
    lines = [_ranges(same) for same in runs[:_RUNS_SHOWN]]
    if rest := sum(map(len, runs[_RUNS_SHOWN:])):
        lines.append(f"and {count(rest, 'more range')}: --call {call.number} shows them all")
    return lines


def _ending(call: Call) -> str:
    after = "" if call.latency is None else f" after {ms(call.latency)}"
    if call.ok:
        return f"got {call.pfn:#x}{after}{_work(call)}"
    if call.outcome == "refused":
        return f"refused, its area has {count(call.area_pages, 'frame')}"
    if call.outcome == "unfinished":
        return "the trace ends within it"
    if not call.attempts:
        return f"-{call.outcome}{after}: no free run of that size in the area's bitmap{_held(call)}"
    return f"-{call.outcome}{after}{_work(call)}, {count(len(call.attempts), 'range')} tried"


def _held(call: Call) -> str:
    held = f"{thousands(call.held)} of its {thousands(call.area_pages)} frames"
    return f"; other calls held {held}" if call.held else ""


def _work(call: Call) -> str:
    """What the call did on its way."""
    moved = sum(attempt.nr_moved for attempt in call.attempts)
    waits = sum(attempt.waits for attempt in call.attempts)
    text = f", {count(moved, 'page')} moved" if moved else ""
    return text + (f", {count(waits, 'wait')} for writeback" if waits else "")


def _runs(attempts: Sequence[Attempt]) -> Iterable[list[Attempt]]:
    """Attempts one after the other that the same page blocked."""

    def cause(attempt: Attempt) -> Any:
        blocker = attempt.blocker
        return attempt.outcome, blocker and (blocker.kind, blocker.pfn, blocker.page)

    return (list(same) for _, same in itertools.groupby(attempts, cause))


def _ranges(same: Sequence[Attempt]) -> str:
    """Ranges with one cause."""
    begins = [attempt.start for attempt in same if attempt.start is not None]
    where = "a range that the trace does not name"
    if len(same) > 1 and begins:
        where = f"{len(same)} ranges from {min(begins):#x} to {max(begins):#x}"
    elif begins:
        where = f"{same[0].start:#x} to {same[0].end:#x}"
    return f"{where}, {ms(same[-1].ended - same[0].begin)}: {_cause(same)}"


def _cause(same: Sequence[Attempt]) -> str:
    one = same[0]
    if one.outcome == Outcome.GOT:
        return f"got, {count(one.nr_moved, 'page')} moved"
    if one.blocker is None:
        return "the trace ends within it"
    if one.blocker.pfn is None:
        return one.blocker.kind.value
    return f"{one.blocker.pfn:#x}, {short(one.blocker.kind)}; {_left_behind(same)}"


def _left_behind(same: Sequence[Attempt]) -> str:
    """Pages that did not migrate."""
    if all(map(_passed_over, same)):
        return "migration passed it over"
    failed = [attempt.nr_failed for attempt in same]
    most = f"up to {max(failed)}" if min(failed) != max(failed) else f"{failed[0]}"
    return f"{most} failed to move"


def _remarks(outcome: Explanation) -> list[str]:
    lines = [persistence_sentence(outcome)]
    if any(_passed_over(attempt) for call in outcome.calls for attempt in call.attempts):
        lines.append(
            "what migration passes over is off the LRU lists, or an anonymous page that somebody holds"
            " besides its mappings: pinned, or just in use"
        )
    if outcome.own_zone and outcome.nr_busy:
        lines.append(
            "this kernel's area is a zone of its own, which requests without __GFP_HIGHMEM never enter:"
            " what blocked here is what zone-cma lets in"
        )
    unknown = sum(
        outcome.by_kind[kind].ranges for kind in (Kind.UNKNOWN, Kind.NOT_ISOLATED) if kind in outcome.by_kind
    )
    if unknown:
        lines.append(f"the trace does not tell what blocked {count(unknown, 'range')}")
    if outcome.lost:
        lines.append(f"the recording lost {thousands(outcome.lost)} events: owners may be wrong after a gap")
    if outcome.damage:
        lines.append(f"read in part: {outcome.damage}")
    return lines


def _passed_over(attempt: Attempt) -> bool:
    """Whether the page that blocked was not among those that were tried to move.

    isolate_migratepages_block leaves alone what is off the LRU lists, and anonymous pages with more
    references than mappings.
    """
    return (
        attempt.failed
        and not attempt.nr_failed
        and attempt.blocker is not None
        and bool(attempt.blocker.page)
    )
