"""Touches that a trace does not show: counts by hand."""

import numpy as np

from zonecma.workload.objects import OBJECT_FACTS
from zonecma.workload.requests import ALLOC, CMA_ALLOC, FREE, REQUEST, TOUCH
from zonecma.workload.touched import TouchedLoad
from zonecma.workload.untold import MOST, with_untold_touches
from zonecma.workload.users import UserKind


def load(*rows):
    """Requests of (op, object, count); objects from 100 on are files'."""
    requests = np.zeros(len(rows), REQUEST)
    for request, (op, obj, count) in zip(requests, rows, strict=True):
        request["op"], request["object"], request["count"] = op, obj, count
    objects = np.zeros(200, OBJECT_FACTS)
    objects["kind"][:100], objects["kind"][100:] = UserKind.ANONYMOUS, UserKind.FILE
    return TouchedLoad(
        requests, np.zeros(1, np.uint32), np.zeros(0), objects, np.zeros(len(rows), np.int64), 200, 0
    )


def counts(*rows):
    return list(with_untold_touches(load(*rows)).requests["count"])


def test_a_quarter_in_swap_means_three_untold_touches():
    assert counts(*[(ALLOC, i, 0) for i in range(8)], (TOUCH, 3, 2))[-1] == 3


def test_what_was_freed_does_not_count():
    rows = [(ALLOC, i, 0) for i in range(8)] + [(FREE, i, 0) for i in range(4)]
    assert counts(*rows, (TOUCH, 7, 2))[-1] == 1


def test_all_in_swap_means_none():
    assert counts((ALLOC, 0, 0), (TOUCH, 0, 5))[-1] == 0


def test_files_are_no_pages_of_a_task():
    assert counts((ALLOC, 0, 0), (ALLOC, 100, 0), (TOUCH, 0, 1))[-1] == 0


def test_touches_of_page_cache_and_calls_keep_their_counts():
    assert counts((TOUCH, 100, 0), (CMA_ALLOC, 150, 64)) == [0, 64]


def test_there_is_a_limit():
    rows = [(ALLOC, i % 100, 0) for i in range(5 * MOST)]
    assert counts(*rows, (TOUCH, 0, 1))[-1] == MOST - 1
