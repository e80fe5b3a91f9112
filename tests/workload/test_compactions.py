"""What a trace tells of compaction and of reclaim by the tasks themselves, on traces written by hand."""

from tests.workload.test_dissect import MOVABLE, dissect, ops
from zonecma.workload.requests import (
    AFTER_RECLAIM,
    ALLOC,
    COMPACT_BEGIN,
    COMPACT_SOURCE,
    COMPACT_TARGET,
    DRAIN_ALL,
    DRAIN_CPU,
    FREE,
    KSWAPD_BEGIN,
    KSWAPD_END,
    NO_RECLAIM,
    RECLAIM,
    TAKE_FREE,
    WITHIN_RECLAIM,
)

BEGIN = "mm_compaction_begin: zone_start=0x1000 migrate_pfn=0x1000 free_pfn=0x8000 zone_end=0x9000, mode=sync"
END = BEGIN.replace("begin", "end") + " status=success"
MIGRATE = "mm_migrate_pages_start: mode=MIGRATE_SYNC_LIGHT reason=compaction"
MIGRATED = "mm_migrate_pages: nr_succeeded=1 nr_failed=0 mode=MIGRATE_SYNC_LIGHT reason=compaction"
TAKEN = "isolfree: (a) page=0xffffea0000200000 order=1"  # frames 0x8000 and 0x8001
SCANNED = "mm_compaction_isolate_migratepages: range=(0x2000 ~ 0x2020) nr_scanned=32 nr_taken=32"
SEARCHED = "mm_compaction_fast_isolate_freepages: range=(0x5000 ~ 0x8000) nr_scanned=9 nr_taken="
RECLAIMED = "mm_vmscan_direct_reclaim_end: nr_reclaimed=32"
RECLAIMS = "mm_vmscan_direct_reclaim_begin: order=0 gfp_flags=GFP_HIGHUSER_MOVABLE"


def freed(load):
    return load.requests["pfn"][load.requests["op"] == FREE].tolist()


def test_a_target_that_compaction_puts_back_is_no_free():
    load, _ = dissect(
        f"kcompactd0-2 0 {BEGIN}", f"kcompactd0-2 0 {MIGRATE}", f"kcompactd0-2 0 {TAKEN}",
        "kcompactd0-2 0 mm_page_free: pfn=0x8000 order=0",
        "kcompactd0-2 0 mm_page_free: pfn=0x2000 order=0",
        "a-1 0 mm_page_free: pfn=0x8001 order=0",
        f"kcompactd0-2 0 {MIGRATED}",
        "kcompactd0-2 0 mm_page_free: pfn=0x8000 order=0",
    )  # fmt: skip
    assert freed(load) == [0x2000, 0x8001, 0x8000]


def test_a_target_that_was_used_is_freed_when_it_is_moved_again():
    again = SCANNED.replace("0x2000 ~ 0x2020", "0x8000 ~ 0x8020")
    load, _ = dissect(
        f"kcompactd0-2 0 {BEGIN}", f"kcompactd0-2 0 {TAKEN}", f"kcompactd0-2 0 {again}",
        f"kcompactd0-2 0 {MIGRATE}", "kcompactd0-2 0 mm_page_free: pfn=0x8000 order=0",
    )  # fmt: skip
    assert freed(load) == [0x8000]


def test_compaction_drains_its_own_cpu_while_it_runs_and_kcompactd_all_at_its_end():
    drain = "kcompactd0-2 0 mm_page_pcpu_drain: pfn=0x2001 order=0 migratetype=1"
    load, _ = dissect(f"kcompactd0-2 0 {BEGIN}", drain, f"kcompactd0-2 0 {END}", drain)
    assert ops(load) == [DRAIN_CPU, DRAIN_ALL]
    assert load.requests["pfn"].tolist() == [0x1000, 0x1000]


def test_a_search_comes_before_the_chunk_that_it_found():
    load, _ = dissect(
        "kcompactd0-2 0 mm_compaction_kcompactd_wake: nid=0 order=9", f"kcompactd0-2 0 {BEGIN}",
        f"kcompactd0-2 0 {SCANNED}", f"kcompactd0-2 0 {TAKEN}", f"kcompactd0-2 0 {SEARCHED}2",
        f"kcompactd0-2 0 {SEARCHED}0",
    )  # fmt: skip
    assert ops(load) == [COMPACT_BEGIN, COMPACT_SOURCE, COMPACT_TARGET, TAKE_FREE, COMPACT_TARGET]
    assert load.requests["order"].tolist() == [9, 9, 9, 1, 9]
    source, target = load.requests[1], load.requests[2]
    assert (source["pfn"], source["count"], source["object"]) == (0x2000, 0x1000, 0x8000)
    assert (target["count"], target["object"]) == (0x2020, 0x8000)


def test_an_allocation_knows_how_its_task_stands_to_reclaim():
    load, _ = dissect(
        f"a-1 0 {RECLAIMS}", f"a-1 0 mm_page_alloc: pfn=0x100 order=0 {MOVABLE}", f"a-1 0 {RECLAIMED}",
        f"a-1 0 mm_page_alloc: pfn=0x101 order=0 {MOVABLE}",
        f"a-1 0 mm_page_alloc: pfn=0x102 order=0 {MOVABLE}",
        f"kswapd0-3 0 mm_page_alloc: pfn=0x103 order=0 {MOVABLE}",
    )  # fmt: skip
    allocs = load.requests[load.requests["op"] == ALLOC]
    assert allocs["align"].tolist() == [WITHIN_RECLAIM, AFTER_RECLAIM, NO_RECLAIM, WITHIN_RECLAIM]


def test_who_reclaims_had_asked_before_a_round_of_kswapd_that_began_meanwhile():
    alloc = f"a-1 0 mm_page_alloc: pfn=0x100 order=0 {MOVABLE}"
    load, _ = dissect(alloc, "kswapd0-3 0 mm_vmscan_kswapd_wake: nid=0 order=0", f"a-1 0 {RECLAIMS}")
    assert ops(load) == [ALLOC, RECLAIM, KSWAPD_BEGIN, KSWAPD_END, RECLAIM]
    assert ops(dissect(alloc, f"a-1 0 {RECLAIMS}")[0]) == [ALLOC, RECLAIM]
