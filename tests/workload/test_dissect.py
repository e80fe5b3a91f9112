"""From trace lines to requests, on traces written by hand."""

from pathlib import Path

import numpy as np
import pytest

from zonecma.capture.trace import scan_pieces
from zonecma.kernel.gfp import GFP_KERNEL
from zonecma.kernel.zone import MAX_NR_ZONES
from zonecma.workload.from_trace import count_lines, lines_before, load_from_trace
from zonecma.workload.requests import (
    ALLOC,
    BULK,
    CMA_ALLOC,
    CMA_FINISH,
    CMA_RELEASE,
    CMA_RETRY,
    CMA_TEST,
    DRAIN_ALL,
    DRAIN_CPU,
    FREE,
    KSWAPD_BEGIN,
    KSWAPD_END,
    OF_THE_KERNEL,
    TAKE_FREE,
    TIMER_DRAIN,
    UNKNOWN_GFP,
    WAKEUP_KSWAPD,
)

MOVABLE = "migratetype=1 gfp_flags=GFP_HIGHUSER_MOVABLE"
TARGET = "migratetype=1 gfp_flags=GFP_USER|__GFP_RETRY_MAYFAIL|__GFP_COMP|__GFP_MOVABLE"


def dissect(*events, split=0, areas=None, claims_alone=True, hold=2016):
    """Load and recorded chunks of events written as ``task cpu event``; the first ``split`` come before A."""
    lines = []
    for number, text in enumerate(events):
        task, cpu, event = text.split(" ", 2)
        lines.append(f"{task} [{cpu.zfill(3)}] 1.{number:06}: {event}\n")
    data = "".join(lines).encode()
    trace = scan_pieces(Path("given"), iter([data]), len(data))
    before_a = np.arange(len(trace.events)) < split
    everything = np.ones(len(trace.events), np.bool_)
    areas = {"reserved": 4096} if areas is None else areas
    machine = {"areas": areas, "zone_of": np.zeros(0x50000, np.uint8), "pageblock_order": 9}
    holds = np.full(MAX_NR_ZONES, hold)
    return load_from_trace(trace, before_a, everything, **machine, claims_alone=claims_alone, hold=holds)


def ops(load):
    return load.requests["op"].tolist()


def chunks(recorded, kind, number):
    rows, first = getattr(recorded, kind), getattr(recorded, f"first_{kind}")
    return [(int(c["pfn"]), int(c["order"])) for c in rows[first[number] : first[number + 1]]]


def test_a_refill_belongs_to_the_allocation_after_it_on_its_cpu_and_comes_when_it_began():
    load, recorded = dissect(
        "a-1 0 mm_page_alloc_zone_locked: pfn=0x100 order=0 migratetype=1 percpu_refill=1",
        "b-2 1 mm_page_alloc_zone_locked: pfn=0x900 order=0 migratetype=1 percpu_refill=1",
        "a-1 0 mm_page_alloc_zone_locked: pfn=0x101 order=0 migratetype=1 percpu_refill=1",
        f"b-2 1 mm_page_alloc: pfn=0x900 order=0 {MOVABLE}",
        f"a-1 0 mm_page_alloc: pfn=0x100 order=0 {MOVABLE}",
        f"a-1 0 mm_page_alloc: pfn=0x101 order=0 {MOVABLE}",
    )
    assert ops(load) == [ALLOC] * 3
    assert load.requests["cpu"].tolist() == [0, 1, 0]
    assert chunks(recorded, "refilled", 0) == [(0x100, 0), (0x101, 0)]
    assert chunks(recorded, "refilled", 1) == [(0x900, 0)]
    assert chunks(recorded, "refilled", 2) == []
    assert chunks(recorded, "allocated", 2) == [(0x101, 0)]


def test_a_request_never_says_what_it_got():
    load, _ = dissect(f"a-1 0 mm_page_alloc: pfn=0x100 order=3 {MOVABLE}")
    (request,) = load.requests
    assert (request["pfn"], request["order"]) == (-1, 3)


def test_a_claimed_chunk_has_only_its_extfrag_event():
    extfrag = "fallback_order=10 alloc_migratetype=0 fallback_migratetype=1 change_ownership=1"
    _, recorded = dissect(
        f"a-1 0 mm_page_alloc_extfrag: pfn=0x400 alloc_order=0 {extfrag}",
        "a-1 0 mm_page_alloc_zone_locked: pfn=0x401 order=0 migratetype=0 percpu_refill=1",
        f"a-1 0 mm_page_alloc_extfrag: pfn=0x401 alloc_order=0 {extfrag}",
        f"a-1 0 mm_page_alloc: pfn=0x400 order=0 {MOVABLE}",
    )
    assert chunks(recorded, "refilled", 0) == [(0x400, 0), (0x401, 0)]


