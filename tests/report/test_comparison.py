"""compare's table and JSON, of results written by hand."""

import json

import pytest

from zonecma.lab.compare import OPEN_ASSUMPTIONS, Call, Comparison, PlacementResult
from zonecma.report.comparison import comparison_json, comparison_table


def result(name, use, moved, **others):
    values = {
        "area_use_mean": use,
        "area_use_over_time": (0.0, 2 * use),
        "use_by": {"anonymous": use * 65536, "file": 0.0, "blockdev": 0.0, "other": 0.0},
        "min_free_outside": 25_600,
        "failed_requests": 0,
        "calls": (Call(0.5, 5120, True, moved), Call(0.9, 5120, False, 0)),
    }
    return PlacementResult(name=name, **(values | others))


def comparison(*results, area=65536, **others):
    return Comparison("a-recording", "6.12.1", area, 4.0, results, **others)


def rows(table):
    return {line[:21].strip(): line[21:].split() for line in table.split("\n") if line}


FOUR = [result("half-free", 0.1, 8), *(result(f"placement-{i}", 0.3, 1000, failed_requests=2) for i in "abc")]


def test_the_baseline_comes_first_and_differences_stand_in_brackets():
    table = rows(comparison_table(comparison(*FOUR[:2]), 100))
    assert table["area in use, mean %"] == ["10.0", "30.0", "(+20.0)"]
    assert table["anonymous, MiB"] == ["25.6", "76.8", "(+51.2)"]
    assert table["free outside, min MiB"] == ["100.0", "100.0", "(=)"]
    assert table["found nothing"] == ["0", "2", "(+2)"]
    assert table["contiguous calls"] == ["1", "of", "2", "1", "of", "2"]
    assert table["frames moved"] == ["8", "1,000", "(+992)"]
    assert table["over time"] == ["▁▃", "▁█"]


@pytest.mark.parametrize("columns", [60, 80, 100])
def test_the_table_fits_and_no_placement_is_left_out(columns):
    table = comparison_table(comparison(*FOUR), columns)
    assert max(map(len, table.split("\n"))) <= columns
    assert all(placement.name in table for placement in FOUR)


@pytest.mark.parametrize("columns", [80, 100])
def test_many_placements_have_a_line_each(columns):
    many = [FOUR[0], *(result(f"placement-{i}", 0.1 * i, 1000 * i) for i in range(9))]
    many += [result("page-cache-only,gate=160000,keep=100", 0.2, 5)]
    lines = comparison_table(comparison(*many), columns).split("\n")
    assert max(map(len, lines)) <= columns
    by_name = {line.split(" ")[0]: line.split()[1:] for line in lines}
    assert by_name["placement-3"][:7] == ["30.0", "100.0", "0", "1", "of", "2", "3,000"]
    assert by_name["placement-8"][7][-1] == "█"
    below = lines[lines.index("page-cache-only,gate=160000,keep=100") + 1]
    assert below.split()[:2] == ["20.0", "100.0"]
    assert "in brackets" not in "\n".join(lines)


def test_a_long_name_is_stacked():
    long = result("page-cache-only,gate=160000,keep=100", 0.2, 5)
    lines = comparison_table(comparison(FOUR[0], long), 80).split("\n")
    assert max(map(len, lines)) <= 80
    assert [line.split() for line in lines[2:5]] == [
        ["half-free", "page-cache-only"],
        ["gate=160000"],
        ["keep=100"],
    ]


def test_a_wide_terminal_gets_no_wider_a_table(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert max(map(len, comparison_table(comparison(*FOUR)).split("\n"))) <= 100


def test_the_assumptions_and_the_damage_are_said():
    table = comparison_table(comparison(*FOUR, damage="t.zst: cut off"), 100)
    assert "long pins and references" in table
    opened = comparison(*FOUR, assumptions=OPEN_ASSUMPTIONS, open_loop=True)
    assert "migration is simple" in comparison_table(opened, 100)
    assert "kswapd wakes" not in comparison_table(opened, 100)
    assert "kswapd wakes" in table
    assert "read in part: t.zst: cut off" in table


def test_what_a_placement_leaves_out_is_said_beside_its_figures():
    outcome = comparison(FOUR[0], result("gcma", 0.1, 5, leaves_out="reclaim"))
    assert "* gcma leaves out: reclaim" in comparison_table(outcome, 80).split("\n")
    assert [p["leaves_out"] for p in comparison_json(outcome)["placements"]] == ["", "reclaim"]


def test_a_machine_without_an_area_says_so():
    table = comparison_table(comparison(result("half-free", 0.0, 0), area=0), 100)
    assert "no CMA area" in table
    assert "a full bar" not in table


def test_json():
    out = json.loads(json.dumps(comparison_json(comparison(*FOUR))))
    first = out["placements"][0]
    assert out["recording"] == "a-recording"
    assert first["name"] == "half-free"
    assert (first["calls"], first["calls_ok"], first["frames_migrated"]) == (2, 1, 8)
    assert (first["area_use_mean"], first["min_free_outside"]) == (0.1, 25_600)
    assert (first["failed_requests"], first["use_by"]["anonymous"]) == (0, 6553.6)
