"""What a trace tells of its start, by hand and against a snapshot."""

import numpy as np
import pytest

from tests.bundles import bundle_of
from tests.conftest import CAPTURES
from tests.traces import trace_of
from zonecma.capture.recording import Recording, open_recording
from zonecma.machine.counts.evidence import BUFFER, IN_BUDDY, ON_PCP, UNSEEN, USED, evidence_of


def told(*events):
    return evidence_of(trace_of(*(f"a-1 0 {event}" for event in events)), 64, 4)


REFILL = "mm_page_alloc_zone_locked: pfn=0x9 order=0 migratetype=1 percpu_refill=1"


@pytest.mark.parametrize(
    ("events", "held"),
    [
        (["mm_page_free: pfn=0x8 order=1"], [USED, USED]),
        ([REFILL, "mm_page_alloc: pfn=0x8 order=1 migratetype=1 gfp_flags=GFP_KERNEL"], [ON_PCP, IN_BUDDY]),
        (["mm_page_alloc: pfn=0x8 order=1 migratetype=1 gfp_flags=GFP_KERNEL"], [IN_BUDDY, IN_BUDDY]),
        (["mm_page_pcpu_drain: pfn=0x8 order=0 migratetype=2"], [ON_PCP, UNSEEN]),
        (
            [
                "cma_alloc_finish: name=a pfn=0x8 page=0xffffea0000000200 count=2 align=0 errorno=0",
                "mm_page_free: pfn=0x8 order=0",
            ],
            [IN_BUDDY, IN_BUDDY],
        ),
        (["mm_page_free: pfn=0x9 order=0", "cma_release: name=a pfn=0x8 page=0x0 count=1"], [BUFFER, USED]),
    ],
)
def test_what_comes_first_says_what_was_there(events, held):
    evidence = told(*events)
    assert evidence.held[8:10].tolist() == held
    assert not evidence.held[10:].any()


def test_a_claimed_chunk_was_on_its_own_types_list():
    evidence = told(
        "mm_page_alloc_zone_locked: pfn=0x10 order=0 migratetype=0 percpu_refill=1",
        "mm_page_alloc_extfrag: pfn=0x10 alloc_order=0 fallback_order=4 pageblock_order=4 alloc_migratetype=0"
        " fallback_migratetype=1 fragmenting=0 change_ownership=1",
    )
    assert (evidence.held[16:32] == IN_BUDDY).all()
    assert (evidence.migratetype[16:32] == 1).all()


@pytest.mark.parametrize("name", ["cma256-mix-6.12", "cma256-mix-6.1"])
def test_the_snapshot_says_the_same(name, tmp_path, cache):
    """It was taken a moment later, some hundred events after the trace's first."""
    trace = open_recording(str(bundle_of(name, tmp_path))).trace()
    snapshot = Recording(CAPTURES / name).snapshot("A")
    free = np.zeros(max(zone.end_pfn for zone in snapshot.zones), np.bool_)
    for zone in snapshot.zones:
        for (order, _), frames in zone.free.items():
            for pfn in frames:
                free[pfn : pfn + (1 << int(order))] = True
    evidence = evidence_of(trace, len(free), 9)
    assert free[evidence.held == IN_BUDDY].mean() > 0.999
    assert evidence.count(IN_BUDDY) > 0.4 * free.sum()
    assert not free[(evidence.held == USED) | (evidence.held == ON_PCP)].any()
