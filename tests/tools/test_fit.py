"""Fitting finds the parameter of a figure that is known in closed form, and looks at 0 MB columns alone."""

from dataclasses import replace

import pytest

from tools import fit
from zonecma.lab.experiments import INTERLEAVE, OBSERVED, ZONE_CMA

FIGURES = {
    "elapsed": lambda load: 50 + load.cpu_seconds / 10,
    "pswpout": lambda load: load.program_mib**2,
    "mem_free_kb": lambda load: 1e9 / load.program_mib,
}


@pytest.fixture
def known(monkeypatch):
    """Figures by formula instead of by runs."""
    monkeypatch.setattr(fit, "measure", lambda table, load, row: FIGURES[row](load))


def test_a_parameter_is_found_by_halving(known):
    """160 pages are swapped out by programs of sqrt(160) = 12.65 MiB; 1.6 to the 2nd power is searched."""
    table = ZONE_CMA.tables[0]
    load = replace(table.load, program_mib=10.0)
    found = fit.by_halving(table, load, "program_mib", "pswpout", 160, 1.6, 12)
    assert found == pytest.approx(12.65, rel=1e-3)


def test_free_memory_falls_with_what_programs_take(known):
    table = INTERLEAVE.tables[0]
    load = replace(table.load, program_mib=3000.0)
    found = fit.by_halving(table, load, "program_mib", "mem_free_kb", 322490, 1.6, 12)
    assert found == pytest.approx(1e9 / 322490, rel=1e-3)


def test_time_is_corrected_in_proportion(known):
    """92.4 s: two corrections of 50 + t / 10 from t = 400 come to 411 and 416 of 424."""
    table = ZONE_CMA.tables[0]
    load = replace(table.load, cpu_seconds=400.0)
    found = fit.in_proportion(table, load, "cpu_seconds", "elapsed", 92.4)
    assert found == pytest.approx(400 * 92.4 / 90 * 92.4 / (50 + 40 * 92.4 / 90), rel=1e-6)


def test_one_run_without_an_area_is_measured(monkeypatch):
    asked = []

    def run_all(_, runs):
        asked.extend(runs)
        return [((0, 0, 0), {"elapsed": float(run.seed)}) for run in runs]

    monkeypatch.setattr(fit, "run_all", run_all)
    assert fit.measure(OBSERVED.tables[0], OBSERVED.tables[0].load, "elapsed") == (fit.SEEDS - 1) / 2
    assert all("cma=0" in run.setup.command_line for run in asked)
