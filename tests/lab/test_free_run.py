"""A run on its own, against real kernels and on traces written by hand."""

import dataclasses

import numpy as np
import pytest

from tests.conftest import CAPTURES
from tests.lab.hand import MOVABLE, TARGET, replay_of_events
from tests.recordings import of_another_kernel
from zonecma.capture.recording import Recording
from zonecma.errors import InputError
from zonecma.lab.free_run import free_run, free_run_replay
from zonecma.lab.names import BESIDE_RANGE, UNNAMED, name_frees
from zonecma.lab.replay import replay_of
from zonecma.workload.requests import ALLOC, CMA_ALLOC, FREE


@pytest.fixture(scope="module")
def nocma():
    return replay_of(Recording(CAPTURES / "nocma-mix-6.12"))


def test_nocma_mix_alone_is_the_kernel_to_the_end(nocma):
    outcome = free_run_replay(nocma)
    assert outcome.allocations.exact == outcome.allocations.checked == outcome.before_first == 81_732
    assert outcome.first_miss is None
    assert outcome.frames_off == 0
    assert outcome.frames_free == 208_030
    assert outcome.final_lists.exact == outcome.final_lists.checked == 35
    assert not outcome.undone


def test_an_altered_record_is_the_first_divergence(nocma):
    """The chosen one is never freed, so that its name is asked for no more."""
    requests, recorded = nocma.load.requests, nocma.recorded
    freed = requests["object"][requests["op"] == FREE]
    kept = np.flatnonzero((requests["op"] == ALLOC) & ~np.isin(requests["object"], freed))
    request = kept[len(kept) // 2]
    at = recorded.first_allocated[request]
    allocated = recorded.allocated.copy()
    allocated["pfn"][at] = 0x1234
    outcome = free_run_replay(dataclasses.replace(nocma, recorded=recorded._replace(allocated=allocated)))
    assert outcome.before_first == at
    assert outcome.allocations.checked - outcome.allocations.exact == 1
    miss = outcome.first_miss
    assert (miss.line, miss.recorded) == (requests["line"][request], 0x1234)
    assert miss.predicted == recorded.allocated["pfn"][at]


def test_a_free_refers_to_the_request_not_to_the_frame():
    """The kernel used 0x1c05, the model 0x1001: it is that which the model gives back, to its buddy list."""
    outcome = free_run_replay(
        replay_of_events(
            f"mm_page_alloc: pfn=0x1c05 order=0 {MOVABLE}",
            "mm_page_free: pfn=0x1c05 order=0",
        )
    )
    assert (outcome.allocations.checked, outcome.allocations.exact) == (1, 0)
    assert (outcome.before_first, outcome.first_miss.line) == (0, 1)
    assert (outcome.free_area[0].model, outcome.free_area[10].model) == (1, 1)
    assert (outcome.first_miss.predicted, outcome.first_miss.recorded) == (0x1001, 0x1C05)
    assert not outcome.undone


def test_what_the_kernel_refused_is_given_back():
    outcome = free_run_replay(
        replay_of_events(
            f"mm_page_alloc: pfn=0xffffffffffffffff order=9 {MOVABLE}",
            "mm_page_free: pfn=0x1c00 order=0",
        )
    )
    refused, homeless = sorted(outcome.undone.values()), list(outcome.undone)
    assert refused == [1, 1]
    assert any("given back" in reason for reason in homeless)
    assert any("no place" in reason for reason in homeless)


def test_names_of_what_is_freed():
    replay = replay_of_events(
        f"mm_page_alloc: pfn=0x1200 order=1 {MOVABLE}",  # freed in halves
        "mm_page_free: pfn=0x1201 order=0",
        "mm_page_free: pfn=0x1200 order=0",
        "mm_page_free: pfn=0x1200 order=0",  # nobody was seen to get it
        f"mm_page_alloc: pfn=0x1c02 order=0 {MOVABLE}",
        "cma_alloc_start: name=cma count=3 align=0",
        f"mm_page_alloc: pfn=0x1300 order=0 {TARGET}",
        "mm_page_free: pfn=0x1c02 order=0",  # moved to 0x1300
        "test_pages_isolated: start_pfn=0x1c00 end_pfn=0x1c03 fin_pfn=0x1c04 ret=success",
        "mm_page_free: pfn=0x1c03 order=0",  # beside the range
        "cma_alloc_finish: name=cma pfn=0x1c00 count=3 align=0 errorno=0",
        "mm_page_free: pfn=0x1300 order=0",
        "mm_page_free: pfn=0x1c01 order=0",
    )
    load = replay.load
    names = name_frees(load, replay.recorded, replay.machine.nr_frames)
    frees, made = load.requests["op"] == FREE, np.isin(load.requests["op"], [ALLOC, CMA_ALLOC])
    halves, page, call, target = load.requests["object"][made].tolist()
    assert names.owner[frees].tolist() == [halves, halves, UNNAMED, page, BESIDE_RANGE, target, call]
    assert names.offset[frees].tolist() == [1, 0, 0, 0, 0, 0, 1]


def test_a_kernel_that_is_not_modelled_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"4\.7"):
        free_run(Recording(of_another_kernel(tmp_path, b"4.7.4")))
