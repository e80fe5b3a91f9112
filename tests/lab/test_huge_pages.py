"""Huge pages in a generated load: whole, in the way, split, and given up."""

import pytest

from zonecma.kernel.page_class import PageClass
from zonecma.lab.scenario_run import Setup, run_scenario
from zonecma.machine.costs import read_costs
from zonecma.workload.scenario import MIB, Layout, scenario_of
from zonecma.workload.steps import Programs
from zonecma.workload.uses import HUGE, PROGRAM

AREA, HUGE_PAGE = 256, 2


def load(huge_mib, small_mib, call_mib, *, give_up=False):
    """A program in huge pages, then one in small ones; then a contiguous call."""
    layout, programs = Layout(), Programs()
    big = layout.region(HUGE, huge_mib // HUGE_PAGE)
    small = layout.region(PROGRAM, max(small_mib * MIB, 1))
    slots = [layout.region(PROGRAM, 1, task=0)]
    programs.begin()
    programs.use(big, huge_mib // HUGE_PAGE, write=True)
    programs.use(small, small_mib * MIB, write=True)
    if give_up:
        programs.give_up(small, small_mib * MIB)
        programs.give_up(big, huge_mib // HUGE_PAGE)
    programs.call(0, call_mib * MIB)
    return scenario_of(layout, slots, programs)


def run(scenario, rules="6.12", placement="zone-cma"):
    options = f"nr_cpus=1 cma={AREA}M transparent_hugepage=always"
    return run_scenario(scenario, Setup("vm-1g-cma512", placement, options, rules, costs=read_costs()), 0)


def test_they_move_whole():
    """300 MiB fill the zone of 256 MiB, down to its marks; 64 MiB of it are wanted, and there is room."""
    outcome = run(load(300, 0, 64))
    work = outcome.classes[PageClass.HUGE]
    assert (outcome.calls["start"] >= 0).all()
    assert work["moved"] == outcome.calls["moved"].sum() >= 48 * MIB
    assert work["tries"] * HUGE_PAGE * MIB == work["moved"]


def test_4_7_passes_them_over():
    """Every range of the area holds some (isolate_migratepages_block)."""
    outcome = run(load(900, 0, 64), "4.7")
    assert (outcome.calls["start"] < 0).all()
    assert set(outcome.notes["page_class"]) == {PageClass.HUGE}
    assert outcome.classes[PageClass.HUGE]["tries"] == 0


@pytest.mark.parametrize("give_up", [False, True])
def test_what_finds_no_chunk_is_faulted_small(give_up):
    """Memory ends with pages that no chunk of 2 MiB is left for: small ones, and nobody is killed."""
    outcome = run(load(940, 0, 1, give_up=give_up), placement="half-free")
    assert outcome.figures["killed"] == outcome.figures["oom_kill"] == 0
    if give_up:
        assert outcome.samples["used"][-1].sum() == 0


def test_one_without_a_target_is_split():
    """Nearly all is used, so that few chunks of 2 MiB can be had outside: small pages move."""
    outcome = run(load(256, 672, 32))
    assert (outcome.calls["start"] >= 0).all()
    assert outcome.calls["moved"].sum() > outcome.classes[PageClass.HUGE]["moved"]
    huge = outcome.classes[PageClass.HUGE]
    assert huge["tries"] * HUGE_PAGE * MIB > huge["moved"]
