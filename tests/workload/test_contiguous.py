"""Each range that contiguous calls tried, on traces written by hand."""

import os
import subprocess
import sys

import pytest

from tests.traces import (
    CONTIG,
    FAULT,
    GETBLK,
    TARGET,
    alloc,
    entry_removed,
    entry_set,
    finds,
    finishes,
    free,
    migrates,
    retries,
    starts,
    trace_of,
)
from zonecma.workload.contiguous import BUSY, FAILED, GOT, OPEN, contiguous_calls
from zonecma.workload.lives import CONTIGUOUS, IN_BUDDY, IN_USE, NOBODY, ON_PCP, TAKEN, UNSEEN

BUSY_FRAME = 0x40010


def attempts_of(*events, nr_frames=0x50000):
    return contiguous_calls(trace_of(*events), nr_frames, pageblock_order=9).attempts


def look(*before, fin=BUSY_FRAME):
    """What a range is found busy with, after these events."""
    *_, attempt = attempts_of(*before, starts(), finds(fin), retries(), finishes(errorno=-16))
    return attempt


def test_a_range_that_is_got():
    (attempt,) = attempts_of(starts(), finds(0x40200), finishes())
    assert (attempt.outcome, attempt.pfn, attempt.fin_pfn) == (GOT, 0x40000, NOBODY)
    assert (attempt.begin, attempt.end) == (1_000_000_000, 1_002_000_000)


def test_busy_ranges_and_then_one_that_is_got():
    found = attempts_of(
        starts(),
        finds(BUSY_FRAME),
        retries(),
        finds(0x40300, start=0x40100, end=0x40300),
        finishes(pfn=0x40100),
    )
    assert found.outcome.tolist() == [BUSY, GOT]
    assert found.pfn.tolist() == [0x40000, 0x40100]
    assert found.begin[1] == found.end[0]


def test_the_end_of_the_bitmap_is_no_range():
    (attempt,) = attempts_of(starts(), finds(BUSY_FRAME), retries(), finishes(errorno=-16))
    assert attempt.outcome == BUSY


def test_a_call_that_finds_no_run_in_the_bitmap_tries_no_range():
    found = contiguous_calls(trace_of(starts(), finishes(pfn=-1, errorno=-12)), 0x50000, 9)
    assert (len(found.calls), len(found.attempts)) == (1, 0)
    assert found.calls.finish[0] == 1


def test_an_error_other_than_busy_ends_the_call():
    (attempt,) = attempts_of(starts(), *migrates(), finishes(errorno=-12))
    assert (attempt.outcome, attempt.pfn) == (FAILED, 0x40000)


def test_6_1_does_not_print_the_error():
    end = finishes(errorno=-1).replace(" errorno=-1", "")
    (attempt,) = attempts_of(starts(), finds(BUSY_FRAME), retries(), end)
    assert attempt.outcome == BUSY
    (attempt,) = attempts_of(starts(), finds(BUSY_FRAME), end)
    assert attempt.outcome == FAILED


def test_a_trace_that_ends_within_a_call():
    (attempt,) = attempts_of(starts(), finds(BUSY_FRAME))
    assert (attempt.outcome, attempt.pfn) == (OPEN, NOBODY)


def test_calls_of_two_tasks_at_once():
    found = attempts_of(
        starts("c-7"),
        starts("d-8", count=256),
        finds(0x40500, "d-8", start=0x40400, end=0x40500),
        finds(BUSY_FRAME, "c-7"),
        finishes("d-8", pfn=0x40400, count=256),
        retries("c-7"),
    )
    assert found.call.tolist() == [0, 1, 0]
    assert found.outcome.tolist() == [BUSY, GOT, OPEN]
    assert found.fin_pfn.tolist() == [BUSY_FRAME, NOBODY, NOBODY]


