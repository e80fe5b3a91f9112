"""Each step of a job does what it says, on a machine where nothing else takes time."""

import numpy as np
import pytest

from zonecma.kernel.memory import ANONYMOUS
from zonecma.kernel.notes import AN_ENDING
from zonecma.kernel.page_class import PageClass
from zonecma.kernel.units import NO_PFN
from zonecma.lab.scenario_run import Setup, run_scenario
from zonecma.machine.durations import Duration
from zonecma.workload.scenario import MIB, Layout, scenario_of
from zonecma.workload.steps import Programs
from zonecma.workload.uses import PROGRAM, WRITTEN

MS = 1_000_000
AREA = 16 * MIB
BOUND = {
    "direct_io": Duration(20 * MS, 20 * MS),
    "long_pin": Duration(30 * MS, 30 * MS),
    "splice": Duration(40 * MS, 40 * MS),
}


def run(*jobs, rules="6.12", placement="half-free", area="16M", pages=AREA // 4, files=64, **changes):
    """Jobs side by side on one CPU: each writes its steps, told where the files begin."""
    layout, programs = Layout(), Programs()
    written = layout.region(WRITTEN, files)
    firsts = [layout.region(PROGRAM, pages, task=slot) for slot in range(len(jobs))]
    for job in jobs:
        programs.begin()
        job(programs, written)
    command_line = f"nr_cpus=1 cma={area} transparent_hugepage=never"
    setup = Setup("vm-1g-cma512", placement, command_line, rules, **{"durations": BOUND} | changes)
    return run_scenario(scenario_of(layout, firsts, programs), setup, 0)


def called_at(outcome):
    """Milliseconds at which calls were made, and whether each got its buffer."""
    return [(call.time // MS, call.start != NO_PFN) for call in outcome.calls.view(np.recarray)]


def test_a_sleep_frees_the_cpu():
    outcome = run(
        lambda p, _: p.sleep(100),
        lambda p, _: [p.use(0, 1, MS, own=True, write=True) for _ in range(100)],
    )
    assert outcome.figures["elapsed"] == pytest.approx(0.1, rel=0.01)


def test_a_call_that_fails_is_made_again_until_patience_ends():
    """The area is another's: calls at 0, 10, ... 50 ms, then the caller goes on without."""

    def asks(programs, _):
        programs.call(0, AREA)
        programs.call(1, 1, again_ms=10, patience_ms=55)
        programs.release(1)
        programs.release(0)
        programs.call(1, 1, again_ms=10, patience_ms=55)

    outcome = run(asks)
    assert called_at(outcome) == [(0, True), *((10 * i, False) for i in range(6)), (50, True)]
    calls = outcome.calls.view(np.recarray)
    assert calls.again.tolist() == [0, 1, 1, 1, 1, 1, 0, 0]
    assert calls["first"].tolist() == [0, *[1] * 6, 7]
    assert calls.number.tolist() == list(range(1, 9))
    assert outcome.samples["in_buffers"][-1] == 1


def test_a_call_is_served_once_somebody_gives_a_buffer_back():
    def holds(programs, _):
        programs.call(0, AREA)
        programs.sleep(25)
        programs.release(0)

    def asks(programs, _):
        programs.sleep(1)
        programs.call(1, 256, again_ms=10, patience_ms=100)

    assert called_at(run(holds, asks)) == [(0, True), (1, False), (11, False), (21, False), (31, True)]


def test_without_patience_a_call_is_made_once():
    def asks(programs, _):
        programs.call(0, AREA)
        programs.call(1, 1)
        programs.release(1)

    assert called_at(run(asks)) == [(0, True), (0, False)]


def bound_by(what, **options):
    """Two jobs: pages of one lie in the area and are bound; the other asks for all of it every 10 ms."""

    def binds(programs, _):
        programs.use(0, 64, own=True, write=True)
        what(programs)
        programs.sleep(200)

    def asks(programs, _):
        programs.sleep(5)
        programs.call(0, AREA * 32, again_ms=10, patience_ms=100)

    return run(binds, asks, area="512M", pages=64, **options)


@pytest.mark.parametrize(
    ("what", "until", "page_class"),
    [
        (lambda p: p.direct(0, 64), 20, PageClass.DIRECT_IO),
        (lambda p: p.splice(0, 64), 40, PageClass.REFERENCED),
        (lambda p: (p.hold(0, 64), p.sleep(50), p.let_go(0, 64)), 50, PageClass.REFERENCED),
    ],
)
def test_bound_pages_are_in_the_way_until_they_are_not(what, until, page_class):
    outcome = bound_by(what)
    *failed, last = called_at(outcome)
    assert last[1] and not any(had for _, had in failed)
    assert last[0] - 10 < until <= last[0]
    notes = outcome.notes.view(np.recarray)
    blocked = notes[notes.start != AN_ENDING]
    assert len(blocked) == len(failed)
    assert set(blocked.page_class) == {page_class}
    assert (notes.start == AN_ENDING).sum() == 1


@pytest.mark.parametrize(("rules", "stays"), [("4.7", True), ("6.1", False), ("6.12", False)])
def test_a_long_pin_is_in_the_way_where_kernels_let_it_be(rules, stays):
    outcome = bound_by(lambda p: p.pin(0, 64), rules=rules)
    calls = called_at(outcome)
    assert calls[0] == (5, not stays)
    assert calls[-1] == (35 if stays else 5, True)
    assert outcome.figures["not_pinned"] == 0


def test_what_is_given_up_is_free():
    def grows(programs, _):
        programs.use(0, 1000, own=True, write=True)
        programs.sleep(150)
        programs.give_up(0, 600, own=True)
        programs.sleep(200)

    used = run(grows, area="512M").samples["used"][:, ANONYMOUS]
    assert (used[1], used[3], used[-1]) == (1000, 400, 0)


def test_fsync_writes_what_is_dirty():
    def writes(programs, files):
        programs.use(files, 64, write=True)
        programs.sync(files, 32)

    figures = run(writes, costs={"disk_op": 0, "disk_page": MS}).figures
    assert figures["pgpgout"] == 32
    assert figures["elapsed"] == pytest.approx(0.032, rel=0.01)


def test_who_is_killed_leaves_what_it_has_and_the_next_job_begins():
    def grows(programs, _):
        programs.hold(0, 1000)
        programs.use(0, 1100 * MIB, own=True, write=True)
        programs.sleep(10_000)

    outcome = run(grows, area="16M", pages=1100 * MIB, swap_mib=0)
    assert outcome.figures["killed"] == 1
    assert outcome.figures["elapsed"] < 10
    assert outcome.samples["free"][-1] > 200 * MIB
