"""The sentence on what persists, of outcomes written by hand."""

from dataclasses import replace

import pytest

from zonecma.lab.explanation import Explanation, Kind, Persistence
from zonecma.report.blocking import persistence_sentence

NOTHING = Explanation(
    recording="a-recording",
    kernel="6.12.1",
    page_kib=4,
    calls=(),
    nr_calls=0,
    by_kind={},
    pages=(),
    persistence=Persistence(0, 0, 0, {}),
    nr_busy=0,
    own_zone=False,
)
SOME = {"nr_calls": 9, "nr_busy": 9}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"nr_calls": 0}, "there is nothing to explain"),
        ({"nr_calls": 2}, "no range was busy: no page was in the way of a call"),
        (SOME, "no page blocked more than one of 9 calls: nothing that persists was met"),
        (
            SOME | {"persistence": Persistence(2, 2, 0, {})},
            "2 pages blocked more than one of 9 calls; every one lacks __GFP_HIGHMEM: zone-cma would have"
            " kept all that persists out",
        ),
        (
            SOME | {"persistence": Persistence(2, 0, 0, {Kind.ANONYMOUS: 2})},
            "2 pages blocked more than one of 9 calls; none lacks __GFP_HIGHMEM: zone-cma would have let"
            " all that persists in (2 anonymous)",
        ),
        (
            SOME | {"persistence": Persistence(3, 1, 0, {Kind.ANONYMOUS: 1, Kind.FILE: 1})},
            "3 pages blocked more than one of 9 calls; zone-cma would have kept out 1 and let in others"
            " (1 anonymous, 1 file cache)",
        ),
        (
            SOME | {"persistence": Persistence(1, 0, 1, {})},
            "1 page blocked more than one of 9 calls; the trace does not have the gfp masks of 1 of them",
        ),
        (
            SOME | {"persistence": Persistence(3, 2, 1, {})},
            "3 pages blocked more than one of 9 calls; the trace does not have the gfp masks of 1 of them,"
            " the other 2 lack __GFP_HIGHMEM",
        ),
    ],
)
def test_what_the_recording_says_of_persistence(changes, sentence):
    assert persistence_sentence(replace(NOTHING, **changes)) == sentence
