"""The pages that blocked, their kinds, and what they say of zone-cma."""

from __future__ import annotations

from zonecma.lab.explanation import Blocker, BlockingPage, Explanation, Kind, KindTotal, Persistence
from zonecma.report.gfp import gfp_names
from zonecma.report.table import aligned, thousands
from zonecma.report.words import at, count, ms, percent, printable, wrapped

_SHORT = {
    Kind.BUFFER: "movable but not highmem",
    Kind.MOVED: "held by a migration",
    Kind.NOT_ISOLATED: "could not be isolated",
    Kind.LOST: "taken again",
    Kind.GIVEN_UP: "given up",
}
"""Kinds where there is little room."""


def short(kind: Kind) -> str:
    """A kind where there is little room."""
    return _SHORT.get(kind, kind.value)


def page_text(page: BlockingPage, columns: int) -> str:
    """A page: whose it is, when it blocked, when it left."""
    first = page.first
    lines = [f"frame {first.pfn:#x}: {first.kind.value}"]
    lines += [f"  {text}" for text in (_origin(first), _blocked(page), _barred(first)) if text]
    return "\n".join(wrapped(line.strip(), columns, 2 if line[0] == " " else 0) for line in lines)


def _origin(first: Blocker) -> str:
    if first.allocated is None or first.task is None:
        return "its allocation is not in the trace"
    facts = [f"allocated by {printable(first.task)} {ms(first.seen - first.allocated)} before"]
    facts.append("gfp not recorded" if first.gfp is None else gfp_names(first.gfp))
    if first.order:
        facts.append(f"in a chunk of order {first.order}")
    if first.moves:
        facts.append(f"moved {count(first.moves, 'time')} since")
    if first.dirtied is not None:
        facts.append(f"written to {ms(first.seen - first.dirtied)} before it blocked")
    return ", ".join(facts)


def _blocked(page: BlockingPage) -> str:
    times = f"at {at(page.first.seen)}"
    if page.ranges > 1:
        times = f"from {at(page.first.seen)} to {at(page.until)}"
    calls = f"{count(page.ranges, 'range')} of {count(len(page.calls), 'call')}"
    return f"blocked {calls} {times}; {_leaving(page)}"


def _leaving(page: BlockingPage) -> str:
    if page.first.left is None:
        return "never seen freed"
    how = "moved away" if page.first.moved_on else "freed"
    return f"{how} {ms(page.first.left - page.until)} later"


def _barred(first: Blocker) -> str:
    if first.barred is None:
        return ""
    return "zone-cma would have kept it out" if first.barred else "zone-cma would have let it in"


def kinds_table(by_kind: dict[Kind, KindTotal]) -> str:
    """A table; shares are of the ranges tried in vain and of the time that they took."""
    ranges = sum(total.ranges for total in by_kind.values())
    time = sum(total.time for total in by_kind.values())
    rows = [["what blocked", "pages", "ranges", "share", "time", "share", "longest"]]
    for kind, total in by_kind.items():
        rows.append(
            [
                short(kind),
                thousands(total.pages) if total.pages else "-",
                thousands(total.ranges),
                percent(total.ranges, ranges),
                ms(total.time),
                percent(total.time, time),
                ms(total.longest) if total.pages else "-",
            ]
        )
    return aligned(rows)


def persistence_sentence(outcome: Explanation) -> str:
    """Whether what persists is what zone-cma keeps out, in this recording."""
    found = outcome.persistence
    if not outcome.nr_calls:
        return "there is nothing to explain"
    if not outcome.nr_busy:
        return "no range was busy: no page was in the way of a call"
    if not found.pages:
        return f"no page blocked more than one of {outcome.nr_calls} calls: nothing that persists was met"
    pages = count(found.pages, "page")
    return f"{pages} blocked more than one of {outcome.nr_calls} calls; {_verdict(found)}"


def _verdict(found: Persistence) -> str:
    if found.barred == found.pages:
        return "every one lacks __GFP_HIGHMEM: zone-cma would have kept all that persists out"
    if not found.kinds:
        others = f", the other {found.barred} lack __GFP_HIGHMEM" if found.barred else ""
        return f"the trace does not have the gfp masks of {found.not_known} of them{others}"
    let_in = ", ".join(f"{number} {kind.value}" for kind, number in found.kinds.items())
    if not found.barred and not found.not_known:
        return f"none lacks __GFP_HIGHMEM: zone-cma would have let all that persists in ({let_in})"
    return f"zone-cma would have kept out {found.barred} and let in others ({let_in})"
