"""whatif's table and JSON, of predictions written by hand."""

import dataclasses
import json

import pytest

from zonecma.lab.outcome import Outcome, Prediction
from zonecma.report.prediction import prediction_json, prediction_table

PREDICTED = Outcome(
    area_use_mean=0.7012,
    frames_migrated=2_210,
    calls_ok=11,
    calls=12,
    direct_reclaim=0,
    kswapd_wakes=3,
    min_free_outside=6_912,
    pages_reclaimed=1_100,
    stall_seconds=0.0004,
    swapped_in=0,
    swapped_out=17,
    refaults=None,
    oom_kills=None,
)
RECORDED = dataclasses.replace(
    PREDICTED,
    area_use_mean=0.6862,
    frames_migrated=2_183,
    calls_ok=12,
    pages_reclaimed=1_000_000,
    stall_seconds=1.891,
    swapped_out=None,
    refaults=12_345,
)
SPREAD = {
    "area_use_mean": (0.68, 0.72),
    "frames_migrated": (2_190.0, 2_300.5),
    "pages_reclaimed": (900.0, 1_000_000.0),
    "stall_seconds": (0.0, 0.01),
    "calls_ok": (11.0, 11.2),
}


def prediction(**others):
    values = {
        "recording": "blockdev-cma96-6.12",
        "placement": "zone-cma",
        "kernel": "6.12",
        "area_pages": 24_576,
        "seeds": 8,
        "predicted": PREDICTED,
        "spread": SPREAD,
    }
    return Prediction(**(values | others))


AGAINST = {"against": "blockdev-zonecma96-6.12", "recorded": RECORDED}


def rows(table):
    return {line[:21].strip(): line[21:].split() for line in table.split("\n") if line}


def test_a_prediction_alone():
    table = prediction_table(prediction(), 80)
    assert table.startswith("blockdev-cma96-6.12 under zone-cma: rules of 6.12, 96 MiB of CMA, 8 runs\n")
    found = rows(table)
    assert found["area in use, mean %"] == ["70.1", "68.0", "to", "72.0"]
    assert found["free outside, min MiB"] == ["27.0", "-"]
    assert found["frames moved"] == ["2,210", "2,190", "to", "2,300"]
    assert "recorded" not in table
    assert "refaulted" not in table


def test_a_prediction_beside_a_recording():
    table = prediction_table(prediction(**AGAINST), 80)
    found = rows(table)
    assert found["area in use, mean %"] == ["70.1", "68.0", "to", "72.0", "68.6", "+1.5"]
    assert found["got their frames"] == ["11", "11", "12", "-1"]
    assert found["contiguous calls"] == ["12", "-", "12", "="]
    assert found["stalled, s"] == ["0.00", "0.00", "to", "0.01", "1.89", "-1.89"]
    assert found["pages swapped out"] == ["17", "-", "-", "-"]
    assert found["pages refaulted"] == ["-", "-", "12,345", "-"]
    assert "OOM" not in table
    assert "recorded: blockdev-zonecma96-6.12" in table
    assert "2 of 5 recorded figures lie where 95 % of the runs do" in table


def test_one_run_has_no_interval():
    found = rows(prediction_table(prediction(seeds=1, spread={}, **AGAINST), 80))
    assert found[""] == ["predicted", "recorded", "difference"]
    assert found["frames moved"] == ["2,210", "2,183", "+27"]


def test_a_replay_gives_the_scale_and_notes_follow():
    table = prediction_table(prediction(open_loop=RECORDED, notes=("disks are as fast as then",)), 200)
    assert "a replay without reclaim: 68.6 % of the area in use, 12 of 12 calls" in table
    assert table.endswith("* disks are as fast as then")


LARGE = {
    "predicted": dataclasses.replace(PREDICTED, pages_reclaimed=1_234_567),
    "spread": SPREAD | {"pages_reclaimed": (1_234_567.0, 2_345_678.0)},
    "placement": "page-cache-only,gate=160000,keep=100",
    "notes": ("what a program does next is taken from the recording " * 3,),
    "open_loop": RECORDED,
}


@pytest.mark.parametrize("columns", [80, 100])
@pytest.mark.parametrize("others", [{}, AGAINST, AGAINST | LARGE])
def test_the_table_fits(columns, others):
    assert max(map(len, prediction_table(prediction(**others), columns).split("\n"))) <= columns


def test_a_wide_terminal_gets_no_wider_a_table(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert max(map(len, prediction_table(prediction(**AGAINST | LARGE)).split("\n"))) <= 100


def test_json():
    out = json.loads(json.dumps(prediction_json(prediction(**AGAINST, notes=("a",)))))
    assert set(out) == {"recording", "placement", "seeds", "predicted", "recorded", "interval", "notes"}
    assert out["predicted"].keys() == out["recorded"].keys() == vars(PREDICTED).keys()
    assert (out["predicted"]["frames_migrated"], out["recorded"]["refaults"]) == (2_210, 12_345)
    assert out["predicted"]["refaults"] is None
    assert out["interval"]["area_use_mean"] == [0.68, 0.72]
    assert (out["recording"], out["placement"]) == ("blockdev-cma96-6.12", "zone-cma")
    assert (out["seeds"], out["notes"]) == (8, ["a"])


def test_json_has_recorded_figures_only_where_there_are_some():
    assert "recorded" not in prediction_json(prediction())