def test_older_kernels_tell_of_a_claimed_chunk_and_of_what_is_then_taken():
    extfrag = "fallback_order=10 alloc_migratetype=0 fallback_migratetype=1 change_ownership=1"
    _, recorded = dissect(
        f"a-1 0 mm_page_alloc_extfrag: pfn=0x400 alloc_order=0 {extfrag}",
        "a-1 0 mm_page_alloc_zone_locked: pfn=0x900 order=0 migratetype=0 percpu_refill=1",
        f"a-1 0 mm_page_alloc: pfn=0x900 order=0 {MOVABLE}",
        claims_alone=False,
    )
    assert chunks(recorded, "refilled", 0) == [(0x900, 0)]


def test_an_order_without_a_per_cpu_list_is_not_refilled():
    _, recorded = dissect(
        "a-1 0 mm_page_alloc_zone_locked: pfn=0x400 order=5 migratetype=1 percpu_refill=0",
        f"a-1 0 mm_page_alloc: pfn=0x400 order=5 {MOVABLE}",
    )
    assert chunks(recorded, "refilled", 0) == []
    assert chunks(recorded, "allocated", 0) == [(0x400, 5)]


def test_batched_frees_are_committed_in_their_second_event():
    load, recorded = dissect(
        f"a-1 0 mm_page_alloc: pfn=0x100 order=2 {MOVABLE}",
        "a-1 0 mm_page_free: pfn=0x100 order=2",
        "a-1 0 mm_page_free: pfn=0x200 order=0",
        "a-1 0 mm_page_free_batched: pfn=0x200 order=0",
        "a-1 0 mm_page_pcpu_drain: pfn=0x300 order=0 migratetype=1",
        "a-1 0 mm_page_free_batched: pfn=0x100 order=0",
        "a-1 0 mm_page_free: pfn=0x400 order=0",
    )
    assert ops(load) == [ALLOC, FREE, FREE, FREE]
    assert load.requests["pfn"][1:].tolist() == [0x200, 0x100, 0x400]
    assert load.requests["order"][1:].tolist() == [0, 2, 0]
    assert chunks(recorded, "drained", 1) == [(0x300, 0)]
    assert chunks(recorded, "drained", 2) == []


def test_drains_that_follow_no_free_of_their_task_have_another_cause():
    load, recorded = dissect(
        "a-1 0 mm_page_free: pfn=0x100 order=0",
        "kworker/0:1-9 0 mm_page_pcpu_drain: pfn=0x200 order=0 migratetype=1",
        "kworker/0:1-9 0 mm_page_pcpu_drain: pfn=0x201 order=0 migratetype=1",
        "b-2 0 mm_page_pcpu_drain: pfn=0x300 order=0 migratetype=1",
    )
    assert ops(load) == [FREE, TIMER_DRAIN, DRAIN_ALL]
    assert chunks(recorded, "drained", 0) == []
    assert chunks(recorded, "drained", 1) == [(0x200, 0), (0x201, 0)]
    assert chunks(recorded, "drained", 2) == [(0x300, 0)]


def test_bulk_pages_that_are_alive_already_are_not_allocated_again():
    pages = "p0=0xffffea0000004000 p1=0xffffea0000004040 p2=0xffffea0000004080"
    load, recorded = dissect(
        f"a-1 0 mm_page_alloc: pfn=0x100 order=0 {MOVABLE}",
        f"a-1 0 bulk: (f <- g) n=0x3 arr=0xff {pages}",
        f"a-1 0 bulk: (f <- g) n=0x1 arr=0xff {pages}",
    )
    assert ops(load) == [ALLOC, BULK]
    assert load.requests["count"][1] == 2
    assert chunks(recorded, "allocated", 1) == [(0x101, 0), (0x102, 0)]


def test_objects_link_frees_to_allocations():
    load, _ = dissect(
        f"a-1 0 mm_page_alloc: pfn=0x100 order=0 {MOVABLE}",
        f"a-1 0 mm_page_alloc: pfn=0x200 order=0 {MOVABLE}",
        "a-1 0 mm_page_free: pfn=0x100 order=0",
        f"a-1 0 mm_page_alloc: pfn=0x100 order=0 {MOVABLE}",
        "a-1 0 mm_page_free: pfn=0x100 order=0",
    )
    numbers = load.requests["object"].tolist()
    assert numbers[2] == numbers[0] != numbers[3] == numbers[4]


