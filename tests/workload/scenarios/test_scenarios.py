"""The loads that ship: drawn, sound, documented, and as large as a run of seconds can be."""

import re
from dataclasses import fields

import numpy as np
import pytest

from zonecma.machine.command_line import apply_command_line
from zonecma.machine.read import read_board
from zonecma.workload.generated import ASSUMED, MOST
from zonecma.workload.scenario import PAGE_SIZE
from zonecma.workload.scenarios import SCENARIOS
from zonecma.workload.sound import first_fault
from zonecma.workload.steps import CALL, LOAD, RELEASE, STORE

SOURCED = re.compile(r"https?://\S+\.\S+|\b(assumed|fitted|commit|costs\.toml|mke2fs\.conf|workload\.)")

SET = {"page-kinds": {"read_mib": 1500}}
"""What has to be set, for a load of nothing in particular fills nothing."""

each = pytest.mark.parametrize("kind", SCENARIOS, ids=lambda kind: kind.name)


def set_up(kind):
    return kind(**SET.get(kind.name, {}))


@pytest.fixture(scope="module")
def drawn():
    """Drawings with the usual parameters, or those of SET, made once."""
    made = {}

    def draw(kind, seed):
        if (kind, seed) not in made:
            made[kind, seed] = set_up(kind).draw(seed)
        return made[kind, seed]

    return draw


def test_names_are_unique():
    assert len({kind.name for kind in SCENARIOS}) == len(SCENARIOS) == 11


@each
def test_a_seed_is_a_drawing(kind, drawn):
    one, same, other = drawn(kind, 1), set_up(kind).draw(1), drawn(kind, 2)
    for table in ("steps", "objects", "first_step", "first_own"):
        assert np.array_equal(getattr(one, table), getattr(same, table))
    assert len(one.steps) != len(other.steps) or not np.array_equal(one.steps, other.steps)


@each
@pytest.mark.parametrize("seed", [1, 2])
def test_steps_name_what_there_is(kind, drawn, seed):
    assert first_fault(drawn(kind, seed)) == ""


@each
def test_each_parameter_says_what_it_is_and_where_it_is_from(kind):
    for one in kind.parameters():
        assert len(one.what) > 4, one.name
        assert SOURCED.search(one.source), one.name
    assert any(one.source != ASSUMED for one in kind.parameters())
    assert len(kind.summary) > 40 and not kind.summary.endswith(".")


@each
def test_sizes_have_units(kind):
    units = {"mib": "MiB", "kib": "KiB", "ms": " ms", "us": "microseconds", "pages": "page", "fps": "second"}
    for one in kind.parameters():
        unit = units.get(one.name.rpartition("_")[2])
        assert unit is None or unit in one.what, one.name


@each
def test_every_parameter_at_its_least(kind):
    least = {one.name: one.metadata["least"] for one in fields(kind)}
    assert first_fault(kind(**least).draw(1)) == ""


@each
def test_what_makes_no_sense_is_refused(kind):
    for one in fields(kind):
        for value in (one.metadata["least"] - 1, MOST + 1, float("nan")):
            with pytest.raises(
                ValueError, match=rf"scenario {kind.name}: {one.name} is \S+; expected \S+ to 1,0"
            ):
                kind(**{one.name: value})


@each
def test_buffers_come_and_go(kind, drawn):
    steps = drawn(kind, 1).steps
    calls, releases = (steps["first"][steps["op"] == op] for op in (CALL, RELEASE))
    assert len(calls) >= 5
    assert set(calls) == set(releases)


@each
def test_it_fills_a_board_of_pages_of_4_kib_and_buffers_fit_its_area(kind, drawn):
    board, scenario = apply_command_line(read_board(kind.board), kind.command_line), drawn(kind, 1)
    assert board.architecture.page_size == PAGE_SIZE
    largest = scenario.steps["count"][scenario.steps["op"] == CALL].max() * PAGE_SIZE
    assert largest <= max(one.size for one in board.areas)
    frames = int((1 << scenario.objects["order"].astype(np.int64)).sum())
    node = sum(one.end - one.start for one in board.memory if one.node == 0)
    assert frames * PAGE_SIZE > 0.8 * node


@each
def test_a_run_is_one_of_seconds(kind, drawn):
    steps = drawn(kind, 1).steps
    accesses = steps["count"][np.isin(steps["op"], (LOAD, STORE))].astype(np.int64).sum()
    assert 300_000 < accesses < 6_000_000
    assert len(steps) < 150_000
