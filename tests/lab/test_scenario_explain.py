"""explain for a generated load, of runs written by hand: nothing is run."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tests.explained import call, did, ending, found, found_free, run_of
from zonecma.errors import InputError
from zonecma.kernel.page_class import PageClass
from zonecma.lab import scenario_explain
from zonecma.lab.episodes import episodes_of
from zonecma.lab.scenario_explain import causes_of, explain_scenario, pages_of, work_of
from zonecma.lab.scenario_setup import Terms
from zonecma.workload import uses

MS = 1_000_000
TRIED = ["last-resort", "half-free", "zone-cma"]


def causes(runs):
    """The causes of these runs, with the episodes that they have."""
    return causes_of(runs, [episode for run in runs for episode in episodes_of(run)])


def test_causes_and_shares():
    """5 ranges: 3 of buffers, in two runs whose objects have the same numbers, 1 of a file, 1 free."""
    one = found(100), found(300), ending(500), found_free(600)
    other = found(100, until_ms=200), found(400, 2, PageClass.FILE_DIRTY, use=uses.WRITTEN), ending(450, 2)
    file, buffers, free = sorted(causes([run_of(one), run_of(other)]), key=lambda cause: cause.page_class)
    assert (buffers.page_class, buffers.ranges, buffers.share, buffers.pages) == (PageClass.BUFFER, 3, 0.6, 2)
    assert list(buffers.still.times) == [100 * MS, 400 * MS]
    assert (file.page_class, file.ranges, file.share, file.pages) == (PageClass.FILE_DIRTY, 1, 0.2, 1)
    assert file.still.quantile(0.5) == 50 * MS
    assert (free.page_class, free.ranges, free.pages, free.entered) == (PageClass.FREE, 1, 0, ())


def test_the_cause_of_most_ranges_comes_first():
    notes = found(1, 1, PageClass.FILE), found(2, 2), found(3, 2)
    assert [cause.page_class for cause in causes([run_of(notes)])] == [PageClass.BUFFER, PageClass.FILE]


def test_what_was_not_seen_to_end_is_not_taken_for_ended():
    (cause,) = causes([run_of([found(100), found(200, 2), ending(700, 2)], seconds=1)])
    assert (cause.still.count, cause.still.ended) == (2, 1)
    assert cause.still.after(600 * MS) == 0.5


def test_an_ending_is_no_range():
    assert causes([run_of([ending(100)])]) == ()
    assert causes([]) == ()


@pytest.mark.parametrize(
    ("use", "entered"),
    [
        (uses.BUFFER, ("last-resort", "half-free")),
        (uses.READ, ("last-resort", "half-free", "zone-cma")),
        (uses.WRITTEN, ("last-resort", "half-free", "zone-cma")),
        (uses.MAPPED_FILE, ("last-resort", "half-free", "zone-cma")),
        (uses.NOT_AHEAD, ("last-resort", "half-free", "zone-cma")),
        (uses.PROGRAM, ("last-resort", "half-free", "zone-cma")),
        (uses.HUGE, ("last-resort", "half-free", "zone-cma")),
        (uses.SLAB, ()),
        (uses.KERNEL_PAGE, ()),
    ],
)
def test_which_placements_let_a_use_in(use, entered):
    """Into areas come movable pages, into a zone of its own only those of highmem, too."""
    (cause,) = causes([run_of([found(100, use=use)])])
    assert cause.entered == entered


def test_work_is_summed_over_runs():
    first = did(
        FILE={"dropped": 5},
        JOURNAL={"moved": 2, "tries": 7, "failed": 3, "waited_ns": 1_500_000, "ns": 2_000_000},
        KERNEL={"ns": 1},
    )
    second = did(JOURNAL={"moved": 4, "into_area": 1, "tries": 4, "ns": 500_000})
    file, journal = work_of([run_of(work=first), run_of(work=second)])
    assert (file.page_class, file.dropped, file.tries) == (PageClass.FILE, 5, 0)
    assert (journal.page_class, journal.dropped, journal.moved, journal.into_area) == (
        PageClass.JOURNAL,
        0,
        6,
        1,
    )
    assert (journal.tries, journal.failed, journal.waited_ms, journal.took_ms) == (11, 3, 1.5, 2.5)


def got(ms):
    return run_of(calls=[call(0, 0, ms)])


def failed():
    return run_of([found(50)], [call(0, 0, 9, got=False), call(1, 50, 1, 0)])


def given_up():
    return run_of([found(50), ending(60)], [call(0, 0, 9, got=False)], nr_notes=5)


@pytest.fixture
def nothing_runs(monkeypatch):
    """Machines boot but for those too large; runs are by label: what each setup leaves to be wished for."""
    outcomes = {"": given_up, "placement zone-cma": lambda: got(4), "placement half-free": failed}
    asked = []

    def booted(setup, _):
        if "cma=256M" in setup.command_line or "cma=262144K" in setup.command_line:
            raise InputError("cma=262144K: no 256 MiB are free")
        return SimpleNamespace(cma=np.array([(32768,)], [("count", "i8")]))

    def run(tasks, progress, workers):
        asked.extend(tasks)
        found = {}
        for task in tasks:
            found.setdefault(task.label, []).append(outcomes.get(task.label, given_up)())
        return found

    monkeypatch.setattr(scenario_explain, "booted_state", booted)
    monkeypatch.setattr(scenario_explain, "runs_by_label", run)
    return asked


def test_the_same_drawings_with_one_thing_changed(nothing_runs):
    terms = Terms(placement="last-resort", rules="4.7")
    outcome = explain_scenario("page-kinds", terms, seeds=2)
    tried = dict.fromkeys(task.label for task in nothing_runs)
    assert list(tried) == [
        "",
        "placement half-free",
        "placement zone-cma",
        "calls aligned to pageblocks",
        "pages leave the area before they are pinned",
    ]
    changed = {task.label: task.terms for task in nothing_runs}
    assert changed == {
        "": terms,
        "placement half-free": replace(terms, placement="half-free"),
        "placement zone-cma": replace(terms, placement="zone-cma"),
        "calls aligned to pageblocks": replace(terms, aligned=9),
        "pages leave the area before they are pinned": replace(terms, pins_move=True),
    }
    for label in tried:
        assert [task.seed for task in nothing_runs if task.label == label] == [0, 1]
    assert (outcome.board, outcome.kernel, outcome.placement) == ("vm-1g-cma512", "4.7", "last-resort")
    assert (outcome.seeds, outcome.area_pages) == (2, 32768)


def test_impossible_variants_are_named_behind_the_others(nothing_runs):
    outcome = explain_scenario("page-kinds", Terms(placement="last-resort", rules="4.7"), seeds=1)
    *possible, impossible = outcome.remedies
    assert [remedy.what for remedy in possible[:2]] == ["placement zone-cma", "placement half-free"]
    assert all(remedy.wishes and not remedy.why_not for remedy in possible)
    assert (impossible.what, impossible.wishes) == ("an area twice as large", None)
    assert impossible.why_not == "cma=262144K: no 256 MiB are free"


def test_what_is_so_already_is_not_tried(nothing_runs):
    """6.12 moves pages before it pins them."""
    explain_scenario("page-kinds", Terms(placement="zone-cma", rules="6.12"), seeds=1)
    assert [task.label for task in nothing_runs] == [
        "",
        "placement last-resort",
        "placement half-free",
        "calls aligned to pageblocks",
    ]


def test_what_callers_met(nothing_runs):
    outcome = explain_scenario("page-kinds", Terms(placement="last-resort", rules="4.7"), seeds=3)
    wishes = outcome.wishes
    assert (wishes.count, wishes.failed_first, wishes.given_up, wishes.tries) == (3, 3, 3, 3)
    assert (wishes.took_median_ms, wishes.took_most_ms) == (9, 9)
    assert (wishes.fails_for.count, wishes.fails_for.ended) == (3, 0)
    assert (outcome.ranges, outcome.unnamed) == (3, 9)
    zone, shared = outcome.remedies[:2]
    assert (zone.wishes.failed_first, zone.wishes.took_median_ms) == (0, 4)
    assert (shared.wishes.failed_first, shared.wishes.given_up, shared.wishes.tries) == (3, 0, 6)
    assert shared.wishes.fails_for.quantile(0.5) == 42 * MS


def test_a_scenario_that_does_not_exist():
    with pytest.raises(InputError, match="no scenario is called 'page-kind'"):
        explain_scenario("page-kind", Terms())


def test_pages_are_named_by_who_brought_them_and_for_how_long_they_stayed():
    """A page found at 100 and 400 ms by two calls, free at 700; another found once, to the end."""
    notes = [found(100), found(400, call=2), ending(700), found(800, 2)]
    first, second = pages_of(episodes_of(run_of(notes, seconds=1)))
    assert (first.ranges, first.calls, first.lasted_ms, first.seen_to_end) == (2, 2, 600, True)
    assert (first.task, first.age_ms, first.pfn) == (3, 1000, 4101)
    assert (second.ranges, second.lasted_ms, second.seen_to_end) == (1, 200, False)