def test_what_lived_before_is_told_with_its_frame():
    load, _ = dissect(
        f"a-1 0 mm_page_alloc: pfn=0x100 order=1 {MOVABLE}",
        f"a-1 0 mm_page_alloc: pfn=0x300 order=0 {MOVABLE}",
        "a-1 0 mm_page_free: pfn=0x300 order=0",
        "a-1 0 mm_page_free: pfn=0x100 order=1",
        "a-1 0 mm_page_free: pfn=0x200 order=0",
        split=3,
    )
    assert ops(load) == [FREE, FREE]
    known, found = load.living
    assert (known["pfn"], known["order"], known["object"]) == (0x100, 1, load.requests["object"][0])
    assert (found["pfn"], found["gfp"], found["object"]) == (0x200, UNKNOWN_GFP, load.requests["object"][1])


START = "cma_alloc_start: name=reserved count=512 align=8"
FINISH = "cma_alloc_finish: name=reserved pfn=0x40000 page=0xffffea0001000000 count=512 align=8 errorno=0"
FAILED = "cma_alloc_finish: name=reserved pfn=0x40000 page=(nil) count=512 align=8 errorno=-16"


def test_a_contiguous_call_and_what_the_kernel_did_in_it():
    load, recorded = dissect(
        f"a-1 0 mm_page_alloc: pfn=0x40010 order=0 {MOVABLE}",
        f"c-7 0 {START}",
        "c-7 0 mm_page_pcpu_drain: pfn=0x300 order=0 migratetype=1",
        f"c-7 0 mm_page_alloc: pfn=0x500 order=0 {TARGET}",
        "c-7 0 mm_page_free: pfn=0x40010 order=0",
        "c-7 0 test_pages_isolated: start_pfn=0x40000 end_pfn=0x40200 fin_pfn=0x40200 ret=success",
        f"c-7 0 {FINISH}",
        "c-7 0 mm_page_free: pfn=0x40000 order=0",
        "c-7 0 cma_release: name=reserved pfn=0x40000 page=0xffffea0001000000 count=512",
        "a-1 0 mm_page_free: pfn=0x500 order=0",
    )
    within = [DRAIN_CPU, ALLOC, FREE, CMA_TEST, CMA_FINISH, FREE]
    assert ops(load) == [ALLOC, CMA_ALLOC, *within, CMA_RELEASE, FREE]
    kernels = [bool(origin & OF_THE_KERNEL) for origin in load.requests["origin"]]
    assert kernels == [False, False, True, True, True, True, True, True, False, False]
    assert chunks(recorded, "drained", 2) == [(0x300, 0)]
    assert chunks(recorded, "allocated", 6) == [(0x40000, 0)]
    # The moved page is still the program's: its free in the new place frees the old object.
    assert load.requests["object"][9] == load.requests["object"][0]
    assert load.requests["object"][8] == load.requests["object"][1]


def test_clean_cache_that_a_call_drops_is_freed_for_good():
    load, _ = dissect(
        f"a-1 0 mm_page_alloc: pfn=0x40010 order=0 {MOVABLE}",
        f"c-7 0 {START}",
        "c-7 0 mm_page_free: pfn=0x40010 order=0",
        f"c-7 0 {FINISH}",
    )
    free = load.requests[3]
    assert (free["origin"], free["object"]) == (0, load.requests["object"][0])


def test_a_busy_range_is_tried_again_with_a_drain_of_its_own():
    load, recorded = dissect(
        f"c-7 0 {START}",
        "c-7 0 test_pages_isolated: start_pfn=0x40000 end_pfn=0x40200 fin_pfn=0x40010 ret=fail",
        "c-7 0 cma_alloc_busy_retry: name=reserved pfn=0x40000 page=0xffffea0001000000 count=512 align=8",
        "c-7 0 mm_page_pcpu_drain: pfn=0x300 order=0 migratetype=1",
        f"c-7 0 {FAILED}",
    )
    assert ops(load) == [CMA_ALLOC, DRAIN_CPU, CMA_TEST, CMA_RETRY, DRAIN_CPU, CMA_FINISH]
    assert chunks(recorded, "allocated", 2) == [(0x40010, 0)]
    assert chunks(recorded, "drained", 4) == [(0x300, 0)]
    assert chunks(recorded, "allocated", 5) == []


