"""compare and whatif of a scenario: figures of runs written by hand, and of a small load that is run."""

import numpy as np
import pytest

from tests.scenarios import small
from zonecma.errors import InputError
from zonecma.kernel.units import NO_PFN
from zonecma.lab.compare import Call
from zonecma.lab.scenario_compare import assumptions_of, compare_scenario, mean_result, result_of
from zonecma.lab.scenario_prediction import predict_scenario
from zonecma.lab.scenario_run import COUNTERS, ScenarioRun
from zonecma.lab.scenario_setup import Task, Terms, run_task
from zonecma.lab.work import CALL, SAMPLE
from zonecma.placement import Carveout, ZoneCma

MS = 1_000_000
BEGUN = 7_000 * MS
FIGURES = {
    "elapsed": 4.8,
    "stall_seconds": 0.25,
    "io_seconds": 1.5,
    **{name: float(number) for number, name in enumerate(COUNTERS, 1)},
}


def sample(ms, free=0, area=0, used=(0, 0, 0, 0)):
    return (BEGUN + ms * MS, free, area, 0, used)


def call(ms, first, start=NO_PFN, moved=0, took=1, pages=64):
    return (BEGUN + ms * MS, took * MS, pages, start, moved, first, 0, 0, 0)


def run_of(samples, calls=(), area=100, **figures):
    return ScenarioRun(
        figures=FIGURES | figures,
        area_pages=area,
        calls=np.array([*calls], CALL),
        notes=np.empty(0),
        classes=np.empty(0),
        samples=np.array(samples, SAMPLE),
        begun_at=BEGUN,
        nr_notes=0,
    )


def test_each_slice_of_time_has_the_look_that_lies_in_it():
    looks = [sample(100 * n, used=(n, 10, 0, 2)) for n in range(48)]
    result = result_of(run_of([*looks, sample(4800, used=(99, 99, 99, 99))]), ZoneCma())
    assert result.area_use_over_time == pytest.approx([(n + 12) / 100 for n in range(48)])
    assert result.use_by == {"anonymous": 23.5, "file": 10.0, "blockdev": 0.0, "other": 2.0}
    assert result.area_use_mean == pytest.approx(0.355)


def test_what_was_seen_holds_until_the_next_look():
    """1 s of 8 frames and 3 s of 2, whatever the last look shows; two of them at one moment."""
    looks = [sample(ms, used=(n, 0, 0, 0)) for ms, n in [(0, 8), (1000, 2), (4000, 99), (4000, 99)]]
    result = result_of(run_of(looks), ZoneCma())
    assert result.area_use_over_time == pytest.approx([0.08] * 12 + [0.02] * 36)
    assert result.area_use_mean == pytest.approx(0.035)


def test_a_run_of_no_time_has_one_look():
    result = result_of(run_of([sample(0, used=(7, 0, 0, 0))]), ZoneCma())
    assert set(result.area_use_over_time) == {0.07}
    assert result.area_use_mean == pytest.approx(0.07)


def test_a_machine_without_an_area():
    assert result_of(run_of([sample(0), sample(100)], area=0), ZoneCma()).area_use_mean == 0


def test_fewest_free_frames_outside_are_of_one_moment():
    looks = [sample(0, 100, 50), sample(100, 60, 5), sample(200, 90, 60)]
    assert result_of(run_of(looks), ZoneCma()).min_free_outside == 30


def test_a_call_that_is_made_again_counts_once():
    """Two callers at a time: one succeeds at last, the other at once; a third gives up."""
    calls = [
        call(10, 0, moved=3),
        call(15, 1, start=512, moved=1, took=2, pages=8),
        call(110, 0, start=1024, moved=4, took=5),
        call(200, 3, moved=6),
        call(300, 3, moved=7),
    ]
    result = result_of(run_of([sample(0), sample(400)], calls), ZoneCma())
    assert result.calls == (
        Call(0.01, 64, ok=True, moved=7, seconds_taken=0.105),
        Call(0.015, 8, ok=True, moved=1, seconds_taken=0.002),
        Call(0.2, 64, ok=False, moved=13, seconds_taken=0.101),
    )
    assert (result.nr_calls, result.calls_ok, result.frames_migrated) == (3, 2, 21)


def test_what_reclaim_did_is_what_the_run_counted():
    result = result_of(run_of([sample(0), sample(100)]), Carveout())
    reclaim, counted = result.reclaim, {name: number for number, name in enumerate(COUNTERS, 1)}
    assert result.failed_requests == counted["failed"]
    assert reclaim.kswapd_wakes == counted["kswapd_wakes"]
    assert reclaim.direct_reclaim == counted["allocstall"]
    assert reclaim.pages_reclaimed == counted["pgsteal_kswapd"] + counted["pgsteal_direct"]
    assert (reclaim.swapped_in, reclaim.swapped_out) == (counted["pswpin"], counted["pswpout"])
    assert (reclaim.refaults, reclaim.oom_kills) == (counted["workingset_refault"], counted["oom_kill"])
    assert reclaim.pages_dropped == counted["dropped"]
    assert (reclaim.stall_seconds, reclaim.waited_seconds, reclaim.elapsed_seconds) == (0.25, 1.5, 4.8)


