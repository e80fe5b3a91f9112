"""verify against real kernels, and against attempts to fool it."""

import dataclasses

import numpy as np
import pytest

from tests.conftest import CAPTURES
from tests.recordings import of_another_kernel
from zonecma.capture.events import EVENT_ID
from zonecma.capture.recording import Recording
from zonecma.errors import InputError
from zonecma.kernel.jit import entry
from zonecma.kernel.validate import validate
from zonecma.lab.calls import no_calls
from zonecma.lab.final_lists import compare_lists
from zonecma.lab.replay import initial_state, replay_of
from zonecma.lab.serve import serve
from zonecma.lab.verify import verify, verify_replay
from zonecma.placement import HalfFree
from zonecma.placement.tables import fill_tables
from zonecma.workload.requests import ALLOC, BULK, CMA_FINISH, CMA_RETRY, CMA_TEST


def recording(name):
    return Recording(CAPTURES / name)


@pytest.fixture(scope="module")
def nocma():
    return replay_of(recording("nocma-mix-6.12"))


@pytest.mark.parametrize("name", ["nocma-mix-6.12", "cma256-mix-smp2-6.12", "cma128-press-6.12"])
def test_every_event_between_the_snapshots_is_checked(name):
    """Counted anew from the trace: a choice can't be left out of the score."""
    replay = replay_of(recording(name))
    outcome = verify_replay(replay)
    events = replay.trace.events
    seen = np.zeros(len(events), np.bool_)
    lines = dict.fromkeys(range(replay.machine.nr_cpus), 0)
    for i, (event, cpu) in enumerate(zip(events["event"].tolist(), events["cpu"].tolist(), strict=True)):
        lines[cpu] += event not in (EVENT_ID["bulk_page"], EVENT_ID["lost"])
        seen[i] = replay.start.trace_lines[cpu] < lines[cpu] <= replay.end.trace_lines[cpu]
    within = events[seen]

    def count(name, **where):
        rows = within[within["event"] == EVENT_ID[name]]
        for field, wanted in where.items():
            rows = rows[np.isin(rows[field], wanted)]
        return len(rows)

    assert outcome.allocations.checked >= count("mm_page_alloc")
    assert outcome.refills.checked >= count("mm_page_alloc_zone_locked", order=[0, 1, 2, 3])
    assert outcome.drains.checked >= count("mm_page_pcpu_drain")
    assert outcome.calls.checked == count("cma_alloc_finish")


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("how", ["any frame", "next frame", "next request's"])
def test_altered_records_are_found_one_by_one(nocma, seed, how):
    random = np.random.default_rng(seed)
    recorded = nocma.recorded
    owner = np.repeat(np.arange(len(nocma.load.requests)), np.diff(recorded.first_allocated))
    singles = np.flatnonzero(np.isin(nocma.load.requests["op"][owner], [ALLOC, BULK]))
    k = int(random.integers(1, 60))
    chosen = random.choice(singles[:-1], k, replace=False)
    allocated = recorded.allocated.copy()
    frames = allocated["pfn"]
    frames[chosen] = {
        "any frame": random.integers(0x1000, 0x40000, k),
        "next frame": frames[chosen] + 1,
        "next request's": frames[chosen + 1],
    }[how]
    altered = int(np.count_nonzero(frames != recorded.allocated["pfn"]))
    outcome = verify_replay(dataclasses.replace(nocma, recorded=recorded._replace(allocated=allocated)))
    assert outcome.allocations.checked - outcome.allocations.exact == altered
    assert outcome.refills.exact == outcome.refills.checked
    assert outcome.final_lists.exact == outcome.final_lists.checked


def test_altered_refills_and_drains_are_misses(nocma):
    recorded = nocma.recorded
    refilled, drained = recorded.refilled.copy(), recorded.drained.copy()
    refilled["pfn"][100] += 1
    drained["pfn"][100] += 1
    outcome = verify_replay(
        dataclasses.replace(nocma, recorded=recorded._replace(refilled=refilled, drained=drained))
    )
    assert outcome.refills.checked - outcome.refills.exact >= 1
    assert outcome.drains.checked - outcome.drains.exact >= 1


