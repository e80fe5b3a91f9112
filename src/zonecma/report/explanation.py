"""How explain's outcome looks: sentences for people, JSON for programs."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from zonecma.lab.explanation import (
    Attempt,
    Blocker,
    BlockingPage,
    Call,
    Explanation,
    Kind,
    KindTotal,
    Outcome,
    Persistence,
)
from zonecma.report.gfp import gfp_names
from zonecma.report.table import aligned, notes, thousands, width

_PAGES_SHOWN = 8
_RUNS_SHOWN = 8
_BLANK = "\u00a0"
"""Between a number and its unit: lines are not broken there."""
_SHORT = {
    Kind.BUFFER: "movable but not highmem",
    Kind.MOVED: "held by a migration",
    Kind.NOT_ISOLATED: "could not be isolated",
    Kind.LOST: "taken again",
    Kind.GIVEN_UP: "given up",
}
"""Kinds where there is little room."""


def explanation_text(outcome: Explanation, columns: int | None = None) -> str:
    """Each call, then the pages that blocked, then sums and what they say of zone-cma."""
    columns = columns or width()
    parts = [_heading(outcome)]
    if outcome.calls:
        parts.append("\n".join(_call(call, outcome, columns) for call in outcome.calls))
    if outcome.pages:
        parts += [_page(page, columns) for page in outcome.pages[:_PAGES_SHOWN]]
        parts += [f"and {len(outcome.pages) - _PAGES_SHOWN} more pages"] * (len(outcome.pages) > _PAGES_SHOWN)
    if outcome.by_kind:
        parts.append(_by_kind(outcome.by_kind))
    return "\n\n".join([*parts, notes(_remarks(outcome), columns)]).replace(_BLANK, " ")


def _heading(outcome: Explanation) -> str:
    calls = f"{outcome.nr_calls} contiguous calls" if outcome.nr_calls else "no contiguous call"
    shown = "" if len(outcome.calls) == outcome.nr_calls else f", {len(outcome.calls)} shown"
    return f"{outcome.recording}: kernel {outcome.kernel}, {calls}{shown}"


def _wrapped(text: str, columns: int, indent: int = 0) -> str:
    """A sentence, its further lines indented; a gfp mask is broken between its names, no other word is."""
    first = " " * indent
    wrapped = textwrap.fill(
        text.replace("|", "| "),
        columns,
        initial_indent=first,
        subsequent_indent=f"{first}    ",
        break_on_hyphens=False,
        break_long_words=False,
    )
    return wrapped.replace("| ", "|")


def _call(call: Call, outcome: Explanation, columns: int) -> str:
    size = f"{thousands(call.size)} frames ({_mib(call.size * outcome.page_kib)})"
    heading = f"call {call.number}, {_at(call.time)}, {call.task}: {size}: {_ending(call)}"
    lines = _ranges_one_by_one(call) if len(outcome.calls) == 1 else _ranges_by_cause(call)
    return "\n".join([_wrapped(heading, columns), *(_wrapped(line, columns, indent=2) for line in lines)])


def _ranges_one_by_one(call: Call) -> list[str]:
    return [_ranges([attempt]) for attempt in call.attempts]


def _ranges_by_cause(call: Call) -> list[str]:
    """The first few runs of ranges with one cause; nothing for a call that got its first range."""
    if call.ok and len(call.attempts) == 1:
        return []
    runs = list(_runs(call.attempts))
    lines = [_ranges(same) for same in runs[:_RUNS_SHOWN]]
    if rest := sum(map(len, runs[_RUNS_SHOWN:])):
        lines.append(f"and {_count(rest, 'more range')}: --call {call.number} shows them all")
    return lines


def _ending(call: Call) -> str:
    after = "" if call.latency is None else f" after {_ms(call.latency)}"
    if call.ok:
        return f"got {call.pfn:#x}{after}{_work(call)}"
    if call.outcome == "refused":
        return f"refused, its area has {_count(call.area_pages, 'frame')}"
    if call.outcome == "unfinished":
        return "the trace ends within it"
    if not call.attempts:
        return f"-{call.outcome}{after}: no free run of that size in the area's bitmap{_held(call)}"
    return f"-{call.outcome}{after}{_work(call)}, {_count(len(call.attempts), 'range')} tried"


def _held(call: Call) -> str:
    held = f"{thousands(call.held)} of its {thousands(call.area_pages)} frames"
    return f"; other calls held {held}" if call.held else ""


def _work(call: Call) -> str:
    """What the call did on its way."""
    moved = sum(attempt.nr_moved for attempt in call.attempts)
    waits = sum(attempt.waits for attempt in call.attempts)
    text = f", {_count(moved, 'page')} moved" if moved else ""
    return text + (f", {_count(waits, 'wait')} for writeback" if waits else "")


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
    return f"{where}, {_ms(same[-1].ended - same[0].begin)}: {_cause(same)}"


def _cause(same: Sequence[Attempt]) -> str:
    one = same[0]
    if one.outcome == Outcome.GOT:
        return f"got, {_count(one.nr_moved, 'page')} moved"
    if one.blocker is None:
        return "the trace ends within it"
    if one.blocker.pfn is None:
        return one.blocker.kind.value
    return f"{one.blocker.pfn:#x}, {_short(one.blocker.kind)}; {_left_behind(same)}"


def _short(kind: Kind) -> str:
    return _SHORT.get(kind, kind.value)


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


def _left_behind(same: Sequence[Attempt]) -> str:
    """Pages that did not migrate."""
    if all(map(_passed_over, same)):
        return "migration passed it over"
    failed = [attempt.nr_failed for attempt in same]
    most = f"up to {max(failed)}" if min(failed) != max(failed) else f"{failed[0]}"
    return f"{most} failed to move"


def _page(page: BlockingPage, columns: int) -> str:
    first = page.first
    lines = [f"frame {first.pfn:#x}: {first.kind.value}"]
    lines += [f"  {text}" for text in (_origin(first), _blocked(page), _barred(first)) if text]
    return "\n".join(_wrapped(line.strip(), columns, 2 if line[0] == " " else 0) for line in lines)


def _origin(first: Blocker) -> str:
    if first.allocated is None:
        return "its allocation is not in the trace"
    chunk = f", in a chunk of order {first.order}" if first.order else ""
    moved = f", moved {_count(first.moves, 'time')} since" if first.moves else ""
    gfp = "gfp not recorded" if first.gfp is None else gfp_names(first.gfp)
    wrote = (
        "" if first.dirtied is None else f"; written to {_ms(first.seen - first.dirtied)} before it blocked"
    )
    return f"allocated by {first.task} {_ms(first.seen - first.allocated)} before, {gfp}{chunk}{moved}{wrote}"


def _blocked(page: BlockingPage) -> str:
    times = f"at {_at(page.first.seen)}"
    if page.ranges > 1:
        times = f"from {_at(page.first.seen)} to {_at(page.until)}"
    calls = f"{_count(page.ranges, 'range')} of {_count(len(page.calls), 'call')}"
    return f"blocked {calls} {times}; {_leaving(page)}"


def _leaving(page: BlockingPage) -> str:
    if page.first.left is None:
        return "never seen freed"
    how = "moved away" if page.first.moved_on else "freed"
    return f"{how} {_ms(page.first.left - page.until)} later"


def _barred(first: Blocker) -> str:
    if first.barred is None:
        return ""
    return "zone-cma would have kept it out" if first.barred else "zone-cma would have let it in"


def _by_kind(by_kind: dict[Kind, KindTotal]) -> str:
    """A table; shares are of the ranges tried in vain and of the time that they took."""
    ranges = sum(total.ranges for total in by_kind.values())
    time = sum(total.time for total in by_kind.values())
    rows = [["what blocked", "pages", "ranges", "share", "time", "share", "longest"]]
    for kind, total in by_kind.items():
        rows.append(
            [
                _short(kind),
                thousands(total.pages) if total.pages else "-",
                thousands(total.ranges),
                _percent(total.ranges, ranges),
                _ms(total.time),
                _percent(total.time, time),
                _ms(total.longest) if total.pages else "-",
            ]
        )
    return aligned(rows)


def _remarks(outcome: Explanation) -> list[str]:
    lines = [persistence_sentence(outcome)]
    if any(_passed_over(attempt) for call in outcome.calls for attempt in call.attempts):
        lines.append(
            "what migration passes over is off the LRU lists, or an anonymous page that somebody holds"
            " besides its mappings: pinned, or just in use"
        )
    if outcome.own_zone:
        lines.append(
            "this kernel's area is a zone of its own, which requests without __GFP_HIGHMEM never enter:"
            " what blocked here is what zone-cma lets in"
        )
    unknown = sum(
        outcome.by_kind[kind].ranges for kind in (Kind.UNKNOWN, Kind.NOT_ISOLATED) if kind in outcome.by_kind
    )
    if unknown:
        lines.append(f"the trace does not tell what blocked {_count(unknown, 'range')}")
    if outcome.lost:
        lines.append(f"the recording lost {thousands(outcome.lost)} events: owners may be wrong after a gap")
    if outcome.damage:
        lines.append(f"read in part: {outcome.damage}")
    return lines


def persistence_sentence(outcome: Explanation) -> str:
    """Whether what persists is what zone-cma keeps out, in this recording."""
    found = outcome.persistence
    if not outcome.nr_calls:
        return "there is nothing to explain"
    if not outcome.nr_busy:
        return "no range was busy: every call got the first one it tried"
    if not found.pages:
        return f"no page blocked more than one of {outcome.nr_calls} calls: nothing that persists was met"
    pages = _count(found.pages, "page")
    return f"{pages} blocked more than one of {outcome.nr_calls} calls; {_verdict(found)}"


def _verdict(found: Persistence) -> str:
    if found.barred == found.pages:
        return "every one lacks __GFP_HIGHMEM: zone-cma would have kept all that persists out"
    if not found.kinds:
        others = f", the other {found.barred} lack __GFP_HIGHMEM" if found.barred else ""
        return f"the trace does not have the gfp masks of {found.not_known} of them{others}"
    let_in = ", ".join(f"{count} {kind.value}" for kind, count in found.kinds.items())
    if not found.barred and not found.not_known:
        return f"none lacks __GFP_HIGHMEM: zone-cma would have let all that persists in ({let_in})"
    return f"zone-cma would have kept out {found.barred} and let in others ({let_in})"


def _count(number: int, thing: str) -> str:
    return f"{thousands(number)} {thing}{'s' * (number != 1)}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _mib(kib: int) -> str:
    return f"{kib >> 10}{_BLANK}MiB" if kib >= 1024 else f"{kib}{_BLANK}KiB"


def _at(time: int) -> str:
    return f"{time / 1e9:.3f}{_BLANK}s"


def _ms(time: int) -> str:
    return f"{time / 1e9:,.1f}{_BLANK}s" if time >= 10**10 else f"{time / 1e6:,.1f}{_BLANK}ms"


def explanation_json(outcome: Explanation) -> dict[str, Any]:
    """The outcome as JSON's types; times in ms, of calls and pages since the trace clock's start."""
    return {
        "recording": outcome.recording,
        "kernel": outcome.kernel,
        "calls": [_call_json(call) for call in outcome.calls],
        "by_kind": _by_kind_json(outcome.by_kind),
        "pages": [_page_json(page) for page in outcome.pages],
        "persistence": {
            "pages": outcome.persistence.pages,
            "barred_by_zone_cma": outcome.persistence.barred,
            "unknown_gfp": outcome.persistence.not_known,
            "let_in_by_kind": {kind.value: count for kind, count in outcome.persistence.kinds.items()},
            "sentence": persistence_sentence(outcome),
        },
        "area_is_own_zone": outcome.own_zone,
        "lost": outcome.lost,
        "damage": outcome.damage,
    }


def _call_json(call: Call) -> dict[str, Any]:
    return {
        "n": call.number,
        "time": call.time / 1e6,
        "task": call.task,
        "area": call.area,
        "area_pages": call.area_pages,
        "size": call.size,
        "outcome": call.outcome,
        "pfn": call.pfn,
        "latency_ms": None if call.latency is None else call.latency / 1e6,
        "held_by_others": call.held,
        "attempts": [_attempt_json(attempt) for attempt in call.attempts],
    }


def _attempt_json(attempt: Attempt) -> dict[str, Any]:
    return {
        "start": attempt.start,
        "end": attempt.end,
        "outcome": attempt.outcome.value,
        "ms": (attempt.ended - attempt.begin) / 1e6,
        "blocker": None if attempt.blocker is None else _blocker_json(attempt.blocker),
        "nr_moved": attempt.nr_moved,
        "nr_failed": attempt.nr_failed,
        "writeback_waits": attempt.waits,
    }


def _blocker_json(blocker: Blocker) -> dict[str, Any]:
    return {
        "pfn": blocker.pfn,
        "kind": blocker.kind.value,
        "task": blocker.task,
        "gfp": None if blocker.gfp is None else gfp_names(blocker.gfp),
        "age_ms": _since(blocker, blocker.allocated),
        "dirtied_ms_before": _since(blocker, blocker.dirtied),
        "freed_after_ms": None if blocker.left is None else (blocker.left - blocker.seen) / 1e6,
        "moved_away": blocker.moved_on,
        "times_moved": blocker.moves,
        "barred_by_zone_cma": blocker.barred,
    }


def _since(blocker: Blocker, time: int | None) -> float | None:
    """How long before it blocked something was, in ms."""
    return None if time is None else (blocker.seen - time) / 1e6


def _by_kind_json(by_kind: dict[Kind, KindTotal]) -> dict[str, Any]:
    ranges = sum(total.ranges for total in by_kind.values())
    time = sum(total.time for total in by_kind.values())
    return {
        kind.value: {
            "attempts": total.ranges,
            "attempts_share": total.ranges / ranges,
            "ms": total.time / 1e6,
            "time_share": total.time / time if time else 0.0,
            "pages": total.pages,
            "longest_ms": total.longest / 1e6,
        }
        for kind, total in by_kind.items()
    }


def _page_json(page: BlockingPage) -> dict[str, Any]:
    return {
        "pfn": page.first.pfn,
        "kind": page.first.kind.value,
        "task": page.first.task,
        "first": page.first.seen / 1e6,
        "last": page.until / 1e6,
        "freed": None if page.first.left is None else page.first.left / 1e6,
        "attempts": page.ranges,
        "calls": list(page.calls),
        "barred_by_zone_cma": page.first.barred,
    }