def test_the_mean_of_two_runs():
    ones = [
        run_of([sample(0, 40, 10, (10, 0, 0, 0)), sample(1000, 40, 10)], [call(0, 0, start=8, moved=3)]),
        run_of(
            [sample(0, 25, 0, (0, 0, 30, 0)), sample(9000, 99, 0)],
            [call(0, 0), call(5, 1, start=8, moved=4)],
            elapsed=5.0,
            oom_kill=FIGURES["oom_kill"] + 1,
            failed=FIGURES["failed"] + 2,
        ),
    ]
    result = mean_result([result_of(one, ZoneCma()) for one in ones])
    assert result.runs == 2
    assert result.area_use_mean == pytest.approx(0.2)
    assert result.area_use_over_time == pytest.approx([0.2] * 48)
    assert result.use_by == {"anonymous": 5.0, "file": 0.0, "blockdev": 15.0, "other": 0.0}
    assert result.min_free_outside == 27.5
    assert (result.nr_calls, result.calls_ok, result.frames_migrated) == (1.5, 1, 3.5)
    assert result.failed_requests == FIGURES["failed"] + 1
    assert result.reclaim.oom_kills == FIGURES["oom_kill"] + 0.5
    assert result.reclaim.elapsed_seconds == pytest.approx(4.9)


def test_assumptions_tell_how_many_values_are_assumed(tmp_path):
    name = small(tmp_path)
    told = assumptions_of(f"{name},calls=2")
    assert told[0].endswith("a program grows while a driver asks for buffers")
    assert told[1] == f"values of 1 of its 3 parameters are assumed: zonecma scenarios {name}"


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    return small(tmp_path_factory.mktemp("scenario"))


@pytest.fixture(scope="module")
def compared(scenario):
    return compare_scenario(scenario, ["zone-cma", "carveout", "zone-cma"], seeds=2, workers=1)


def test_a_small_load_under_two_placements(scenario, compared):
    lent, carved, again = compared.placements
    assert (compared.recording, compared.kernel, compared.runs) == (scenario, "4.7", 2)
    assert (compared.area_pages, compared.open_loop) == (131072, False)
    assert compared.seconds == lent.reclaim.elapsed_seconds > 1
    assert [one.name for one in compared.placements] == ["zone-cma", "carveout", "zone-cma"]
    assert again == lent
    assert (carved.area_use_mean, carved.frames_migrated) == (0, 0)
    assert lent.area_use_mean > 0.1
    for one in (lent, carved):
        assert (one.nr_calls, one.calls_ok) == (4, 3)
        assert len(one.calls) == 8


def test_a_load_that_does_not_fit_beside_the_area_kills(compared):
    """600 MiB of program without swap: 512 MiB of 1 GiB do not hold them."""
    lent, carved, _ = compared.placements
    assert (lent.reclaim.oom_kills, carved.reclaim.oom_kills) == (0, 1)
    assert carved.min_free_outside < lent.min_free_outside


def test_whatif_gives_what_compare_gives(scenario, compared):
    """And each run's figures are read off it by hand."""
    prediction = predict_scenario(scenario, Terms("zone-cma"), seeds=2, workers=1)
    lent = compared.placements[0]
    runs = [run_task(Task(scenario, Terms("zone-cma"), seed))[1] for seed in range(2)]
    least = [(run.samples["free"] - run.samples["free_area"]).min() for run in runs]
    moved = [int(run.calls["moved"].sum()) for run in runs]
    assert (prediction.seeds, prediction.placement, prediction.kernel) == (2, "zone-cma", "4.7")
    assert prediction.area_pages == 131072
    assert (prediction.recorded, prediction.open_loop, prediction.against) == (None, None, "")
    assert prediction.predicted.area_use_mean == pytest.approx(lent.area_use_mean)
    assert prediction.predicted.min_free_outside == round(np.mean(least))
    assert lent.min_free_outside == np.mean(least)
    assert prediction.predicted.frames_migrated == round(np.mean(moved))
    assert (prediction.predicted.calls, prediction.predicted.calls_ok) == (4, 3)
    assert prediction.spread["min_free_outside"] == pytest.approx(
        (min(least) + 0.025 * np.ptp(least), max(least) - 0.025 * np.ptp(least))
    )


def test_another_size_and_kernel(scenario):
    """A smaller area, under newer rules."""
    terms = Terms("half-free", rules="6.12", cma="64M")
    prediction = predict_scenario(f"{scenario},program_mib=40,too_large=0", terms, seeds=1, workers=1)
    assert (prediction.kernel, prediction.area_pages) == ("6.12", 64 << 8)
    assert prediction.predicted.calls_ok == 3
    assert prediction.spread == {}
    assert any("whatever the area's size" in note for note in prediction.notes)


@pytest.mark.parametrize(
    ("text", "terms", "expected"),
    [
        (",calls=x", {}, "scenario small: calls is 'x'"),
        (",calls=-1", {}, "scenario small: calls is -1"),
        ("", {"rules": "5.4"}, "--rules 5.4: no such kernel series"),
        ("", {"placement": "nothing"}, "no placement is called 'nothing'"),
        ("", {"cma": "64G"}, "no 64 GiB are free"),
    ],
)
def test_what_cannot_be_run_is_said_before_anything_runs(scenario, monkeypatch, text, terms, expected):
    monkeypatch.setattr("zonecma.lab.scenario_prediction.runs_by_label", None)
    with pytest.raises(InputError) as error:
        predict_scenario(scenario + text, Terms(**terms), seeds=1, workers=1)
    assert expected in str(error.value)
    assert len(str(error.value).splitlines()) == 1
