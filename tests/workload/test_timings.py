"""Samples of steps, from traces written by hand with known times."""

from pathlib import Path

import pytest

from zonecma.capture.trace import scan_pieces
from zonecma.workload import timings

VMEMMAP = 0xFFFFEA0000000000
FAULT = "order=0 migratetype=1 gfp_flags=GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO"
WORKER = "kworker/0:1-9"


def alloc(pfn, mask=FAULT):
    return f"mm_page_alloc: pfn={pfn:#x} {mask}"


def refill(pfn, percpu=1):
    return f"mm_page_alloc_zone_locked: pfn={pfn:#x} order=0 migratetype=1 percpu_refill={percpu}"


def free(pfn, order=0):
    return f"mm_page_free: pfn={pfn:#x} order={order}"


def listed(pfn):
    return f"mm_page_free_batched: pfn={pfn:#x} order=0"


def swap(way, pfn=1):
    return f"{way}: (ffffffff811da194) page={VMEMMAP + 64 * pfn:#x}"


def scanned(event, nr):
    return f"mm_compaction_isolate_{event}: range=(0x14800 ~ 0x14820) nr_scanned={nr} nr_taken=3"


LOST = "CPU:0 [LOST 5 EVENTS]\n"
DRAIN = "mm_page_pcpu_drain: pfn=0x9 order=0 migratetype=1"
INSERTION = "mm_lru_insertion: pfn=0x9 lru=0 flags=Ma b"
CALL = "cma_alloc_start: name=cma count=1025 align=8"
TAKEN = "mm_vmscan_lru_isolate: classzone=3 order=0 nr_requested=8 nr_scanned=8 nr_skipped=0 nr_taken=8"
START = "mm_migrate_pages_start: mode=MIGRATE_SYNC reason="
WRITING = "writeback_start: bdi 254:32: sb_dev 0:0 nr_pages=9 sync_mode=0 reason=background"
SCANNERS = "zone_start=0x1000 migrate_pfn=0x1000 free_pfn=0x8000 zone_end=0x8000 mode=sync"


def shrunk(scanned, reclaimed):
    return f"mm_vmscan_lru_shrink_inactive: nid=0 nr_scanned={scanned} nr_reclaimed={reclaimed} nr_dirty=0"


def moved(succeeded, failed=0, reason="contig_range"):
    counts = f"nr_succeeded={succeeded} nr_failed={failed} nr_thp_succeeded=0"
    return f"mm_migrate_pages: {counts} mode=MIGRATE_SYNC reason={reason}"


def written(pages):
    return (
        f"writeback_single_inode: bdi 254:32: ino=12 state=I_SYNC index=4 to_write=9 wrote={pages} cgroup=1"
    )


