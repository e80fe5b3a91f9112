"""How long pages stay in the way of contiguous calls, by kind."""

from __future__ import annotations

from collections.abc import Iterable

from zonecma.lab.explanation import BlockingPage, Kind
from zonecma.lab.survival import Survival, survival_of


def lasting_by_kind(pages: Iterable[BlockingPage]) -> dict[Kind, Survival]:
    """From when a page was found first to when its frame was free, the kind with most pages first.

    A page that the trace does not show leaving stayed until it was found last, at least.
    """
    by_kind: dict[Kind, list[BlockingPage]] = {}
    for page in pages:
        by_kind.setdefault(page.first.kind, []).append(page)
    ordered = sorted(by_kind.items(), key=lambda row: -len(row[1]))
    return {kind: survival_of(*_lasted(some)) for kind, some in ordered}


def _lasted(pages: Iterable[BlockingPage]) -> tuple[list[float], list[bool]]:
    """How long each stayed (ns), and whether it was seen to leave."""
    found = [(page.first.left, page.until, page.first.seen) for page in pages]
    lasted = [float((until if left is None else left) - seen) for left, until, seen in found]
    return lasted, [left is not None for left, _, _ in found]
