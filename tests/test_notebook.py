"""zonecma from Python: what a notebook calls, by name or with objects, and what it shows."""

import dataclasses

import polars
import pytest

import zonecma
from tests.conftest import CAPTURES, figures_of
from zonecma.lab import compare as comparing
from zonecma.lab.placements import parse_placement
from zonecma.lab.prediction import predict, question_called
from zonecma.lab.scenario_compare import compare_scenario
from zonecma.report.comparison import comparison_table
from zonecma.report.explanation import explanation_text
from zonecma.report.prediction import prediction_table

SMALL = CAPTURES / "cma128-press-6.12"
SCENARIO = "page-kinds,seconds=2,calls=2,pause_ms=300"


@pytest.fixture(scope="module")
def outcome():
    return zonecma.compare("cma256-mix-6.12", ["half-free", zonecma.ZoneCma()])


def test_a_comparison_is_the_lab_s(outcome):
    placements = [parse_placement("half-free"), parse_placement("zone-cma")]
    expected = comparing.compare(zonecma.open_recording("cma256-mix-6.12"), placements)
    assert {field.name: getattr(outcome, field.name) for field in dataclasses.fields(expected)} == vars(
        expected
    )


def test_its_table_is_the_command_s(outcome):
    assert outcome.table(100) == comparison_table(outcome, 100)


def test_its_frame_has_a_row_a_placement(outcome):
    frame = outcome.df()
    assert frame["placement"].to_list() == ["half-free", "zone-cma"]
    assert frame["calls_ok"].to_list() == [15.0, 15.0]
    assert frame["area_use_mean"].to_list() == [one.area_use_mean for one in outcome.placements]
    assert "<table" in outcome._repr_html_()


def test_its_calls_have_a_row_each(outcome):
    calls = outcome.calls_df()
    assert calls.height == 30
    moved = calls.group_by("placement").agg(polars.col("moved").sum()).sort("placement")
    assert moved["moved"].to_list() == [one.frames_migrated for one in outcome.placements]


def test_its_plot_has_a_line_a_placement(outcome):
    axes = outcome.plot_use()
    heights = [line.get_ydata() for line in axes.get_lines()]
    assert len(heights) == 2
    use = [100 * max(one.area_use_over_time) for one in outcome.placements]
    assert [max(height) for height in heights] == pytest.approx(use)


def test_whatif():
    outcome = zonecma.whatif("cma256-mix-6.12", "half-free", seeds=2, against="cma256-mix-6.12")
    row = outcome.df().row(by_predicate=polars.col("figure") == "calls_ok", named=True)
    recording = zonecma.open_recording("cma256-mix-6.12")
    question = question_called(zonecma.HalfFree(), "", "", 2)
    assert row["predicted"] == predict(recording, question).predicted.calls_ok
    recorded = figures_of("cma256-mix-6.12")
    assert row["recorded"] == recorded.calls - recorded.failed
    assert outcome.table() == prediction_table(outcome)


def test_explain_a_recording():
    outcome = zonecma.explain(str(SMALL), zonecma.Selection(failed=True))
    frame = outcome.df()
    assert set(frame["outcome"]) == {"EBUSY", "ENOMEM"}
    assert frame.height == 3
    assert outcome.table(100) == explanation_text(outcome, 100)
    (drawn,) = [points for points in outcome.plot_calls().collections if "failed (3)" in points.get_label()]
    assert len(drawn.get_offsets()) == 3


def test_a_scenario_by_name():
    outcome = zonecma.compare(SCENARIO, ["half-free"], seeds=1, workers=1)
    expected = compare_scenario(SCENARIO, ["half-free"], seeds=1, workers=1)
    assert outcome.df().row(0, named=True)["area_use_mean"] == expected.placements[0].area_use_mean
    assert zonecma.whatif(SCENARIO, "half-free", seeds=1, workers=1).seeds == 1


def test_what_does_not_exist_is_said():
    with pytest.raises(zonecma.InputError, match="no such recording or scenario"):
        zonecma.compare("nothing")
    with pytest.raises(zonecma.InputError, match="no placement"):
        zonecma.whatif("cma256-mix-6.12", "nowhere")