def test_an_event_that_is_predicted_but_did_not_happen_is_a_miss(nocma):
    first = nocma.recorded.first_drained
    quiet = nocma.recorded._replace(drained=nocma.recorded.drained[:0], first_drained=np.zeros_like(first))
    outcome = verify_replay(dataclasses.replace(nocma, recorded=quiet))
    assert outcome.drains.checked > 0
    assert outcome.drains.exact == 0
    assert outcome.drain_decisions.exact < outcome.drain_decisions.checked


@pytest.fixture(scope="module")
def press():
    return replay_of(recording("cma128-press-6.12"))


def answers(replay, *ops):
    """Where the recorded answers to some requests of a contiguous call are."""
    recorded, op = replay.recorded, replay.load.requests["op"]
    return np.flatnonzero(np.isin(np.repeat(op, np.diff(recorded.first_allocated)), ops))


def with_allocated(replay, allocated):
    return dataclasses.replace(replay, recorded=replay.recorded._replace(allocated=allocated))


def test_altered_ranges_are_misses(press):
    allocated, where = press.recorded.allocated.copy(), answers(press, CMA_RETRY, CMA_TEST)
    allocated["pfn"][where] += 1
    outcome = verify_replay(with_allocated(press, allocated))
    assert outcome.ranges.checked == len(where) > 200
    assert outcome.ranges.exact == 0


def test_a_call_that_ended_otherwise_is_a_miss():
    """The model's verdict stands, whatever its state is put right to afterwards."""
    replay = replay_of(recording("cma256-mix-6.12"))
    allocated = replay.recorded.allocated.copy()
    tests, ends = answers(replay, CMA_TEST), answers(replay, CMA_FINISH)
    allocated["pfn"][tests] = 0  # every range was busy
    allocated["pfn"][ends] = 0xFFFFFFFF
    outcome = verify_replay(with_allocated(replay, allocated))
    assert outcome.calls.checked == 15
    assert outcome.calls.exact == 0


@entry
def serve_all(state, calls, requests):
    for i in range(requests.size):
        serve(state, calls, requests[i])


@pytest.mark.parametrize("name", ["nocma-mix-6.12", "boot-zonecma256-6.12"])
def test_without_any_look_at_the_record_the_model_ends_where_the_kernel_ended(name):
    replay = replay_of(recording(name))
    assert (replay.load.requests["pfn"][replay.load.requests["op"] == ALLOC] == -1).all()
    state = initial_state(replay, len(replay.load.gfp_masks))
    fill_tables(state, HalfFree(), replay.load.gfp_masks)
    serve_all(state, no_calls(len(replay.machine.areas)), replay.load.requests.view(np.recarray))
    validate(state)
    lists = compare_lists(state, replay.end)
    assert lists.exact == lists.checked > 20


def test_a_kernel_that_is_not_modelled_is_skipped_as_misses(tmp_path):
    outcome = verify(Recording(of_another_kernel(tmp_path, b"4.7.4")))
    assert outcome.allocations.checked > 1000
    assert outcome.allocations.exact == outcome.drains.exact == outcome.final_lists.exact == 0
    ((reason, count),) = outcome.skipped.items()
    assert "4.7" in reason
    assert count == outcome.events


def test_snapshots_of_another_trace_are_refused(tmp_path):
    for file in (CAPTURES / "nocma-mix-6.12").iterdir():
        (tmp_path / file.name).symlink_to(file)
    for snapshot in ("snap.A.json.gz", "snap.B.json.gz"):
        (tmp_path / snapshot).unlink()
        (tmp_path / snapshot).symlink_to(CAPTURES / "cma256-mix-6.12" / snapshot)
    with pytest.raises(InputError, match="expected the trace that belongs to the snapshots"):
        verify(Recording(tmp_path))
