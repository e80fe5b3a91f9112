"""The answer's page, of runs and rows written by hand."""

import re
from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import REPOSITORY
from tests.explained import call, ending, found, found_free, run_of
from tools.answer.rows import KERNELS, KINDS, LOAD, PLACEMENTS, Row, row_of, task_of
from tools.answer.seen import Seen
from tools.answer.text import check_words, page_of
from zonecma.kernel.page_class import PageClass
from zonecma.lab.scenarios import draw_scenario, parse_scenario
from zonecma.workload import uses

S = 1e9
DOCUMENT = REPOSITORY / "docs" / "why-calls-fail.md"
PROSE = (REPOSITORY / "tools" / "answer" / "page.md").read_text()
LINES = [(kind, kernel, place) for kind in KINDS for kernel in KERNELS for place in PLACEMENTS]
ROW = Row(
    kind="buffers",
    kernel="4.7",
    placement="last-resort",
    use=0.5,
    wishes=200,
    failed=50,
    failed_interval=(0.19, 0.31),
    in_vain=1234,
    blame={"metadata": 0.75, "files": 0.2, "memory": 0.05, "pins": 0.0, "other": 0.0},
    fails_for=(2.5 * S, None),
    fails_for_interval=((0.25 * S, 3 * S), (None, None)),
    pages=7,
    in_the_way=(6.04 * S, None),
    slowest_ms=1234.4,
    seen=None,
)


def cells(text, number=0):
    """A row of the page's table."""
    lines = [line for line in text.split("\n") if line.startswith("| ")]
    return [cell.strip() for cell in lines[2 + number].strip("| ").split(" | ")]


def all_rows(**changes):
    """Fewer fail in the zone, and under 6.12's rules none of the pinned."""
    rows = []
    for kind, kernel, place in LINES:
        zone = place == "zone-cma"
        row = replace(ROW, kind=kind, kernel=kernel, placement=place)
        row = replace(row, failed=100 if kind == "buffers" else 20, pages=0 if zone else 7)
        row = replace(row, failed=(4 if kernel == "4.7" else 0) if kind == "pinned" and zone else row.failed)
        rows.append(replace(row, failed=0, in_vain=0) if zone and kind != "pinned" else row)
    return [replace(row, **changes) for row in rows]


def flat(rows):
    return " ".join(page_of(rows, 6, LOAD).split())


def test_a_row_of_hand_made_runs():
    """Of each run's 2 buffers 1 is not got at once; of its 2 pages 1 is seen to go, after 100 ms."""
    one = run_of(
        [found(100), ending(200), found_free(300), found(400, 2, PageClass.FILE_DIRTY, use=uses.WRITTEN)],
        [call(0, 90, 10, got=False), call(1, 150, 60, 0), call(2, 300, 7)],
        used=(100, 400, 0, 0),
        seconds=1,
    )
    row = row_of("buffers", "4.7", "last-resort", [one, one])
    assert (row.wishes, row.failed, row.in_vain, row.pages) == (4, 2, 6, 4)
    assert row.use == pytest.approx(0.25)  # 0 and 500 of 1000 frames
    assert row.failed_interval == pytest.approx((0.15, 0.85), abs=0.005)
    assert row.blame == pytest.approx(
        {"metadata": 1 / 3, "files": 1 / 3, "memory": 0, "pins": 0, "other": 1 / 3}
    )
    assert row.fails_for == (110_000_000, 110_000_000)
    assert row.fails_for_interval == ((110_000_000,) * 2,) * 2
    assert row.in_the_way == (100_000_000, None)
    assert (row.slowest_ms, row.seen) == (60, None)


@pytest.mark.parametrize(
    ("page_class", "use", "who"),
    [
        (PageClass.JOURNAL, uses.BUFFER, "metadata"),
        (PageClass.WRITEBACK, uses.BUFFER, "metadata"),
        (PageClass.LOCKED, uses.BUFFER, "metadata"),
        (PageClass.WRITEBACK, uses.WRITTEN, "files"),
        (PageClass.LOCKED, uses.MAPPED_FILE, "files"),
        (PageClass.FILE_MAPPED, uses.RUN, "files"),
        (PageClass.WRITEBACK, uses.PROGRAM, "memory"),
        (PageClass.LOCKED, uses.SHARED_MEMORY, "memory"),
        (PageClass.ANONYMOUS, uses.PROGRAM, "memory"),
        (PageClass.PINNED, uses.PROGRAM, "pins"),
        (PageClass.LRU_BATCH, uses.READ, "other"),
    ],
)
def test_who_is_blamed(page_class, use, who):
    """A page that is read or written just then is its owner's: not every one is a file's."""
    run = run_of([found(1, page_class=page_class, use=use), ending(2)], [call(0, 0, 1, got=False)])
    blame = row_of("read", "4.7", "half-free", [run]).blame
    assert {name for name, share in blame.items() if share} == {who}


def test_nothing_failed():
    row = row_of("read", "4.7", "half-free", [run_of(calls=[call(0, 0, 5)])])
    assert (row.failed, row.in_vain, row.pages, sum(row.blame.values())) == (0, 0, 0, 0)
    shown = cells(page_of([*all_rows(), row], 6, LOAD), len(LINES))
    assert shown[4:] == ["0 % (0 to 79)", "0", "-", "-", "-", "5", "no"]


def test_seeds_drawn_anew_in_which_nothing_failed_say_nothing():
    bad = run_of(calls=[call(0, 0, 10, got=False), call(1, 100, 10, 0)])
    row = row_of("read", "4.7", "half-free", [bad, *[run_of(calls=[call(0, 0, 5)])] * 5])
    assert row.fails_for_interval == ((100_000_000,) * 2,) * 2


def test_a_rows_cells():
    assert cells(page_of([ROW, *all_rows()], 6, LOAD)) == [
        "block-device buffers",
        "4.7",
        "last-resort",
        "50 %",
        "25 % (19 to 31)",
        "1,234",
        "75, 20, 5, 0 %",
        "2.5 (0.25 to 3.0), > (>)",
        "6.0, >",
        "1,234",
        "no",
    ]


def test_free_frames_alone_stay_for_no_time():
    free = replace(ROW, pages=0, in_the_way=(None, None))
    assert cells(page_of([free, *all_rows()], 6, LOAD))[8] == "-"


def test_what_was_seen():
    seen = Seen("cma128-mix", 12, 3, 200, 150, 5120.0, 1843.2)
    text = page_of([replace(ROW, seen=seen), *all_rows()], 6, LOAD)
    assert cells(text)[10] == (
        "`cma128-mix`: 3 of 12 calls failed, slowest 1,843 ms;"
        " 200 in vain, 75 % by metadata, a page up to 5.1 s"
    )
    quiet = replace(ROW, seen=replace(seen, failed=0, in_vain=0))
    assert cells(page_of([quiet, *all_rows()], 6, LOAD))[10].endswith("slowest 1,843 ms; no range in vain")


def test_the_page_has_no_placeholder_left_and_all_rows():
    text = page_of(all_rows(), 6, LOAD)
    assert "$" not in text
    assert f"`zonecma explain {LOAD}`" in text and "6 drawings: 200 buffers" in flat(all_rows())
    assert sum(line.startswith("| ") for line in text.split("\n")) == len(LINES) + 2 == 38


def test_claims_follow_the_rows():
    text = flat(all_rows())
    assert "50 % of buffers are not got at once when such blocks fill memory" in text
    assert "beside other pages it is 10 %, and metadata has 75 % of the blame" in text
    assert "stays in the way for 6 s (medians" in text
    assert "up to 50 % of it. 0 % of buffers are not got at once there." in text
    assert "the slowest try took 1,234 ms" in text
    assert "(4.7), 2 % of buffers" in text and "rules it is 0 %." in text


def test_a_claim_spans_its_rows():
    rows = all_rows()
    rows[0] = replace(rows[0], failed=150)
    rows[6] = replace(rows[6], failed=30, in_the_way=(9 * S, None))
    rows[7] = replace(rows[7], in_the_way=(None, None))
    text = flat(rows)
    assert "50 to 75 % of buffers are not got at once when such" in text
    assert "beside other pages it is 10 to 15 %" in text
    assert "for 6 to 9 s, or longer than was seen (medians" in text


def test_nothing_in_vain_is_still_a_page():
    assert "metadata has 0 % of the blame" in flat(all_rows(in_vain=0, pages=0))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_fills_the_machine(kind):
    scenario = draw_scenario(parse_scenario(task_of(kind, "4.7", "half-free", 1).scenario), 1)
    assert int((1 << scenario.objects["order"].astype(np.int64)).sum()) * 4096 > 0.8 * (1 << 30)


@pytest.mark.skipif(not DOCUMENT.exists(), reason="the page was not written yet")
def test_the_document_has_all_rows_and_the_pages_words():
    text = DOCUMENT.read_text()
    assert sum(line.startswith("| ") for line in text.split("\n")) == len(LINES) + 2
    for words in re.split(r"\$\w+", PROSE):
        assert words in text


def as_the_words_say(row):
    """Buffers fail where they may enter, and pins in a zone of 4.7; metadata is met in no zone."""
    zone = row.placement == "zone-cma"
    fails = (row.kind == "buffers" and not zone) or (row.kind == "pinned" and zone and row.kernel == "4.7")
    blame = {"metadata": 0.0 if zone else 1.0, "files": 0.0, "memory": 0.0, "pins": 0.0, "other": 0.0}
    return replace(row, failed=5 if fails else 0, blame=blame)


def test_the_page_is_not_written_where_its_words_are_untrue():
    true = [as_the_words_say(row) for row in all_rows()]
    check_words(true)
    untrue = [replace(row, failed=1) if row.kind == "written" else row for row in true]
    with pytest.raises(ValueError, match="file pages fail nothing in a zone"):
        check_words(untrue)
