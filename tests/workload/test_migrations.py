"""Which page went where, on traces written by hand and on recordings."""

import dataclasses

import numpy as np
import pytest

from tests.conftest import CAPTURES
from tests.traces import (
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
from zonecma.capture.events import EVENT_ID
from zonecma.capture.recording import Recording
from zonecma.workload import contiguous
from zonecma.workload.lives import IN_USE, no_lives

A, B, C = 0x101, 0x102, 0x103
"""Old frames."""
X, Y, Z = 0x40001, 0x40002, 0x40003
"""New ones."""
PAGES = [alloc("a-1", A, FAULT), alloc("b-2", B, GETBLK), alloc("c-3", C, FAULT)]
TARGETS = [alloc("m-7", frame, TARGET) for frame in (X, Y, Z)]


def owner(frame, *events):
    """The event that allocated the page which these events leave in a frame; its number of moves."""
    call = [starts(), finds(frame, end=frame + 1), retries(), finishes(errorno=-16)]
    attempt = contiguous.contiguous_calls(trace_of(*events, *call), 0x50000, 9).attempts[0]
    return int(attempt.since), int(attempt.moves)


def test_by_order():
    """As migrate_pages_batch does: all targets, then each page is moved and its old frame freed."""
    frees = [free("m-7", frame) for frame in (A, B, C)]
    events = [*PAGES, *migrates(*TARGETS, *frees, task="m-7", moved=3)]
    assert [owner(frame, *events) for frame in (X, Y, Z)] == [(0, 1), (1, 1), (2, 1)]


def test_a_target_that_is_given_back_takes_no_page():
    frees = [free("m-7", frame) for frame in (Y, A, C)]
    events = [*PAGES, *migrates(*TARGETS, *frees, task="m-7", moved=2, failed=1)]
    assert [owner(frame, *events) for frame in (X, Z)] == [(0, 1), (2, 1)]


def test_entries_tell_more_than_order():
    entries = [entry_set(0x1000, A, "m-7"), entry_set(0x2000, B, "m-7")]
    entries += [entry_removed(0x2000, X, "m-7"), entry_removed(0x1000, Y, "m-7")]
    events = [*PAGES, *migrates(*TARGETS[:2], *entries, free("m-7", A), free("m-7", B), task="m-7")]
    assert [owner(frame, *events) for frame in (X, Y)] == [(1, 1), (0, 1)]


def test_two_processes_with_pages_at_one_address():
    """Entries of one address are taken in turns: pages are unmapped and moved in one order."""
    entries = [entry_set(0x1000, A, "m-7"), entry_set(0x1000, B, "m-7")]
    entries += [entry_removed(0x1000, X, "m-7"), entry_removed(0x1000, Y, "m-7")]
    events = [*PAGES, *migrates(*TARGETS[:2], *entries, free("m-7", A), free("m-7", B), task="m-7")]
    assert [owner(frame, *events) for frame in (X, Y)] == [(0, 1), (1, 1)]


def test_a_page_that_several_processes_map_moves_once():
    entries = [entry_set(0x1000, A, "m-7"), entry_set(0x1000, A, "m-7")]
    entries += [entry_removed(0x1000, X, "m-7"), entry_removed(0x1000, X, "m-7")]
    events = [*PAGES, *migrates(*TARGETS[:1], *entries, free("m-7", A), task="m-7")]
    assert owner(X, *events) == (0, 1)


def test_a_migration_that_failed_leaves_the_page():
    entries = [entry_set(0x1000, A, "m-7"), entry_removed(0x1000, A, "m-7")]
    events = [*PAGES, *migrates(*TARGETS[:1], *entries, free("m-7", X), task="m-7", failed=1)]
    assert owner(A, *events) == (0, 0)


def test_compactions_targets_are_known_by_their_entries_alone():
    taken = f"k-9 0 isolfree: (f) page={0xFFFFEA0000000000 + 64 * X:#x} order=0"
    entries = [entry_set(0x1000, A, "k-9"), entry_removed(0x1000, X, "k-9")]
    events = [*PAGES, taken, *migrates(*entries, free("k-9", A), task="k-9", moved=1)]
    assert owner(X, *events) == (0, 1)


def test_a_page_can_move_twice():
    first = migrates(alloc("m-7", 0x200, TARGET), free("m-7", A), task="m-7")
    second = migrates(alloc("m-7", X, TARGET), free("m-7", 0x200), task="m-7")
    assert owner(X, *PAGES, *first, *second) == (0, 2)


def test_what_interrupts_free_meanwhile_is_no_source():
    table = alloc("a-1", 0x300, "migratetype=0 gfp_flags=GFP_KERNEL")
    events = [*PAGES, table, *migrates(TARGETS[0], free("m-7", 0x300), free("m-7", A), task="m-7")]
    assert owner(X, *events) == (0, 1)


def test_what_a_migration_allocates_for_itself_is_no_target():
    slab = alloc("m-7", 0x300, "migratetype=0 gfp_flags=GFP_KERNEL")
    events = [*PAGES, *migrates(slab, TARGETS[0], free("m-7", A), task="m-7")]
    assert owner(X, *events) == (0, 1)


def test_clean_cache_dropped_between_migrations_is_no_source():
    events = [*PAGES, *migrates(TARGETS[0], task="m-7"), free("m-7", A)]
    assert owner(X, *events) == (3 + 1, 0)


def test_migrations_of_two_tasks_at_once():
    events = [
        *PAGES,
        "m-7 0 mm_migrate_pages_start: mode=MIGRATE_SYNC reason=contig_range",
        "n-8 0 mm_migrate_pages_start: mode=MIGRATE_SYNC reason=contig_range",
        alloc("m-7", X, TARGET),
        alloc("n-8", Y, TARGET),
        free("n-8", B),
        free("m-7", A),
    ]
    assert [owner(frame, *events) for frame in (X, Y)] == [(0, 1), (1, 1)]


@pytest.mark.parametrize("order", [-1, 63, 127])
def test_an_impossible_entry(order):
    removed = entry_removed(0x1000, X, "m-7").replace("order=0", f"order={order}")
    events = [*PAGES, *migrates(*TARGETS[:1], entry_set(0x1000, A, "m-7"), removed, task="m-7")]
    owner(X, *events)


def test_an_impossible_target():
    big = "m-7 0 mm_page_free: pfn=0x0 order=10"
    events = [alloc("a-1", 0, FAULT, order=10), *migrates(alloc("m-7", 0x4FFFF, TARGET), big, task="m-7")]
    owner(0x4FFFF, *events)


@pytest.mark.parametrize("name", ["cma128-press-6.12", "pairs/splice-zonecma128-6.12"])
def test_order_and_entries_agree_on_a_recording(monkeypatch, name):
    """Two ways that know nothing of each other: what each frame holds at the end."""
    kept = []
    monkeypatch.setattr(contiguous, "no_lives", lambda *size: kept.append(no_lives(*size)) or kept[-1])
    trace = Recording(CAPTURES / name).trace()
    events = trace.events.copy()
    for entries in ("set_migration_pte", "remove_migration_pte"):
        events["event"][events["event"] == EVENT_ID[entries]] = EVENT_ID["other"]
    for one in (trace, dataclasses.replace(trace, events=events)):
        contiguous.contiguous_calls(one, 0x50000, 9)
    by_entry, by_order = (lives.frames for lives in kept)
    moved = (by_entry.held == IN_USE) & (by_entry.moves > 0)
    assert np.count_nonzero(moved) > 30
    differ = (by_entry.since != by_order.since) | (by_entry.held != by_order.held)
    assert np.count_nonzero(differ) <= np.count_nonzero(moved) // 1000