def samples(*events):
    """Kind, microseconds, units and units beside.

    Events are a microsecond, a text and, if it is not a-1, the task; a third word puts it on CPU 1.
    """
    lines = []
    for time, text, *task in events:
        who, cpu = (task or ["a-1"])[0], 1 if task[1:] else 0
        lines.append(f"{who} [{cpu:03}] 1.{time:06}: {text}\n" if text != LOST else LOST)
    data = "".join(lines).encode()
    trace = scan_pieces(Path("given"), iter([data]), len(data))
    found = timings.samples_of(trace.events, trace.texts, 9)
    return [(int(s["kind"]), int(s["time"]) // 1000, int(s["units"]), int(s["beside"])) for s in found]


def test_refills_of_one_batch():
    given = samples(
        (0, refill(1)), (2, refill(2)), (7, refill(3)), (50, alloc(3, FAULT.replace("ZERO", "WRITE")))
    )
    assert given == [(timings.REFILLED, 7, 2, 0)]


def test_chunks_that_go_to_no_list_are_no_refill():
    assert samples((0, refill(1, 0)), (2, refill(2, 0)), (3, DRAIN)) == []


def test_first_touches():
    """The batch of pages that goes to the LRU list is part of one; the refill is not."""
    given = samples(
        (0, alloc(1)),
        (6, alloc(2)),
        (8, INSERTION),
        (13, alloc(3)),
        (14, refill(4)),
        (30, alloc(5)),
        (31, DRAIN),
    )
    assert given == [(timings.FAULTED, 13, 2, 0)]


@pytest.mark.parametrize("other", [("b-2",), (WORKER,)])
def test_a_task_that_comes_between_parts_a_run(other):
    given = samples(
        (0, alloc(1)), (6, alloc(2)), (7, DRAIN, *other), (90, alloc(3)), (96, alloc(4)), (97, DRAIN)
    )
    assert given == [(timings.FAULTED, 6, 1, 0), (timings.FAULTED, 6, 1, 0)]


def test_a_task_on_another_cpu_comes_not_between():
    given = samples((0, alloc(1)), (1, alloc(7), "b-2", "on CPU 1"), (6, alloc(2)), (7, DRAIN))
    assert given == [(timings.FAULTED, 6, 1, 0)]


def test_lost_events_part_what_goes_on():
    given = samples(
        (0, alloc(1)), (6, swap("swapin")), (7, LOST), (90, alloc(2)), (96, alloc(3)), (97, DRAIN)
    )
    assert given == [(timings.FAULTED, 6, 1, 0)]


def test_a_run_that_does_not_end_is_no_sample():
    assert samples((0, alloc(1)), (6, alloc(2))) == []


def test_long_runs_are_parted():
    events = [(5 * i, alloc(i + 1)) for i in range(timings.LONGEST + 4)]
    given = samples(*events, (999, DRAIN))
    assert given == [(timings.FAULTED, 5 * timings.LONGEST, timings.LONGEST, 0), (timings.FAULTED, 15, 3, 0)]


def test_batches_of_frees():
    """From the first frame of one to that of the next, drains included."""
    batch = (0, free(1)), (1, free(2)), (2, listed(1)), (3, DRAIN), (5, listed(2))
    assert samples(*batch, (9, free(3)), (11, listed(3))) == [(timings.RELEASED, 9, 2, 0)]
    assert samples(*batch, (6, INSERTION), (9, free(3)), (11, listed(3))) == []


def test_frees_outside_batches_are_none():
    assert samples((0, free(1)), (1, free(2)), (2, listed(2)), (3, free(3)), (4, free(4, 3))) == []


def test_reclaim():
    assert samples((0, TAKEN), (20, shrunk(8, 0))) == [(timings.SCANNED, 20, 8, 0)]
    assert samples((0, TAKEN), (50, shrunk(8, 6))) == [(timings.RECLAIMED, 50, 6, 8)]
    assert samples((0, TAKEN), (7, DRAIN, "b-2"), (50, shrunk(8, 6))) == []


def test_a_page_to_swap():
    """It lasts to the task's next event, and its list is no sample."""
    given = samples(
        (0, TAKEN), (5, swap("swapout")), (18, "mm_vmscan_write_folio: pfn=0x1"), (50, shrunk(8, 1))
    )
    assert given == [(timings.SWAPPED_OUT, 13, 1, 1)]


def test_a_page_from_swap():
    given = samples((0, swap("swapin")), (4, DRAIN, "b-2"), (9, alloc(1)))
    assert given == [(timings.SWAPPED_IN, 9, 1, 1)]


def test_migrations_of_calls():
    assert samples((0, START + "contig_range"), (90, moved(8))) == [(timings.MIGRATED, 90, 8, 8)]
    for events in (
        ((0, START + "contig_range"), (90, moved(7, failed=1))),
        ((0, START + "contig_range"), (5, DRAIN, "b-2"), (90, moved(8))),
        ((0, START + "compaction"), (90, moved(8, reason="compaction"))),
    ):
        assert samples(*events) == []


def test_the_beginning_of_a_call():
    """1,025 frames lie in three pageblocks; workers drain pagevecs while the caller waits."""
    begun = (0, CALL), (40, DRAIN), (60, DRAIN)
    waits = (61, INSERTION, WORKER), (100, scanned("migratepages", 32))
    assert samples(*begun, *waits) == [(timings.ISOLATED, 60, 3, 0), (timings.DRAINED, 40, 1, 0)]


def test_a_call_that_waits_for_programs_too():
    given = samples((0, CALL), (60, DRAIN), (61, DRAIN, "b-2"), (100, scanned("migratepages", 32)))
    assert given == [(timings.ISOLATED, 60, 3, 0)]


def test_a_call_that_drains_nothing_or_is_interrupted():
    assert samples((0, CALL), (100, scanned("migratepages", 32))) == []
    assert samples((0, CALL), (5, INSERTION, "b-2"), (60, DRAIN), (100, scanned("migratepages", 32))) == []


def test_compaction():
    given = samples(
        (0, f"mm_compaction_begin: {SCANNERS}"),
        (1, scanned("migratepages", 32)),
        (2, scanned("freepages", 100)),
        (3, scanned("freepages", 8).replace("isolate_", "fast_isolate_")),
        (70, "mm_compaction_migratepages: nr_migrated=30 nr_failed=2"),
        (90, f"mm_compaction_end: {SCANNERS} status=success"),
    )
    assert given == [(timings.COMPACTED, 90, 140, 30)]


def test_writes():
    """Each file's from where the last one's ended; the flusher may wait."""
    given = samples(
        (0, WRITING, WORKER),
        (3, DRAIN),
        (640, written(64), WORKER),
        (641, written(5), WORKER),
        (961, written(32), WORKER),
        (970, written(100)),
    )
    assert given == [(timings.WRITTEN, 640, 64, 0), (timings.WRITTEN, 320, 32, 0)]