def test_pages_that_failed_to_move_are_those_that_the_last_round_left():
    events = [*migrates(moved=3, failed=2), *migrates(moved=1, failed=1)]
    compaction = "c-7 0 mm_migrate_pages: nr_succeeded=9 nr_failed=9 mode=MIGRATE_ASYNC reason=compaction"
    others = f"d-8 0 mm_migrate_pages: nr_succeeded=7 nr_failed=7 {CONTIG}"
    (attempt,) = attempts_of(starts(), *events, compaction, others, finds(BUSY_FRAME), retries())[:1]
    assert (attempt.nr_moved, attempt.nr_failed) == (4, 1)


def test_waits_for_writeback_are_counted():
    wait = "c-7 0 folio_wait_writeback: bdi 254:32: ino=12 index=4"
    (attempt,) = attempts_of(starts(), wait, wait, wait.replace("c-7", "d-8"), finishes())
    assert attempt.waits == 2


def test_the_page_that_blocks_is_that_of_its_last_allocation():
    found = look(alloc("a-1", BUSY_FRAME, FAULT), free("a-1", BUSY_FRAME), alloc("b-2", BUSY_FRAME, GETBLK))
    assert (found.held, found.since, found.left) == (IN_USE, 2, NOBODY)


def test_a_frame_in_the_middle_of_a_larger_chunk():
    found = look(alloc("a-1", 0x40010, FAULT, order=2), fin=0x40012)
    assert (found.held, found.since) == (IN_USE, 0)


def test_a_chunk_that_is_freed_in_parts():
    found = look(alloc("a-1", 0x40010, FAULT, order=1), free("a-1", 0x40010), fin=0x40011)
    assert (found.held, found.since) == (IN_USE, 0)


def test_a_frame_that_was_never_seen():
    assert look().held == UNSEEN
    assert look(fin=0x3FFFF).held == UNSEEN


def test_a_frame_that_the_machine_does_not_have():
    (attempt,) = attempts_of(starts(), finds(0x40010), retries(), nr_frames=0x40000)[:1]
    assert (attempt.held, attempt.fin_pfn) == (UNSEEN, 0x40010)


def test_a_frame_on_a_per_cpu_list():
    page = [alloc("a-1", BUSY_FRAME, FAULT), free("a-1", BUSY_FRAME)]
    drain = f"a-1 0 mm_page_pcpu_drain: pfn={BUSY_FRAME:#x} order=0 migratetype=4"
    refill = f"a-1 0 mm_page_alloc_zone_locked: pfn={BUSY_FRAME:#x} order=0 migratetype=4 percpu_refill=0"
    assert look(*page).held == ON_PCP
    assert look(*page, drain).held == IN_BUDDY
    assert look(*page, drain, refill).held == ON_PCP
    assert look(free("a-1", 0x40010, order=4)).held == IN_BUDDY
    assert look(free("a-1", 0x40000, order=9)).held == ON_PCP


def test_a_frame_that_compaction_took():
    page = f"page={0xFFFFEA0000000000 + 64 * 0x40000:#x} order=9"
    taken, back = f"k-3 0 isolfree: (f) {page}", f"k-3 0 putback: (f) {page}"
    assert look(taken).held == TAKEN
    assert look(taken, back).held == IN_BUDDY


def test_a_busy_range_gives_its_chunks_back():
    isolated = f"c-7 0 isolfree: (f) page={0xFFFFEA0000000000 + 64 * 0x40000:#x} order=9"
    page = free("a-1", 0x40000, order=10)
    found = attempts_of(page, starts(), finds(0x40010), isolated, retries(), finds(0x40010), retries())
    assert found.held.tolist()[:2] == [IN_BUDDY, IN_BUDDY]


def test_a_bulk_allocation_holds_its_frames():
    page = f"p0={0xFFFFEA0000000000 + 64 * BUSY_FRAME:#x}"
    found = look(f"a-1 0 bulk: (f <- g) n=0x1 arr=0xff {page}")
    assert (found.held, found.since) == (IN_USE, 1)


def test_the_buffer_of_another_call():
    assert look(starts("d-8"), finishes("d-8")).held == CONTIGUOUS


