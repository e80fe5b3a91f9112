import json

import pytest

from zonecma.lab.experiments import EXPERIMENTS
from zonecma.lab.published import ROWS
from zonecma.lab.reproduce import Reproduction, Spread, keys_of
from zonecma.report.reproduction import reproduction_json, reproduction_table


def outcome_of(name):
    """Every figure 1,234, with a deviation of 5."""
    experiment = EXPERIMENTS[name]
    figures = dict.fromkeys(ROWS, Spread(1234, 5))
    return Reproduction(experiment, 3, dict.fromkeys(keys_of(experiment), figures))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_all_tables_are_shown(name):
    text = reproduction_table(outcome_of(name), 100)
    for table in EXPERIMENTS[name].tables:
        assert all(variant.label in text for variant in table.variants)
    assert "1,234 (5)" in text


def test_published_figures_stand_beside_the_modelled_ones():
    lines = reproduction_table(outcome_of("zone-cma-2015"), 100).splitlines()
    swapped = [line.split() for line in lines if line.startswith("  pswpout")]
    assert swapped[0] == ["pswpout", "160", "69,839", "1,234", "(5)", "1,234", "(5)"]
    assert swapped[2] == ["pswpout", "-", "-", "-", "1,234", "(5)"]


def test_what_was_observed_is_not_called_published():
    text = reproduction_table(outcome_of("observed-4.7"), 100)
    assert "observed, 512 MB" in text
    assert "published" not in text


def test_what_was_fitted_is_said():
    text = reproduction_table(outcome_of("zone-cma-2015"), 100)
    assert "fitted to the first 0 MB column alone" in text
    assert "fitted" not in reproduction_table(outcome_of("zone-cma-6.12"), 100)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_json_has_every_column(name):
    answer = json.loads(json.dumps(reproduction_json(outcome_of(name))))
    assert sum(len(table["columns"]) for table in answer["tables"]) == len(keys_of(EXPERIMENTS[name]))
