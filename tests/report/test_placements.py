"""The list of placements."""

import json

from zonecma.lab.placements import parse_placement
from zonecma.placement import PLACEMENTS
from zonecma.report.placements import placements_json, placements_table


def test_what_the_list_names_can_be_used():
    listed = [line for line in placements_table(PLACEMENTS).split("\n") if line and not line.startswith(" ")]
    assert [parse_placement(line) for line in listed] == [policy() for policy in PLACEMENTS]


def test_each_says_what_it_does_and_which_kernels_do_so():
    for entry in json.loads(json.dumps(placements_json(PLACEMENTS))):
        assert len(entry["summary"]) > 20
        assert entry["kernels"]


def test_it_fits_100_columns():
    assert max(map(len, placements_table(PLACEMENTS).split("\n"))) <= 100
