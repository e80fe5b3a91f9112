"""Wishes for buffers, of calls written by hand."""

from tests.explained import MS, call, run_of
from zonecma.lab.contiguous_calls import wishes_of


def test_got_at_once():
    (wish,) = wishes_of(run_of(calls=[call(0, 100, 2, pages=256)]))
    assert (wish.pages, wish.got, wish.tries, wish.first_failed) == (256, True, 1, False)
    assert (wish.first_took, wish.fails_for) == (2 * MS, 0)


def test_repeated_until_got():
    """The first try fails at 103 ms, the last one succeeds at 211."""
    tries = call(0, 100, 3, got=False), call(1, 150, 5, 0, got=False), call(2, 200, 11, 0)
    (wish,) = wishes_of(run_of(calls=tries))
    assert (wish.got, wish.tries, wish.first_failed) == (True, 3, True)
    assert (wish.first_took, wish.fails_for) == (3 * MS, 108 * MS)


def test_given_up():
    tries = call(0, 100, 3, got=False), call(1, 150, 5, 0, got=False)
    (wish,) = wishes_of(run_of(calls=tries))
    assert (wish.got, wish.tries, wish.fails_for) == (False, 2, 52 * MS)
    (wish,) = wishes_of(run_of(calls=tries[:1]))
    assert (wish.got, wish.tries, wish.fails_for) == (False, 1, 0)


def test_wishes_of_several_tasks_mixed():
    calls = (
        call(0, 0, 1, got=False, pages=10),
        call(1, 5, 1, pages=20),
        call(2, 10, 1, 0, pages=10),
        call(3, 20, 1, got=False, pages=30),
    )
    wishes = wishes_of(run_of(calls=calls))
    assert [(wish.pages, wish.tries, wish.got) for wish in wishes] == [
        (10, 2, True),
        (20, 1, True),
        (30, 1, False),
    ]


def test_nobody_asked():
    assert wishes_of(run_of()) == []