@pytest.mark.parametrize("count", [0, 5000])
def test_a_request_that_no_area_can_hold_has_no_end(count):
    load, _ = dissect(
        f"c-7 0 cma_alloc_start: name=reserved count={count} align=0",
        f"c-7 0 mm_page_alloc: pfn=0x500 order=0 {MOVABLE}",
    )
    assert ops(load) == [CMA_ALLOC, ALLOC]
    assert load.requests["origin"].tolist() == [0, 0]


def test_an_area_that_was_not_activated_is_passed_over():
    load, _ = dissect(f"c-7 0 {START}", f"c-7 0 {FAILED}", areas={})
    assert ops(load) == []


def test_compaction_takes_free_chunks_without_a_request():
    load, _ = dissect("kcompactd0-24 0 isolfree: (f) page=0xffffea0000010000 order=4")
    (request,) = load.requests
    assert (request["op"], request["pfn"], request["order"]) == (TAKE_FREE, 0x400, 4)


def locked(load, op):
    return load.requests["locked"][load.requests["op"] == op].tolist()


def test_a_free_comes_when_its_drain_began():
    load, recorded = dissect(
        "a-1 0 mm_page_free: pfn=0x100 order=0",
        "b-2 1 mm_page_free: pfn=0x200 order=5",
        "a-1 0 mm_page_pcpu_drain: pfn=0x300 order=0 migratetype=1",
    )
    assert load.requests["pfn"].tolist() == [0x200, 0x100]
    assert chunks(recorded, "drained", 1) == [(0x300, 0)]


def test_an_interrupt_within_a_batch_of_frees_finds_the_lists_locked():
    load, _ = dissect(
        "a-1 0 mm_page_free: pfn=0x100 order=0",
        "a-1 0 mm_page_free: pfn=0x200 order=0",
        "a-1 0 mm_page_free: pfn=0x500 order=1",  # nothing is committed yet
        "a-1 0 mm_page_free_batched: pfn=0x100 order=0",
        "a-1 0 mm_page_free: pfn=0x400 order=1",
        "b-2 1 mm_page_free: pfn=0x600 order=1",
        "a-1 0 mm_page_free_batched: pfn=0x200 order=0",
        "a-1 0 mm_page_free: pfn=0x300 order=0",
    )
    assert load.requests["pfn"].tolist() == [0x500, 0x100, 0x400, 0x600, 0x200, 0x300]
    assert locked(load, FREE) == [0, 0, 1, 0, 0, 0]


@pytest.mark.parametrize(("order", "finds"), [(0, 1), (5, 0)])
def test_an_interrupt_within_a_refill_finds_the_lists_locked(order, finds):
    load, _ = dissect(
        f"a-1 0 mm_page_alloc_zone_locked: pfn=0x400 order={order} migratetype=1 percpu_refill=1",
        "a-1 0 mm_page_free: pfn=0x300 order=0",
        f"a-1 0 mm_page_alloc: pfn=0x400 order={order} {MOVABLE}",
        "a-1 0 mm_page_free: pfn=0x301 order=0",
    )
    assert locked(load, FREE) == [finds, 0]


def test_a_drain_of_all_lists_goes_cpu_by_cpu():
    """Whose list a chunk was on is not traced: the CPU that freed it."""
    load, recorded = dissect(
        "a-1 0 mm_page_free: pfn=0x100 order=0",
        "b-2 1 mm_page_free: pfn=0x200 order=0",
        "b-2 1 mm_page_free: pfn=0x201 order=0",
        f"c-7 0 {START}",
        "c-7 0 mm_page_pcpu_drain: pfn=0x100 order=0 migratetype=1",
        "b-2 1 mm_page_free: pfn=0x202 order=0",
        "c-7 0 mm_page_pcpu_drain: pfn=0x200 order=0 migratetype=1",
        "b-2 1 mm_page_free: pfn=0x203 order=0",
        "c-7 0 mm_page_pcpu_drain: pfn=0x201 order=0 migratetype=1",
        "b-2 1 mm_page_alloc_zone_locked: pfn=0x201 order=0 migratetype=1 percpu_refill=1",
        f"b-2 1 mm_page_alloc: pfn=0x201 order=0 {MOVABLE}",
        f"c-7 0 {FAILED}",
    )
    assert ops(load)[3:] == [CMA_ALLOC, DRAIN_CPU, FREE, DRAIN_CPU, FREE, ALLOC, CMA_FINISH]
    assert chunks(recorded, "drained", 4) == [(0x100, 0)]
    assert chunks(recorded, "drained", 6) == [(0x200, 0), (0x201, 0)]
    assert load.requests["count"][[4, 6]].tolist() == [0, 1]
    # CPU 1's lists are locked from the call's decision to drain them to its last chunk off them.
    assert load.requests["locked"].tolist() == [0, 0, 0, 0, 0, 1, 0, 1, 1, 0]
    assert chunks(recorded, "refilled", 8) == chunks(recorded, "allocated", 8) == [(0x201, 0)]


