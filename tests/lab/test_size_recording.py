"""size of a recorded load: a bundle's own calls, needs beside them, what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from zonecma.errors import InputError
from zonecma.kernel.page_class import PageClass
from zonecma.lab.compare import Call
from zonecma.lab.need import parse_needs, the_loads_own
from zonecma.lab.scenario_setup import Terms
from zonecma.lab.size import size
from zonecma.lab.size_bench import Question
from zonecma.lab.size_recording import RecordedTrial, _all_met, bench_of_recording
from zonecma.workload.needs import ASKS, Need

MIB = 1 << 20
BUNDLE = "camera-board"
"""Its driver asks for 32 MiB four times while it holds 16 MiB, and is refused; no call is larger."""
OWN = Question((the_loads_own(probability=0.5),), ("carveout",), most_runs=6)


def test_a_carveout_has_room_for_all_that_is_held_at_once():
    found = size(BUNDLE, OWN, workers=1)
    (answer,) = found.answers
    assert found.least == 32 * MIB
    assert answer.size >= (4 * 32 + 16) * MIB
    assert (answer.needs[0].failures, answer.own_failed) == (0, 0)
    assert answer.own_calls == 8 * answer.needs[0].runs
    assert any("4 of the load's 8 buffers are held to its end" in note for note in found.notes)
    assert size(BUNDLE, OWN, workers=2) == found


def test_needs_come_beside_what_the_load_asks_for():
    needs = parse_needs(["16MiB:2"], probability=0.5)
    outcome = RecordedTrial(BUNDLE, "", 254 * MIB >> 12, needs, 1, "carveout").run()
    assert outcome.success(0)
    assert (outcome.own_calls, outcome.own_failed) == (8, 0)
    small = RecordedTrial(BUNDLE, "", 32 * MIB >> 12, needs, 1, "carveout").run()
    assert small.own_failed >= 4 - 1  # 32 MiB are one of those four at most


def test_what_is_in_the_way_where_nothing_suffices_is_what_the_recording_showed():
    """In the recorded area it was a block-device buffer that the journal held."""
    found = size(BUNDLE, replace(OWN, placements=("half-free", "zone-cma"), most=64 * MIB), workers=1)
    ways = {one.placement: one.blocked.in_the_way for one in found.answers}
    assert list(ways["half-free"]) == [PageClass.JOURNAL]
    assert not ways["zone-cma"]  # it keeps such pages out; buffers that stay leave no range


def call(ok, ms):
    return Call(0.0, 256, ok, 0, ms / 1000)


def test_a_need_is_met_if_each_buffer_is_got_in_each_ask_and_takes_its_slowest_ask():
    needs = (Need(256, 2, within_ms=9), Need(0, 0))
    calls = [call(True, 1), call(False, 50), call(True, 2), *[call(True, 4)] * 4]
    buffers = np.array([0, -3, 1, 0, 1, 0, 1])
    need, own = _all_met(needs, calls, buffers, [calls[1]])
    assert (need.got, need.took_ms, need.in_time) == (True, 8.0, True)
    assert (own.got, own.took_ms) == (False, 50.0)
    late, _ = _all_met((replace(needs[0], within_ms=7), needs[1]), calls, buffers, [])
    assert (late.got, late.in_time) == (True, False)
    assert len(buffers[buffers >= 0]) == 2 * ASKS
    missing, _ = _all_met(needs, calls[:-1], buffers[:-1], [])
    assert not missing.met


@pytest.mark.parametrize(
    ("where", "question", "expected"),
    [
        (BUNDLE, replace(OWN, machine="rpi4-4g"), "--machine: camera-board is a recording, with a machine"),
        (BUNDLE, replace(OWN, below=1 << 30), "--dma-limit: camera-board is a recording"),
        (BUNDLE, replace(OWN, terms=Terms(rules="5.0")), "5.0"),
        (BUNDLE, Question(parse_needs(["400MiB"])), "an area has 254 MiB at most"),
        ("captures/nocma-mix-6.12", OWN, "has 0 areas; another size needs a recording with one"),
    ],
)
def test_what_can_not_be_sized_is_refused_in_a_sentence(where, question, expected):
    with pytest.raises(InputError, match=expected):
        bench_of_recording(where, question)
