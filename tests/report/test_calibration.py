"""The table, JSON and file of a calibration that is written by hand."""

import dataclasses
import json
import re
import tomllib

from zonecma.lab.calibrate import Calibration, Estimate, Figure
from zonecma.lab.calibrate_durations import BondEstimate
from zonecma.machine.costs import read_costs
from zonecma.machine.durations import Duration, read_durations
from zonecma.report.calibration import (
    calibration_json,
    calibration_table,
    calibration_toml,
    durations_toml,
)

FAULT = Estimate("fault", 1_523, 40_000, 6_032.3, (5_900.0, 12_345_678.0), 0.75, -0.678, -0.7, 0.051)
ONCE = Estimate("lru_add_drain", 1, 1, 199_000_000.0, (187_000_000.0, 987_654_321.0), 0.2, 12.345, 0.0, 0.0)
OUTCOME = Calibration(
    recording="a-recording",
    estimates=(FAULT, ONCE),
    known=(Figure("swap_op", 0.0, "the kernel's log has swap on /dev/zram0: no request waits"),),
    kept=(
        Figure("hit", 67.0, "About 200 cycles to DRAM: https://example.org/a/very/long/address/" + 80 * "x"),
        Figure("alloc", 94.0, "A page, as quoted at http://example.org.", samples=1),
    ),
    durations=(
        BondEstimate("write", 1_356, True, 410_000.5, 20.26e6, 1.72e6, 37.8e6),
        BondEstimate("commit", 19, False, 5e9, 5e9, 5e9, 5e9),
        BondEstimate("long_pin", 0, False, 6e11, 8.64e13, 6e11, 8.64e13),
    ),
)


def test_table():
    table = calibration_table(OUTCOME, 80)
    assert table.startswith("a-recording: what steps took\n\nstep")
    row = next(line for line in table.split("\n") if line.startswith("fault"))
    assert re.split(" {2,}", row) == ["fault", "1,523", "6.0 us", "5.9 us-12.3 ms", "-68 %", "-70 %", "+5 %"]
    assert "  swap_op 0 ns: the kernel's log has swap on /dev/zram0" in table
    assert "  hit 67 ns: About 200 cycles to DRAM\n  alloc 94 ns (1 sample: too few): A page" in table


def test_table_of_durations():
    heading, rows, notes = calibration_table(OUTCOME, 80).split("\n\n")[-3:]
    assert heading == "how long pages were bound; of fewer than 20 samples nothing is told"
    assert [re.split(" {2,}", row) for row in rows.split("\n")] == [
        ["bond", "samples", "median", "99 %", "default", "99 %"],
        ["write", "1,356", "410 us", "20.3 ms", "1.7 ms", "37.8 ms"],
        ["commit", "19", "-", "-", "5.0 s", "5.0 s"],
        ["long_pin", "0", "-", "-", "600.0 s", "86,400.0 s"],
    ]
    assert notes.startswith("* write: what is left") and "commit:" not in notes


def test_no_notes_where_nothing_is_told():
    untold = dataclasses.replace(OUTCOME, durations=OUTCOME.durations[1:])
    assert calibration_table(untold, 80).endswith("86,400.0 s")


def test_it_fits_80_columns():
    assert max(map(len, calibration_table(OUTCOME, 80).split("\n"))) <= 80


def test_damage_is_told():
    damaged = dataclasses.replace(OUTCOME, damage="line 7 is cut off")
    assert "* read in part: line 7 is cut off" in calibration_table(damaged, 80)


def test_json():
    out = json.loads(json.dumps(calibration_json(OUTCOME)))
    assert out.keys() == {"recording", "estimates", "known", "kept", "durations", "damage"}
    assert out["estimates"][0] == dataclasses.asdict(FAULT) | {"quartiles": list(FAULT.quartiles)}
    assert out["kept"][0]["source"] == OUTCOME.kept[0].source
    assert out["durations"] == [dataclasses.asdict(one) for one in OUTCOME.durations]


def test_toml(tmp_path):
    text = calibration_toml(OUTCOME)
    tables = tomllib.loads(text)
    assert tables["fault"] == {
        "ns": 6032.3,
        "source": "measured: zonecma calibrate a-recording, 1,523 samples",
    }
    assert tables["swap_op"]["source"] == f"zonecma calibrate a-recording: {OUTCOME.known[0].source}"
    (tmp_path / "costs.toml").write_text(text)
    told = {"fault": 6032.3, "lru_add_drain": 199e6, "swap_op": 0.0}
    assert read_costs(tmp_path / "costs.toml") == read_costs() | told


def test_toml_of_a_recording_with_any_name(tmp_path):
    name = 'quote" back\\slash line\nbreak \udcff \x7f \N{SNOWMAN}\U0001f600'
    text = calibration_toml(dataclasses.replace(OUTCOME, recording=name))
    assert tomllib.loads(text)["fault"]["source"].count("\N{SNOWMAN}") == 1
    (tmp_path / "costs.toml").write_text(text, encoding="utf-8")
    assert read_costs(tmp_path / "costs.toml")["fault"] == 6032.3


def test_toml_of_durations(tmp_path):
    """What was not told keeps its default."""
    text = durations_toml(OUTCOME)
    source = tomllib.loads(text)["write"]["source"]
    assert source.startswith("measured: zonecma calibrate a-recording, 1,356 samples; what is left")
    (tmp_path / "durations.toml").write_text(text)
    assert read_durations(tmp_path / "durations.toml") == read_durations() | {
        "write": Duration(410_000.5, 20.26e6)
    }


def test_toml_of_durations_of_any_recording(tmp_path):
    name = 'quote" back\\slash line\nbreak \udcff \x7f'
    text = durations_toml(dataclasses.replace(OUTCOME, recording=name, durations=()))
    assert tomllib.loads(text) == {}
    text = durations_toml(dataclasses.replace(OUTCOME, recording=name))
    assert tomllib.loads(text).keys() == {"write"}
