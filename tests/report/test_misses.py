"""The table and JSON of causes, of an outcome written by hand."""

import dataclasses
import json

from zonecma.lab.misses import MissCause, Misses
from zonecma.lab.verification import Miss
from zonecma.report.misses import misses_json, misses_table

OUTCOME = Misses(
    recording="a-recording",
    kernel="6.12.1",
    checked=10_000,
    missed=2_017,
    causes=(
        MissCause("a cause", 3, 17, Miss(77, 0x1234, -1), counted=False),
        MissCause("another", 1, 2_000, Miss(78, 0, 63), counted=True),
    ),
)


def test_table():
    table = misses_table(OUTCOME, 100)
    assert "2,017 of 10,000 choices missed (79.830 % exact)" in table
    assert "a cause         3              17" in table
    assert "first: a cause: trace line 77, the kernel nothing, the model frame 0x1234" in table
    assert "first: another: trace line 78, the kernel 63 chunks, the model 0 chunks" in table


def test_nothing_missed_is_one_line():
    assert "\n" not in misses_table(dataclasses.replace(OUTCOME, missed=0, causes=()))


def test_it_fits_80_columns():
    assert max(map(len, misses_table(OUTCOME, 80).split("\n"))) <= 80


def test_json():
    out = json.loads(json.dumps(misses_json(OUTCOME)))
    assert (out["checked"], out["missed"]) == (10_000, 2_017)
    assert out["causes"][1]["first"] == {"line": 78, "predicted": 0, "recorded": 63}
