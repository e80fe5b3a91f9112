"""Frames in use and free frames over time, from traces written by hand.

The machine is ``tests.lab.hand``'s: its area, frames 0x1c00 to 0x1fff, is free, and so is frame 0x1001.
"""

import numpy as np

from tests.lab.hand import MOVABLE, replay_of_events
from zonecma.workload.compactions import no_compactions
from zonecma.workload.occupancy import follow, occupancy_of

VMEMMAP = 0xFFFFEA0000000000
CALL = "cma_alloc_start: name=cma count=4 align=2"


def page(pfn):
    return f"{VMEMMAP + 64 * pfn:#x}"


def finish(pfn, errorno=0):
    at = f"pfn={pfn:#x} page={page(pfn)}" if not errorno else "pfn=0x0 page=(nil)"
    return f"cma_alloc_finish: name=cma {at} count=4 align=2 errorno={errorno}"


def found(*events, window=None):
    """Frames times microseconds of use and fewest free frames outside; the window is of numbers of events."""
    replay = replay_of_events(*events)
    first, last = window or (0, len(events) - 1)
    begin = 10**9
    frames = occupancy_of(
        replay.start,
        replay.machine.nr_frames,
        len(replay.trace.texts),
        (begin + first * 1000, begin + last * 1000),
    )
    compactions = no_compactions(replay.machine.nr_frames, replay.trace.texts)
    follow(frames, compactions, replay.trace.events.view(np.recarray))
    return frames.frame_ns[0] / 1000, frames.min_free_outside[0]


def alloc(pfn, order=0):
    return f"mm_page_alloc: pfn={pfn:#x} order={order} {MOVABLE}"


def free(pfn, order=0):
    return f"mm_page_free: pfn={pfn:#x} order={order}"


IDLE = "mm_vmscan_kswapd_sleep: nid=0"


def test_use_is_weighted_by_time():
    assert found(alloc(0x1C00, 2), IDLE, free(0x1C02), IDLE)[0] == 4 + 4 + 3


def test_only_the_window_counts():
    events = alloc(0x1C00), alloc(0x1001), IDLE, free(0x1001), alloc(0x1C08, 3), IDLE
    assert found(*events, window=(3, 4)) == (1, 0)
    assert found(*events, window=(4, 5)) == (9, 1)


def test_what_is_after_the_last_event_counts():
    assert found(alloc(0x1C00), window=(0, 3)) == (3, 0 + 1)


def test_frames_on_per_cpu_lists_are_free():
    drained = "mm_page_pcpu_drain: pfn=0x1001 order=0 migratetype=1"
    assert found(IDLE, drained, IDLE) == (0, 1)
    assert found(IDLE, alloc(0x1001), IDLE) == (0, 0)


def test_a_bulk_allocation_has_no_other_event():
    assert found(f"bulk: (x) n=1 p0={page(0x1001)}", IDLE)[1] == 0
    assert found(f"bulk: (x) n=1 p0={page(0x1C00)}", IDLE, IDLE)[0] == 2


def test_a_buffer_is_no_use_from_its_isolation_on():
    isolated = f"isolfree: (x) page={page(0x1C00)} order=2"
    assert found(CALL, isolated, IDLE, finish(0x1C00), IDLE)[0] == 0
    assert found(alloc(0x1C00), CALL, finish(0x1C00), IDLE)[0] == 2
    assert found(CALL, finish(0, errorno=-16), alloc(0x1C00), IDLE)[0] == 1


def test_frames_of_an_isolation_that_was_undone_are_free_again():
    isolated = [f"isolfree: (x) page={page(0x1C00)} order=2", f"putback: (x) page={page(0x1C00)} order=2"]
    assert found(CALL, *isolated, finish(0, errorno=-16), alloc(0x1C00), IDLE)[0] == 1


def test_what_compaction_takes_is_in_use_until_it_is_freed():
    scan = "zone_start=0x1000 migrate_pfn=0x1000 free_pfn=0x1e00 zone_end=0x2000, mode=sync"
    begin, end = f"mm_compaction_begin: {scan}", f"mm_compaction_end: {scan} status=partial"
    taken = f"isolfree: (x) page={page(0x1C00)} order=0"
    back = "mm_migrate_pages_start: mode=MIGRATE_SYNC reason=compaction"
    done = "mm_migrate_pages: nr_succeeded=0 nr_failed=1 mode=MIGRATE_SYNC reason=compaction"
    unused = free(0x1C00)
    assert found(begin, taken, back, unused, done, end, unused, IDLE)[0] == 5
