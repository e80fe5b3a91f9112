"""Tasks on CPUs: time passes as it does on paper."""

import numpy as np
import pytest

from zonecma.kernel.zone import ZONE_CMA
from zonecma.lab.scenario_run import Setup, booted_state, run_scenario
from zonecma.workload.scenario import MIB, Layout, scenario_of
from zonecma.workload.steps import Programs
from zonecma.workload.uses import PROGRAM, READ

MS = 1_000_000
COSTS = {"disk_op": MS, "disk_page": 0}


def setup(cpus, **changes):
    options = f"nr_cpus={cpus} cma=0 transparent_hugepage=never"
    return Setup("vm-1g-cma512", "last-resort", options, **{"costs": COSTS} | changes)


def scenario(slots, pages, jobs, files=0):
    """``jobs``: one function each, that is given the programs to write its steps to."""
    layout, programs = Layout(), Programs()
    layout.region(READ, max(files, 1))
    firsts = [layout.region(PROGRAM, pages, task=slot) for slot in range(slots)]
    for job in jobs:
        programs.begin()
        job(programs)
    return scenario_of(layout, firsts, programs)


def thinks(ms):
    """A job that needs so much CPU time, on one page."""
    return lambda programs: programs.use(0, 1, ms * MS, own=True, write=True)


def figures_of(load, seed=0, **changes):
    return run_scenario(load, setup(**changes), seed).figures


def seconds(load, **changes):
    return figures_of(load, **changes)["elapsed"]


@pytest.mark.parametrize(("cpus", "slots", "expected"), [(1, 4, 0.4), (2, 4, 0.2), (4, 4, 0.1), (4, 2, 0.2)])
def test_jobs_share_cpus_and_slots(cpus, slots, expected):
    load = scenario(slots, 1, [thinks(100)] * 4)
    assert seconds(load, cpus=cpus) == pytest.approx(expected, rel=0.01)


def test_who_waits_for_the_disk_gives_its_cpu_up():
    """100 reads of 1 ms, beside 100 ms of work: on one CPU they overlap."""
    reads = lambda programs: [programs.use(page * 32, 1) for page in range(100)]  # noqa: E731
    works = lambda programs: [programs.use(0, 1, MS, own=True) for _ in range(100)]  # noqa: E731
    load = scenario(2, 1, [reads, works], files=3200)
    assert seconds(load, cpus=1) == pytest.approx(0.1, rel=0.05)


def test_a_file_read_in_order_is_read_ahead():
    reads = lambda programs: programs.use(0, 320)  # noqa: E731
    assert seconds(scenario(1, 1, [reads], files=320), cpus=1) == pytest.approx(0.01, rel=0.01)


def test_an_ended_job_leaves_nothing():
    grows = lambda programs: programs.use(0, 40 * MIB, own=True, write=True)  # noqa: E731
    figures = figures_of(scenario(1, 40 * MIB, [grows] * 30), cpus=1)
    assert figures["pswpout"] == figures["killed"] == 0


def test_too_much_without_swap_kills():
    grows = lambda programs: programs.use(0, 700 * MIB, 1000, own=True, write=True)  # noqa: E731
    figures = figures_of(scenario(2, 700 * MIB, [grows] * 2), cpus=2, swap_mib=0)
    assert figures["killed"] == figures["oom_kill"] >= 1


def test_seeds_differ_and_repeat():
    draws = lambda programs: programs.use_any(0, 4096, 300)  # noqa: E731
    load = scenario(1, 1, [draws], files=4096)
    one, same, other = (figures_of(load, seed, cpus=1) for seed in (0, 0, 1))
    assert one == same
    assert one["elapsed"] != other["elapsed"]


def test_the_machine_boots_with_its_area_and_room_for_objects():
    with_area = Setup("vm-1g-cma512", "zone-cma,series=v3", "transparent_hugepage=never")
    state = booted_state(with_area, 7)
    assert np.all(state.object_pfn == -1) and len(state.object_pfn) == 7
    assert list(state.zone[ZONE_CMA].watermark[:3]) == [0, 0, 0]
    again = booted_state(Setup(**{**vars(with_area), "rewritten": True}), 7)
    assert again.zone[ZONE_CMA].watermark[0] > 0
