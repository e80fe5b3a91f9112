"""What blocked, summed over calls of traces written by hand."""

from tests.traces import FAULT, MACHINE, TWO_BLOCKERS, alloc, failing, free, trace_of
from zonecma.lab.blocking import blocking_pages, persistence_of, totals_by_kind
from zonecma.lab.explain import calls_of
from zonecma.lab.explanation import Kind, Persistence

MS = 1_000_000


def calls(*events):
    return calls_of(trace_of(*events), MACHINE)


def test_pages_that_blocked():
    buffer, anonymous = blocking_pages(calls(*TWO_BLOCKERS))
    assert (buffer.first.pfn, buffer.ranges, buffer.calls) == (0x40010, 3, (1, 2))
    assert buffer.until - buffer.first.seen == 9 * MS
    assert (anonymous.first.pfn, anonymous.ranges, anonymous.calls) == (0x40020, 1, (1,))


def test_one_frame_with_two_tenants_is_two_pages():
    tenants = [alloc("a-1", 0x40010, FAULT), *failing(0x40010), free("a-1", 0x40010)]
    pages = blocking_pages(calls(*tenants, alloc("b-2", 0x40010, FAULT), *failing(0x40010)))
    assert [page.first.task for page in pages] == ["a-1", "b-2"]


def test_sums_by_kind():
    found = calls(*TWO_BLOCKERS)
    totals = totals_by_kind(found, blocking_pages(found))
    assert list(totals) == [Kind.BUFFER, Kind.ANONYMOUS]
    buffer, anonymous = totals.values()
    assert (buffer.ranges, buffer.pages, buffer.time, buffer.longest) == (3, 1, 6 * MS, 9 * MS)
    assert (anonymous.ranges, anonymous.pages, anonymous.time, anonymous.longest) == (1, 1, 2 * MS, 0)


def test_what_persists_is_what_blocks_more_than_one_call():
    assert persistence_of(blocking_pages(calls(*TWO_BLOCKERS))) == Persistence(1, 1, 0, {})
    pinned = [alloc("a-1", 0x40010, FAULT), *failing(0x40010), *failing(0x40010)]
    assert persistence_of(blocking_pages(calls(*pinned))) == Persistence(1, 0, 0, {Kind.ANONYMOUS: 1})
    unseen = [*failing(0x40010), *failing(0x40010)]
    assert persistence_of(blocking_pages(calls(*unseen))) == Persistence(1, 0, 1, {})
