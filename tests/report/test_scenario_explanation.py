"""explain's outcome for a generated load, written by hand: every figure is shown, and it fits."""

import json
from dataclasses import replace

import pytest

from zonecma.kernel.page_class import PageClass
from zonecma.lab.scenario_explanation import Cause, PageInTheWay, Remedy, ScenarioExplanation, Wishes, Work
from zonecma.lab.survival import survival_of
from zonecma.report.page_classes import NAMES
from zonecma.report.scenario_explanation import scenario_explanation_json, scenario_explanation_text

S = 1e9
WISHES = Wishes(1234, 456, 78, 9012, survival_of([2 * S, 3 * S, 4.5 * S, 60 * S], [1, 1, 1, 0]), 12.3, 4567.8)
NO_WISHES = Wishes(0, 0, 0, 0, survival_of([], []), 0.0, 0.0)
CAUSES = (
    Cause(
        PageClass.JOURNAL,
        3000,
        0.6,
        4,
        survival_of([0.005 * S, 0.25 * S, 7.5 * S, 8 * S], [1, 1, 1, 0]),
        ("last-resort", "half-free", "zone-cma"),
    ),
    Cause(PageClass.BUFFER_HEAD, 1999, 0.3998, 2, survival_of([12 * S, 13 * S], [0, 0]), ("last-resort",)),
    Cause(PageClass.FREE, 1, 0.0002, 0, survival_of([], []), ()),
)
WORK = (
    Work(PageClass.FILE, 1_234_567, 0, 0, 0, 0, 0.0, 6543.2),
    Work(PageClass.JOURNAL, 0, 34_567, 2345, 45_678, 9876, 111_222.3, 222_333.4),
)
REMEDIES = (
    Remedy("placement zone-cma", Wishes(1234, 0, 0, 1234, survival_of([], []), 3.2, 98.7)),
    Remedy(
        "pages leave the area before they are pinned",
        Wishes(1234, 455, 77, 9000, survival_of([S], [1]), 12.2, 4321.0),
    ),
    Remedy("an area twice as large", None, "cma=256M: no 256 MiB are free"),
)
OUTCOME = ScenarioExplanation(
    scenario="page-kinds,read_mib=1500",
    board="vm-1g-cma512",
    kernel="4.7",
    placement="last-resort",
    seeds=5,
    area_pages=32768,
    ranges=5000,
    unnamed=1357,
    wishes=WISHES,
    causes=CAUSES,
    work=WORK,
    remedies=REMEDIES,
)
EMPTY = replace(OUTCOME, ranges=0, unnamed=0, wishes=NO_WISHES, causes=(), work=(), remedies=())


def flat(outcome, columns=80):
    return " ".join(scenario_explanation_text(outcome, columns).split())


def every_class():
    """All names there are, with figures as large as they come."""
    still = survival_of([100 * S], [1])
    entered = ("last-resort", "half-free", "zone-cma")
    causes = [Cause(one, 1_234_567, 0.05, 1_234_567, still, entered) for one in PageClass]
    big = (9_999_999,) * 5
    work = [Work(one, *big, 9_999_999.9, 9_999_999.9) for one in PageClass]
    return replace(OUTCOME, ranges=21 * 1_234_567, causes=tuple(causes), work=tuple(work))


@pytest.mark.parametrize("columns", [80, 100, 200])
@pytest.mark.parametrize("outcome", [OUTCOME, EMPTY, every_class()], ids=["usual", "empty", "large"])
def test_lines_fit(outcome, columns):
    assert max(map(len, scenario_explanation_text(outcome, columns).split("\n"))) <= columns


@pytest.mark.parametrize(
    "figure",
    [
        "page-kinds,read_mib=1500 on vm-1g-cma512 under last-resort: rules of 4.7",
        "128 MiB of CMA, 5 drawings",
        "1,234 buffers asked for, 456 not got at once (37.0 %), 78 never got",
        "a first try took 12.3 ms (median), 4567.8 ms at most",
        "went on to fail for 3.0 s (median), longer than was waited (99th percentile)",
        "3,000 60.0 % 4 last-resort, half-free, zone-cma",
        "1,999 40.0 % 2 last-resort",
        "free by then, or not isolated 1 0.0 % 0 -",
        "100 75 75 50 25 250.0 ms",
        "100 100 100 100 100 not seen",
        "1,234,567 0 0 0",
        "0 34,567 2,345 9,876",
        "45,678 111,222.3 222,333.4",
        "as they are 456 of 1,234 78 12.3 4567.8",
        "placement zone-cma 0 of 1,234 0 3.2 98.7",
        "an area twice as large: not tried, cma=256M: no 256 MiB are free",
        "another attempt needs its transaction's commit",
        "1,357 notes came too late in their runs to be kept",
        "a generated load: no kernel was seen running it",
    ],
)
def test_each_figure_is_there(figure):
    assert figure in flat(OUTCOME, 200)