def test_when_the_page_left_is_told_to_every_look_at_it():
    page = alloc("a-1", BUSY_FRAME, FAULT)
    found = attempts_of(
        page, starts(), finds(BUSY_FRAME), retries(), finds(BUSY_FRAME), retries(), free("a-1", BUSY_FRAME)
    )
    assert found.left.tolist()[:2] == [6, 6]
    assert found.moved_on.tolist()[:2] == [0, 0]


def test_what_is_known_of_a_page_that_is_still_there_is_not_its_next_tenants_free():
    page, other = alloc("a-1", BUSY_FRAME, FAULT), alloc("b-2", BUSY_FRAME, FAULT)
    found = attempts_of(page, starts(), finds(BUSY_FRAME), retries(), other, free("b-2", BUSY_FRAME))
    assert found.left[0] == 4  # its free was not seen, but it is gone when the frame is allocated


def test_a_page_that_is_moved_away():
    source = BUSY_FRAME
    moved = migrates(alloc("c-7", 0x100, TARGET), free("c-7", source), moved=1)
    found = attempts_of(alloc("a-1", source, FAULT), starts(), finds(source), retries(), *moved)
    assert (found[0].left, found[0].moved_on) == (6, 1)


@pytest.mark.parametrize("with_entries", [False, True])
def test_a_page_that_was_moved_here_is_its_first_owners(with_entries):
    entries = [entry_set(0x7F00, 0x100), entry_removed(0x7F00, BUSY_FRAME)] if with_entries else []
    moved = migrates(alloc("c-7", BUSY_FRAME, TARGET), *entries, free("c-7", 0x100), moved=1)
    found = look(alloc("a-1", 0x100, FAULT), *moved)
    assert (found.held, found.since, found.moves) == (IN_USE, 0, 1)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("mm_filemap_add_to_page_cache: dev 254:0 ino 20 pfn=0x40010 ofs=0 order=0", (1, 0)),
        ("mm_lru_insertion: pfn=0x40010 lru=0 flags=Ma bd ", (NOBODY, 0x33)),
        ("mm_filemap_delete_from_page_cache: dev 254:0 ino 20 pfn=0x40010 ofs=0 order=0", (NOBODY, 0x80)),
    ],
)
def test_what_is_said_of_a_page_stays_with_it(event, expected):
    found = look(alloc("a-1", BUSY_FRAME, FAULT), f"a-1 0 {event}")
    assert (found.cached, found.signs) == expected


def test_what_is_said_of_a_page_ends_with_it():
    lru = "a-1 0 mm_lru_insertion: pfn=0x40010 lru=0 flags=Ma b  "
    page = alloc("a-1", BUSY_FRAME, FAULT)
    assert look(page, lru, free("a-1", BUSY_FRAME), page).signs == 0


def test_what_is_said_of_a_folio_is_said_of_all_its_frames():
    lru = "a-1 0 mm_lru_insertion: pfn=0x40010 lru=0 flags=Ma b  "
    assert look(alloc("a-1", 0x40010, FAULT, order=2), lru, fin=0x40013).signs == 0x13


def test_frames_beyond_the_machine_are_passed_over():
    lru = "a-1 0 mm_lru_insertion: pfn=0x7fffffff lru=0 flags=Ma b  "
    cached = "a-1 0 mm_filemap_add_to_page_cache: dev 254:0 ino 20 pfn=0x7fffffff ofs=0 order=0"
    assert look(lru, cached, alloc("a-1", BUSY_FRAME, FAULT)).held == IN_USE


def test_a_trace_without_calls():
    found = contiguous_calls(trace_of(alloc("a-1", 0x10, FAULT)), 0x50000, 9)
    assert (len(found.calls), len(found.attempts)) == (0, 0)


def test_uncompiled_it_says_the_same():
    """numpy's integers wrap where compiled ones don't: a shift by an order of one byte, for instance."""
    command = [sys.executable, "-m", "pytest", __file__, "-k", "not uncompiled", "-W", "ignore"]
    command += ["-p", "no:cacheprovider"]
    ran = subprocess.run(
        command, env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout
