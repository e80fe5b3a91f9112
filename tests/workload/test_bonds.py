"""Samples of how long pages were bound, from traces written by hand with known times."""

from pathlib import Path

import pytest

from zonecma.capture.trace import scan_pieces
from zonecma.workload.bonds import bonds_of

JBD2, OTHER = "jbd2/vda-8-30", "jbd2/vdb1-8-31"
LOG = "mm_filemap_add_to_page_cache: dev 0:3 ino fe00000 pfn=0x7 ofs=117506048 order=0"
BITMAP = "mm_filemap_add_to_page_cache: dev 254:0 ino 7 pfn=0x8 ofs=4096 order=0"
GIVEN_BACK = "writeback_dirty_folio: bdi 254:0: ino=266338304 index=73"
WAIT = "folio_wait_writeback: bdi 254:0: ino=12 index=0"
FREE = "mm_page_free: pfn=0x9 order=0"
LOST = "CPU:0 [LOST 5 EVENTS]\n"


def microseconds(*events):
    """Samples by bond; events are a microsecond, a text and, if it is not a-1, the task."""
    lines = []
    for time, text, *task in events:
        lines.append(f"{(task or ['a-1'])[0]} [000] 1.{time:06}: {text}\n" if text != LOST else LOST)
    data = "".join(lines).encode()
    trace = scan_pieces(Path("given"), iter([data]), len(data))
    found = bonds_of(trace.events, trace.texts)
    return {bond: (lasted // 1000).tolist() for bond, lasted in found.items()}


def commits(*events, task=JBD2):
    return [(time, text, task) for time, text in events]


def test_nothing_is_told_by_other_events():
    assert microseconds((1, FREE), (2, FREE)) == {"commit": [], "write": []}
    assert microseconds(*commits((1, FREE), (2, FREE))) == {"commit": [], "write": []}


def test_commits_begin_with_a_page_for_the_log_after_buffers():
    given = commits((10, LOG), (20, LOG), (25, GIVEN_BACK), (26, GIVEN_BACK), (40, LOG), (50, GIVEN_BACK))
    assert microseconds(*given, (90, LOG, JBD2))["commit"] == [30, 50]


def test_buffers_before_any_page_begin_nothing():
    given = commits((5, GIVEN_BACK), (10, LOG), (20, GIVEN_BACK), (31, LOG))
    assert microseconds(*given)["commit"] == [21]


def test_a_file_systems_own_pages_are_not_of_the_log():
    """ext4's bitmaps are in its own cache; what programs add to the disk's is not jbd2's."""
    given = commits((10, LOG), (20, GIVEN_BACK), (22, BITMAP), (50, LOG))
    assert microseconds(*given, (60, GIVEN_BACK), (70, LOG))["commit"] == [40]


def test_journals_go_on_beside_each_other():
    one = commits((10, LOG), (30, GIVEN_BACK), (60, LOG))
    two = commits((20, LOG), (40, GIVEN_BACK), (75, LOG), task=OTHER)
    assert microseconds(*sorted(one + two))["commit"] == [50, 55]


def test_a_wait_ends_with_the_waiters_next_event():
    given = (10, WAIT), (12, FREE, "b-2"), (25, FREE), (40, WAIT), (43, WAIT), (50, FREE)
    assert microseconds(*given)["write"] == [15, 3, 7]


def test_a_wait_ends_when_jbd2_is_woken():
    given = (10, WAIT), (14, FREE, JBD2), (25, FREE), (40, WAIT), (45, FREE), (46, FREE, OTHER)
    assert microseconds(*given)["write"] == [4, 5]


def test_a_wait_without_an_end_is_none():
    assert microseconds((10, WAIT), (20, WAIT, "b-2"), (22, FREE, "b-2"))["write"] == [2]
    assert microseconds((10, WAIT), (12, FREE, JBD2))["write"] == []


@pytest.mark.parametrize("bond", ["commit", "write"])
def test_nothing_spans_lost_events(bond):
    given = {
        "commit": commits((10, LOG), (20, GIVEN_BACK), (40, LOG), (50, GIVEN_BACK), (90, LOG)),
        "write": [(10, WAIT), (40, FREE), (41, WAIT), (91, FREE)],
    }[bond]
    assert microseconds(*given)[bond] == [30, 50]
    assert microseconds(given[0], (11, LOST), *given[1:])[bond] == [50]