def test_names_that_are_broken_keep_their_words():
    lines = scenario_explanation_text(OUTCOME, 80).split("\n")
    row = next(i for i, line in enumerate(lines) if "455 of 1,234" in line)
    assert lines[row].split()[-6:] == ["455", "of", "1,234", "77", "12.2", "4321.0"]
    broken = [lines[row][:21].strip(), *(line.strip() for line in lines[row + 1 : row + 3])]
    assert " ".join(broken).strip() == "pages leave the area before they are pinned"


def test_nothing_happened():
    text = scenario_explanation_text(EMPTY, 80)
    assert "0 buffers asked for, 0 not got at once (-), 0 never got" in flat(EMPTY)
    assert "* no range was tried in vain\n" in text
    assert "in the way" not in text and "what calls met" not in text


def test_free_frames_alone_have_no_curve():
    text = scenario_explanation_text(replace(OUTCOME, causes=CAUSES[2:]), 80)
    assert NAMES[PageClass.FREE] in text and "still in the way" not in text
    assert "\n\n\n" not in text


def test_json_has_the_same_facts():
    out = json.loads(json.dumps(scenario_explanation_json(OUTCOME)))
    assert list(out) == [
        *("scenario", "board", "kernel", "placement", "seeds", "area_pages", "ranges_in_vain"),
        *("notes_not_kept", "calls", "causes", "pages", "work", "remedies"),
    ]
    assert (out["area_pages"], out["ranges_in_vain"], out["notes_not_kept"]) == (32768, 5000, 1357)
    assert out["calls"] == {
        "asked": 1234,
        "failed_first": 456,
        "given_up": 78,
        "tries": 9012,
        "fails_for_ms": {"median": 3000, "p99": None},
        "first_try_ms": {"median": 12.3, "most": 4567.8},
    }
    journal, _, free = out["causes"]
    curve = {"1 ms": 1, "10 ms": 0.75, "0.1 s": 0.75, "1 s": 0.5, "10 s": 0.25}
    assert journal == {
        "class": "block-device buffer, held by the journal",
        "ranges": 3000,
        "share": 0.6,
        "pages": 4,
        "still_in_the_way": curve,
        "in_the_way_ms": {"median": 250, "p99": None},
        "let_in_by": ["last-resort", "half-free", "zone-cma"],
        "needs": "its transaction's commit, its own write, and the next commit",
    }
    assert (free["still_in_the_way"], free["let_in_by"]) == (None, [])
    assert out["work"][1] == {
        "class": "block-device buffer, held by the journal",
        "dropped": 0,
        "moved": 34_567,
        "into_area": 2345,
        "tries": 45_678,
        "stayed": 9876,
        "waited_ms": 111_222.3,
        "ms": 222_333.4,
    }
    assert [(one["what"], one["why_not"]) for one in out["remedies"]] == [
        (one.what, one.why_not or None) for one in REMEDIES
    ]
    assert out["remedies"][2]["calls"] is None
    assert out["remedies"][0]["calls"]["failed_first"] == 0


def test_pages_are_told_one_by_one():
    brought = PageInTheWay(PageClass.PINNED, 0x1234, 2, 1500.0, 12, 3, 250.0, True)
    before = PageInTheWay(PageClass.JOURNAL, 0x99, -1, 4.0, 1, 1, 2000.0, False)
    text = flat(replace(OUTCOME, pages=(brought, before)))
    assert "frame 0x1234: pinned for long, brought to memory by slot 2 1.5 s before;" in text
    assert "in the way of 12 ranges of 3 calls for 250.0 ms" in text
    assert "brought to memory before the load 4.0 ms before;" in text
    assert "1 range of 1 call for 2.0 s, to the run's end" in text
    found = scenario_explanation_json(replace(OUTCOME, pages=(brought,)))["pages"]
    assert found[0]["page_class"] == "pinned for long"
    assert (found[0]["pfn"], found[0]["ranges"]) == (0x1234, 12)
