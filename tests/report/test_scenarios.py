"""The list of scenarios, and one of them."""

import json

import pytest

from zonecma.lab.scenarios import parse_scenario
from zonecma.report.scenarios import scenario_json, scenario_table, scenarios_json, scenarios_table
from zonecma.workload.scenarios import SCENARIOS


def test_what_the_list_names_can_be_used():
    listed = [line for line in scenarios_table(SCENARIOS).split("\n") if line and not line.startswith(" ")]
    assert [parse_scenario(line) for line in listed] == [kind() for kind in SCENARIOS]


def test_each_says_what_it_does_and_where():
    table = scenarios_table(SCENARIOS, 80)
    for kind in SCENARIOS:
        assert f"board: {kind.board}" in table
    for entry in json.loads(json.dumps(scenarios_json(SCENARIOS))):
        assert entry["summary"] and entry["board"] and entry["parameters"]


def test_one_shows_what_is_set_and_what_is_usual():
    load = parse_scenario("long-pins,rounds=9")
    table, out = scenario_table(load, 80), json.loads(json.dumps(scenario_json(load)))
    assert "rounds=9\n" in table and "command line: transparent_hugepage=never cma=256M" in table
    rounds = next(one for one in out["parameters"] if one["name"] == "rounds")
    assert (rounds["value"], rounds["default"], rounds["source"]) == (9, 4, "assumed")


def test_what_it_lists_as_set_can_be_given():
    load = parse_scenario("camera-start,tab_mib=12.5,tabs=2")
    lines = [line for line in scenario_table(load).split("\n") if line and not line.startswith(" ")]
    assert parse_scenario(",".join(lines)) == load


@pytest.mark.parametrize("columns", [80, 100, 200])
def test_it_fits(columns):
    tables = [scenarios_table(SCENARIOS, columns), *(scenario_table(kind(), columns) for kind in SCENARIOS)]
    assert max(len(line) for table in tables for line in table.split("\n")) <= columns
