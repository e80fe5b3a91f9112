"""The table and JSON of a run on its own, of an outcome written by hand."""

import dataclasses
import json

from zonecma.lab.free_run import FreeArea, FreeRun
from zonecma.lab.verification import Miss, Score
from zonecma.report.free_run import free_run_json, free_run_table

OUTCOME = FreeRun(
    recording="a-recording",
    kernel="6.12.1",
    events=3_000_000,
    allocations=Score(20_000, 15_000),
    before_first=12_345,
    first_miss=Miss(77, 0x1234, -1),
    calls=Score(3, 2),
    undone={"some reason": 12},
    free_area=(FreeArea(0, 10, 14, 4), FreeArea(1, 5, 5, 4)),
    final_lists=Score(30, 20),
    lost=5,
    damage="t.zst: cut off",
    seconds=0.5,
)


def test_table():
    table = free_run_table(OUTCOME, 200)
    assert "allocations        20,000  15,000  75.000 %" in table
    assert "  order 1         5      5               4" in table
    assert (
        "differs after 12,345 allocations: trace line 77, the kernel nothing, the model frame 0x1234" in table
    )
    assert "off by 8 frames" in table
    assert "the kernel's hold 20 (40.000 %)" in table
    assert "could not do as the kernel: 12 (some reason)" in table
    assert "lost 5 events" in table
    assert "read in part: t.zst: cut off" in table


def test_no_divergence_is_said():
    outcome = dataclasses.replace(OUTCOME, first_miss=None)
    assert "every allocation got the kernel's frame" in free_run_table(outcome, 100)


def test_it_fits_80_columns():
    assert max(map(len, free_run_table(OUTCOME, 80).split("\n"))) <= 80


def test_json():
    out = json.loads(json.dumps(free_run_json(OUTCOME)))
    assert (out["frames_off"], out["frames_free"], out["before_first"]) == (8, 20, 12_345)
    assert out["first_miss"] == {"line": 77, "predicted": 0x1234, "recorded": -1}
    assert out["allocations"] == {"checked": 20_000, "exact": 15_000}
    assert out["free_area"][0] == {"order": 0, "kernel": 10, "model": 14, "off": 4}
