"""What blocked, summed over calls: by kind, page by page, and whether it persists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from zonecma.lab.explanation import Attempt, Blocker, BlockingPage, Call, Kind, KindTotal, Persistence


def in_vain(calls: Iterable[Call]) -> Iterator[tuple[Call, Attempt, Blocker]]:
    """Each range that was tried in vain, and what blocked it."""
    for call in calls:
        for attempt in call.attempts:
            if attempt.failed and attempt.blocker:
                yield call, attempt, attempt.blocker


def blocking_pages(calls: Iterable[Call]) -> tuple[BlockingPage, ...]:
    """Each page that blocked, the one with most ranges first."""
    found: dict[tuple[int, int], list[tuple[Call, Blocker]]] = {}
    for call, _, blocker in in_vain(calls):
        if blocker.page:
            found.setdefault(blocker.page, []).append((call, blocker))
    pages = [_page(looks) for looks in found.values()]
    return tuple(sorted(pages, key=lambda page: -page.ranges))


def _page(looks: Sequence[tuple[Call, Blocker]]) -> BlockingPage:
    calls = tuple(sorted({call.number for call, _ in looks}))
    times = [blocker.seen for _, blocker in looks]
    first = min((blocker for _, blocker in looks), key=lambda blocker: blocker.seen)
    return BlockingPage(first, max(times), len(looks), calls)


def totals_by_kind(calls: Sequence[Call], pages: Iterable[BlockingPage]) -> dict[Kind, KindTotal]:
    """Each kind's ranges, time and pages, the kind with most ranges first."""
    ranges: Counter[Kind] = Counter()
    time: Counter[Kind] = Counter()
    longest: dict[Kind, list[int]] = {}
    for _, attempt, blocker in in_vain(calls):
        ranges[blocker.kind] += 1
        time[blocker.kind] += attempt.ended - attempt.begin
    for page in pages:
        longest.setdefault(page.first.kind, []).append(page.until - page.first.seen)
    return {
        kind: KindTotal(count, time[kind], len(longest.get(kind, ())), max(longest.get(kind, ()), default=0))
        for kind, count in ranges.most_common()
    }


def persistence_of(pages: Iterable[BlockingPage]) -> Persistence:
    """What is known of the pages that blocked more than one call."""
    persisting = [page.first for page in pages if len(page.calls) > 1]
    return Persistence(
        pages=len(persisting),
        barred=sum(blocker.barred is True for blocker in persisting),
        not_known=sum(blocker.barred is None for blocker in persisting),
        kinds=dict(Counter(blocker.kind for blocker in persisting if blocker.barred is False).most_common()),
    )
