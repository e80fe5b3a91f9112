"""How long pages stay in the way, of pages written by hand."""

from zonecma.lab.explanation import Blocker, BlockingPage, Kind
from zonecma.lab.lasting import lasting_by_kind


def page(kind, seen, until, left):
    return BlockingPage(Blocker(kind, pfn=1, page=(1, seen), seen=seen, left=left), until, 2, (1,))


def test_kinds_are_apart_and_the_one_with_most_pages_is_first():
    pages = [page(Kind.ANONYMOUS, 5, 9, 10), page(Kind.BUFFER, 0, 40, 100), page(Kind.BUFFER, 0, 40, 200)]
    found = lasting_by_kind(pages)
    assert [*found] == [Kind.BUFFER, Kind.ANONYMOUS]
    assert found[Kind.BUFFER].times.tolist() == [100, 200]
    assert found[Kind.BUFFER].shares.tolist() == [0.5, 0]
    assert found[Kind.ANONYMOUS].times.tolist() == [5]


def test_a_page_that_was_not_seen_to_leave_counts_as_long_as_it_was_seen():
    found = lasting_by_kind([page(Kind.BUFFER, 0, 40, 10), page(Kind.BUFFER, 0, 40, None)])[Kind.BUFFER]
    assert (found.count, found.ended) == (2, 1)
    assert found.after(1000) == 0.5


def test_no_page_no_curve():
    assert lasting_by_kind([]) == {}
