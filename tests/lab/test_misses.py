"""Why choices were missed: records that were altered on purpose, and traces written by hand."""

import dataclasses

import numpy as np
import pytest

from tests.conftest import CAPTURES
from tests.lab.hand import MOVABLE, replay_of_events
from zonecma.capture.recording import Recording
from zonecma.kernel.state import IN_USE
from zonecma.kernel.units import Cpu, Order
from zonecma.kernel.zone import ZONE_BELOW_HIGH, ZONE_DMA32, ZONE_RECLAIM_ACTIVE
from zonecma.lab.judging import Judging
from zonecma.lab.misses import explain_misses_of
from zonecma.lab.replay import replay_of
from zonecma.lab.verification import Miss
from zonecma.lab.what_if import chunks_to_fetch, list_of, pages_to_drain
from zonecma.workload.requests import ALLOC


@pytest.fixture(scope="module")
def nocma():
    return replay_of(Recording(CAPTURES / "nocma-mix-6.12"))


def causes(outcome):
    return {cause.cause: (cause.requests, cause.misses) for cause in outcome.causes}


def test_where_nothing_is_missed_there_is_no_cause(nocma):
    outcome = explain_misses_of(nocma)
    assert (outcome.missed, outcome.causes) == (0, ())
    assert outcome.checked == 81_732 + 50_068 + 318 + 68_293 + 9_746


def used_frame_like(state, pfn):
    """Another frame of the same zone and type, in use before the load."""
    block = state.block[np.arange(int(state.conf.nr_frames)) >> int(state.conf.pageblock_order)]
    frames = state.frame[: len(block)]
    same = (frames.zone == frames.zone[pfn]) & (block == block[pfn]) & (frames.where == IN_USE)
    return next(int(other) for other in np.flatnonzero(same) if list_of(state, int(other)) < 0)


def test_an_altered_record_is_that_miss_and_that_cause(nocma):
    requests, recorded = nocma.load.requests, nocma.recorded
    single = (requests["op"] == ALLOC) & (requests["order"] == 0)
    request = np.flatnonzero(single & (np.diff(recorded.first_refilled) == 0))[30_000]
    at, allocated = recorded.first_allocated[request], recorded.allocated.copy()
    real = int(allocated["pfn"][at])
    allocated["pfn"][at] = other = used_frame_like(Judging(nocma).state, real)
    outcome = explain_misses_of(dataclasses.replace(nocma, recorded=recorded._replace(allocated=allocated)))
    assert outcome.missed == 1
    (cause,) = outcome.causes
    assert cause.cause == "the kernel's frame was in use in the model"
    assert (cause.requests, cause.misses, cause.counted) == (1, 1, False)
    assert cause.first == Miss(int(requests["line"][request]), real, other)


def test_a_refill_from_outside_the_area_is_the_half_free_rule():
    """All that is free lies in the area; the record has another frame, and no drift explains that."""
    outcome = explain_misses_of(
        replay_of_events(
            f"mm_page_alloc: pfn=0x1001 order=0 {MOVABLE}",
            "mm_page_alloc_zone_locked: pfn=0x1200 order=0 migratetype=1 percpu_refill=1",
            f"mm_page_alloc: pfn=0x1200 order=0 {MOVABLE}",
        )
    )
    assert causes(outcome) == {"CMA or not: the half-free rule decided otherwise": (1, 2)}
    assert outcome.causes[0].first == Miss(3, 0x1C00, 0x1200)


def test_a_drain_that_did_not_happen():
    """On the smallest machine every free drains at once."""
    outcome = explain_misses_of(replay_of_events("mm_page_free: pfn=0x1000 order=0"))
    assert causes(outcome) == {"per-cpu high differed: drained, or did not": (1, 2)}
    assert outcome.causes[0].counted
    assert outcome.causes[0].first == Miss(1, 1, 0)


def test_a_question_leaves_the_state_as_it_was(nocma):
    state = Judging(nocma).state
    before = [array.copy() for array in state]
    answers = {
        pages_to_drain(
            state, ZONE_DMA32, Cpu(0), Order(0), high=high, more=2, other_flags=ZONE_RECLAIM_ACTIVE
        )
        for high in (0, 100_000)
    }
    pages_to_drain(state, ZONE_DMA32, Cpu(0), Order(1), other_flags=ZONE_BELOW_HIGH, other_pcp_flags=1)
    chunks_to_fetch(state, ZONE_DMA32, Cpu(0), Order(0), other_flags=ZONE_BELOW_HIGH)
    assert len(answers) == 1  # kswapd at work keeps lists short whatever their high
    assert all(np.array_equal(old, new) for old, new in zip(before, state, strict=True))
