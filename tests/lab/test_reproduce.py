from dataclasses import replace

import pytest

from zonecma.lab.experiments import EXPERIMENTS, OBSERVED, ZONE_CMA
from zonecma.lab.placements import parse_placement
from zonecma.lab.pool import run_all
from zonecma.lab.reproduce import keys_of, reproduce, run_one, runs_of, setup_of, spread_of
from zonecma.lab.scenario_run import booted_state


def small(experiment):
    """Its first table with one job."""
    table = experiment.tables[0]
    return replace(experiment, tables=(replace(table, load=replace(table.load, jobs=1)),))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_column_boots(name):
    experiment = EXPERIMENTS[name]
    for t, v, reserve in keys_of(experiment):
        table = experiment.tables[t]
        state = booted_state(setup_of(table, table.variants[v], reserve), 1)
        assert int(state.conf.nr_cpus) == table.cpus
        assert sum(state.cma.count) == reserve * 256 or table.variants[v].placement == "carveout"


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_published_columns_are_all_shown(name):
    for table in EXPERIMENTS[name].tables:
        named = {f"{one.columns}_{reserve}" for one in table.variants for reserve in one.reserves}
        assert not table.published or set(table.published.columns) <= named
        assert all(parse_placement(one.placement) for one in table.variants)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_nothing_is_fitted_to_an_area(name):
    """What a load is fitted to is a figure of its first column, without CMA."""
    for table in EXPERIMENTS[name].tables:
        assert table.variants[0].reserves[0] == 0 or not table.fitted
        assert all(hasattr(table.load, parameter) for parameter in table.fitted)


def test_a_figure_is_a_mean_over_seeds():
    spread = spread_of([{"elapsed": 1.0}, {"elapsed": 3.0}])
    assert spread["elapsed"].mean == 2
    assert spread["elapsed"].deviation == pytest.approx(2**0.5)


def test_reproduce_runs_all_columns():
    outcome = reproduce(small(ZONE_CMA), seeds=2, workers=1)
    assert list(outcome.modelled) == keys_of(small(ZONE_CMA))
    assert all(figures["elapsed"].mean > 0 for figures in outcome.modelled.values())


def test_processes_find_what_one_does():
    experiment = small(OBSERVED)
    runs = [run for key in keys_of(experiment)[:2] for run in runs_of(experiment, key, 1)]
    assert sorted(run_all(run_one, runs, workers=2)) == sorted(run_all(run_one, runs, workers=1))


def test_stock_swaps_where_the_observed_kernel_did():
    """Load H on a real 4.7: 20,772 to 35,416 pages in with the stock area, none with v6's zone."""
    runs = [run for key in ((1, 0, 512), (1, 3, 512)) for run in runs_of(OBSERVED, key, 1)]
    stock, zone = (figures for _, figures in run_all(run_one, runs, workers=1))
    assert 20_772 / 2 < stock["pswpin"] < 35_416 * 2
    assert zone["pswpin"] == zone["pswpout"] == 0
    assert stock["elapsed"] > 1.1 * zone["elapsed"]
