"""The list of placements."""

import json
import re

import pytest

from zonecma.lab.placements import parse_placement
from zonecma.placement import PLACEMENTS, Interleave
from zonecma.report.placements import placements_json, placements_table


def test_what_the_list_names_can_be_used():
    listed = [line for line in placements_table(PLACEMENTS).split("\n") if line and not line.startswith(" ")]
    assert [parse_placement(line) for line in listed] == [policy() for policy in PLACEMENTS]


def test_each_says_what_it_does_and_which_kernels_do_so():
    for entry in json.loads(json.dumps(placements_json(PLACEMENTS))):
        assert len(entry["summary"]) > 20
        assert entry["kernels"]
        assert re.search(r"commit \w{12}|@|bindings|series on linux-mm", entry["source"] + entry["kernels"])


def test_what_is_not_modelled_is_said():
    table = placements_table(PLACEMENTS, 80)
    left_out = [one for one in PLACEMENTS if one.leaves_out]
    assert {"balanced", "page-cache-only", "gcma"} < {one.name for one in left_out}
    assert table.count("leaves out: ") == len(left_out)


def test_a_choice_is_listed_as_the_command_line_takes_it():
    (entry,) = placements_json([Interleave])
    assert entry["parameters"] == {"version": "v1"}
    assert placements_table([Interleave]).startswith("interleave,version=v1\n")


@pytest.mark.parametrize("columns", [60, 80, 100])
def test_it_fits(columns):
    assert max(map(len, placements_table(PLACEMENTS, columns).split("\n"))) <= columns
