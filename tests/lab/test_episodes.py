"""When a page was in the way, of notes written by hand."""

from tests.explained import at, ending, found, found_free, run_of
from zonecma.kernel.page_class import PageClass
from zonecma.lab.episodes import episodes_of

MS = 1_000_000


def spans(*notes, seconds=10):
    """Begin and end of each episode in ms since the load began, and whether the end was seen."""
    return [
        ((one.begun - at(0)) / MS, (one.ended - at(0)) / MS, one.seen_to_end)
        for one in episodes_of(run_of(notes, seconds=seconds))
    ]


def test_a_page_that_is_found_twice_is_one_episode():
    first = found(100, page_class=PageClass.JOURNAL)
    (one,) = episodes_of(run_of([first, found(300, call=2), found(400, call=2), ending(500)]))
    assert (one.page_class, one.object, one.pfn, one.use) == (PageClass.JOURNAL, 1, 4101, 5)
    assert (one.begun, one.ended, one.lasted, one.seen_to_end) == (at(100), at(500), 400 * MS, True)
    assert (one.ranges, one.calls) == (3, {1, 2})
    assert (one.brought, one.task) == (at(-900), 3)


def test_pages_are_told_apart_in_the_order_in_which_they_were_found():
    notes = found(100, 8), found(200, 5), ending(300, 8), ending(450, 5)
    assert [one.object for one in episodes_of(run_of(notes))] == [8, 5]
    assert spans(*notes) == [(100, 300, True), (200, 450, True)]


def test_what_was_not_seen_to_end_ends_with_the_run():
    assert spans(found(100), seconds=2) == [(100, 2000, False)]


def test_a_bond_with_a_time_ends_by_itself():
    assert spans(found(100, until_ms=350)) == [(100, 350, True)]


def test_or_sooner():
    assert spans(found(100, until_ms=350), ending(200)) == [(100, 200, True)]


def test_but_not_later():
    """Nothing is noted when such a bond ends; the next note may be of another, which nobody met."""
    assert spans(found(100, until_ms=350), ending(900)) == [(100, 350, True)]


def test_a_bond_may_be_made_longer():
    assert spans(found(100, until_ms=350), found(200, until_ms=700)) == [(100, 700, True)]


def test_a_bond_that_lasts_longer_than_the_run():
    assert spans(found(100, until_ms=2500), seconds=2) == [(100, 2000, False)]
    assert spans(found(100, until_ms=2500), ending(1500), seconds=2) == [(100, 1500, True)]


def test_a_new_bond_after_the_end_is_a_new_episode():
    assert spans(found(100), ending(200), found(300), ending(600)) == [(100, 200, True), (300, 600, True)]
    timed = found(100, until_ms=200), found(300, until_ms=600)
    assert spans(*timed) == [(100, 200, True), (300, 600, True)]


def test_clocks_of_their_own():
    """A task whose clock lags ends what another met later by its own."""
    (one,) = episodes_of(run_of([found(300), ending(250)]))
    assert (one.lasted, one.seen_to_end) == (0, True)


def test_free_frames_and_pages_of_nobody_known_are_none():
    assert spans(found_free(100), found_free(200, PageClass.UNKNOWN)) == []


def test_an_ending_of_a_page_whose_note_found_no_room():
    assert spans(ending(100)) == []