@pytest.mark.parametrize(("hold", "holds"), [(2, [1, 0]), (1, [2, 0]), (4, [0])])
def test_another_cpu_may_come_between_two_holds_of_a_drain(hold, holds):
    """drain_pages_zone, 6.12, gives the lock up every ``batch << pcp_batch_scale_max`` pages."""
    load, recorded = dissect(
        *(f"b-2 1 mm_page_free: pfn={pfn:#x} order=0" for pfn in (0x200, 0x201, 0x202)),
        f"c-7 0 {START}",
        "c-7 0 mm_page_pcpu_drain: pfn=0x200 order=0 migratetype=1",
        "c-7 0 mm_page_pcpu_drain: pfn=0x201 order=0 migratetype=1",
        "b-2 1 mm_page_alloc_zone_locked: pfn=0x201 order=0 migratetype=1 percpu_refill=1",
        "c-7 0 mm_page_pcpu_drain: pfn=0x202 order=0 migratetype=1",
        f"b-2 1 mm_page_alloc: pfn=0x201 order=0 {MOVABLE}",
        f"c-7 0 {FAILED}",
        hold=hold,
    )
    assert locked(load, DRAIN_CPU) == [0, *holds]  # CPU 0's lists come first, and are empty
    drains = [DRAIN_CPU, ALLOC, DRAIN_CPU] if holds != [0] else [DRAIN_CPU, ALLOC]
    assert ops(load)[3:] == [CMA_ALLOC, DRAIN_CPU, *drains, CMA_FINISH]
    assert len(chunks(recorded, "drained", 5)) == (2 if holds != [0] else 3)


def test_a_cpu_whose_lists_were_empty_is_drained_all_the_same():
    load, _ = dissect(
        "b-2 1 mm_page_free: pfn=0x200 order=0",
        f"c-7 0 {START}",
        "c-7 0 test_pages_isolated: start_pfn=0x40000 end_pfn=0x40200 fin_pfn=0x40010 ret=fail",
        f"c-7 0 {FAILED}",
    )
    assert ops(load) == [FREE, CMA_ALLOC, DRAIN_CPU, DRAIN_CPU, CMA_TEST, CMA_FINISH]


def test_kswapds_rounds():
    load, _ = dissect(
        "a-1 0 mm_vmscan_wakeup_kswapd: nid=0 order=0 gfp_flags=GFP_KERNEL",
        "kswapd0-28 0 mm_vmscan_kswapd_wake: nid=0 order=0",
        "kswapd0-28 0 mm_page_free: pfn=0x100 order=0",
        "kswapd0-28 0 mm_page_pcpu_drain: pfn=0x300 order=0 migratetype=1",
        "a-1 0 mm_page_free: pfn=0x200 order=0",
        "kswapd0-28 0 mm_vmscan_kswapd_wake: nid=0 order=3",
        "a-1 0 mm_page_free: pfn=0x201 order=0",
        "kswapd0-28 0 mm_vmscan_kswapd_sleep: nid=0",
    )
    rounds = [KSWAPD_BEGIN, FREE, KSWAPD_END, FREE, KSWAPD_BEGIN, KSWAPD_END, FREE]
    assert ops(load) == [WAKEUP_KSWAPD, *rounds]
    assert load.gfp_masks[load.requests["gfp"][0]] == GFP_KERNEL


def test_lines_are_counted_by_cpu():
    data = (
        b"a-1 [000] 1.0: mm_page_free: pfn=0x1 order=0\n"
        b"a-1 [001] 1.1: bulk: (f <- g) n=0x1 arr=0xff p0=0xffffea0000004000\n"
        b"CPU:1 [LOST 5 EVENTS]\n"
        b"a-1 [001] 1.2: sched_switch: x\n"
        b"a-1 [000] 1.3: mm_page_free: pfn=0x2 order=0\n"
    )
    trace = scan_pieces(Path("given"), iter([data]), len(data))
    assert (count_lines(trace, 0), count_lines(trace, 1)) == (2, 2)
    assert lines_before(trace, (1, 1)).tolist() == [True, True, True, True, False, False]
