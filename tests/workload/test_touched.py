"""What programs did to objects, on traces written by hand."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.traces import (
    FAULT,
    GETBLK,
    KERNEL,
    PINNING,
    TARGET,
    WRITE,
    alloc,
    entry_removed,
    entry_set,
    finishes,
    free,
    migrates,
    moves,
    starts,
)
from tests.workload.touching import (
    PAGES,
    activated,
    broken_promises,
    cached,
    dirtied,
    done,
    inserted,
    reclaims,
    swapin,
    swapout,
    touched,
    uncached,
)
from zonecma.workload.objects import KIND_SEEN, OF_JOURNAL
from zonecma.workload.requests import (
    ALLOC,
    BULK,
    CMA_ALLOC,
    CMA_RELEASE,
    DIRTY,
    FLUSH,
    FREE,
    PIN,
    TOUCH,
    UNKNOWN_GFP,
)
from zonecma.workload.users import UserKind

A, B, C = 0x101, 0x102, 0x40003
AHEAD = "migratetype=1 gfp_flags=GFP_HIGHUSER_MOVABLE|__GFP_NOWARN|__GFP_NORETRY"
LAST = "a-1 0 decay: (f) zone=0x1 pcp=0x1"
"""Something that a task does, and no request."""


def page(task, pfn, index=0, ino=0xC):
    """A page of a file is read."""
    return [alloc(task, pfn, AHEAD), cached(task, pfn, ino, index)]


def dropped(task, pfn, index=0, ino=0xC):
    """A page of a file leaves the page cache and memory."""
    return [uncached(task, pfn, ino, index), free(task, pfn)]


def test_what_programs_do_themselves():
    load = touched(alloc("a-1", A, FAULT), alloc("b-2", 0x200, KERNEL, order=3), free("a-1", A))
    assert done(load) == [(ALLOC, 0), (ALLOC, 1), (FREE, 0)]
    assert load.requests["order"].tolist() == [0, 3, 0]
    assert load.requests["pfn"].tolist() == [-1, -1, A]
    assert load.objects["kind"].tolist() == [UserKind.ANONYMOUS, UserKind.OTHER]
    assert load.objects["gfp"].tolist() == load.requests["gfp"][:2].tolist()
    assert (load.nr_objects, len(load.living)) == (2, 0)


def test_a_request_that_was_refused_leaves_nothing():
    assert done(touched(alloc("a-1", 0, KERNEL))) == []


@pytest.mark.parametrize("task", ["kswapd0-27", "kcompactd0-31"])
def test_daemons_evict(task):
    load = touched(alloc("a-1", A, FAULT), alloc(task, B, KERNEL), free(task, B), free(task, A))
    assert done(load) == [(ALLOC, 0)]


def test_direct_reclaim_evicts_and_stalls_the_next_request_of_its_process():
    events = [
        alloc("sh-1", A, FAULT),
        *reclaims("sh-1", alloc("sh-1", B, KERNEL), free("sh-1", A)),
        alloc("b-2", 0x300, FAULT),
        alloc("ls-1", 0x301, FAULT),
        free("ls-1", 0x301),
    ]
    load = touched(*events)
    assert done(load) == [(ALLOC, 0), (ALLOC, 1), (ALLOC, 2), (FREE, 2), (FREE, 0)]
    assert load.stalls.tolist() == [0, 0, 3_000_000, 0, 0]


def test_a_shrinker_frees_the_kernels_own_memory_for_good():
    load = touched(alloc("a-1", A, KERNEL), free("kswapd0-27", A))
    assert done(load) == [(ALLOC, 0), (FREE, 0)]


def test_the_memory_that_reclaim_asked_for_is_no_object():
    zspage = "migratetype=1 gfp_flags=GFP_NOWAIT|__GFP_HIGHMEM|__GFP_MOVABLE"
    assert done(touched(alloc("kswapd0-27", A, zspage), free("a-1", A))) == []


def test_an_object_in_several_parts_lives_until_the_last():
    load = touched(alloc("a-1", 0x100, KERNEL, order=1), free("a-1", 0x101), LAST, free("a-1", 0x100))
    assert done(load) == [(ALLOC, 0), (FREE, 0)]
    assert load.requests["time"][1] == 1_003_000_000


def test_a_page_of_a_file_that_comes_back_is_touched():
    events = [*page("a-1", A), *dropped("kswapd0-27", A), *page("b-2", B), *dropped("b-2", B)]
    load = touched(*events)
    assert done(load) == [(ALLOC, 0), (TOUCH, 0), (FREE, 0)]
    assert load.requests["pfn"][2] == B
    assert (load.objects["kind"][0], load.objects["tells"][0]) == (UserKind.FILE, KIND_SEEN)
    assert (load.objects["file"][0], load.objects["task"][0]) == (0, 1)


def test_what_a_program_dropped_comes_back_as_another_object():
    load = touched(*page("a-1", A), *dropped("a-1", A), *page("b-2", B))
    assert done(load) == [(ALLOC, 0), (FREE, 0), (ALLOC, 1)]


@pytest.mark.parametrize("other", [{"index": 1}, {"ino": 0xD}])
def test_another_page_is_another_object(other):
    load = touched(*page("a-1", A), *dropped("kswapd0-27", A), *page("b-2", B, **other))
    assert done(load) == [(ALLOC, 0), (ALLOC, 1)]


def test_read_ahead_in_vain_is_an_object_of_its_own():
    events = [*page("a-1", A), *dropped("kswapd0-27", A), alloc("b-2", B, AHEAD), free("b-2", B)]
    assert done(touched(*events, *page("b-2", B))) == [(ALLOC, 0), (ALLOC, 1), (FREE, 1), (TOUCH, 0)]


def test_an_evicted_page_is_given_up_with_the_last_of_its_file():
    events = [*page("a-1", A), *page("a-1", B, index=1), *page("a-1", C, index=2)]
    events += [*dropped("kswapd0-27", A), *dropped("rm-2", B, index=1), LAST, uncached("rm-2", C, index=2)]
    load = touched(*events)
    assert done(load) == [*((ALLOC, n) for n in range(3)), (FREE, 1), (FREE, 0)]
    assert load.requests["time"][-1] == load.requests["time"].max() == 1_011_000_000
    assert load.requests["pfn"][-1] == -1


def test_an_evicted_page_of_a_file_that_nobody_cuts_lives_on():
    events = [*page("a-1", A), *page("a-1", B, ino=0xD), *dropped("kswapd0-27", A)]
    assert done(touched(*events, *dropped("a-1", B, ino=0xD))) == [(ALLOC, 0), (ALLOC, 1), (FREE, 1)]


def test_what_is_given_up_after_snapshot_b_lives_to_the_end():
    events = [alloc("a-1", A, FAULT), free("kswapd0-27", A), LAST, LAST]
    assert done(touched(*events, end=3)) == [(ALLOC, 0)]
    assert done(touched(*events)) == [(ALLOC, 0), (FREE, 0)]


def test_a_block_device_is_told_by_its_inode():
    buffer = [alloc("a-1", A, GETBLK), cached("a-1", A, ino=254 << 20, dev="0:3")]
    assert touched(*buffer).objects["kind"].tolist() == [UserKind.BLOCKDEV]


def test_what_the_journal_asks_for_itself_is_told():
    load = touched(alloc("jbd2/vda-8-32", A, GETBLK), alloc("ls-75", B, GETBLK), free("jbd2/vda-8-32", C))
    assert (load.objects["tells"] & OF_JOURNAL != 0).tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("mask", "flags", "kind"),
    [
        (FAULT, "Ma b  ", UserKind.ANONYMOUS),
        (WRITE, "  fb  ", UserKind.ANONYMOUS),
        (FAULT, "  f d ", UserKind.FILE),
        (GETBLK, "  f   ", UserKind.BLOCKDEV),
    ],
)
def test_lists_tell_the_kind(mask, flags, kind):
    load = touched(alloc("a-1", A, mask), inserted("a-1", A, flags))
    assert load.objects["kind"].tolist() == [kind]
    assert load.objects["tells"][0] == (0 if kind == UserKind.BLOCKDEV else KIND_SEEN)


def out(task, pfn, owner="a-1"):
    """A page goes to swap."""
    return [alloc(owner, pfn, FAULT), swapout(task, pfn), free(task, pfn)]


def test_a_page_that_is_read_from_swap_is_the_first_that_went_out():
    events = [*out("kswapd0-27", A), *out("kswapd0-27", B), alloc("a-1", C, FAULT), swapin("a-1", C)]
    load = touched(*events, free("a-1", C))
    assert done(load) == [(ALLOC, 0), (ALLOC, 1), (TOUCH, 0), (FREE, 0), (FREE, 1)]
    assert load.nr_guessed == 1
    assert load.objects["tells"].tolist() == [KIND_SEEN] * 2


def test_it_is_rather_one_of_its_own_process():
    events = [*out("kswapd0-27", A), *out("kswapd0-27", B, "b-2"), alloc("b-2", C, FAULT), swapin("b-2", C)]
    again = [alloc("b-2", A, FAULT), swapin("b-2", A), alloc("b-2", B, FAULT), swapin("b-2", B)]
    load = touched(*events, *again)
    assert done(load) == [(ALLOC, 0), (ALLOC, 1), (TOUCH, 1), (TOUCH, 0), (ALLOC, 2)]
    assert load.nr_guessed == 1


def test_it_can_go_out_again_without_being_written():
    again = [alloc("a-1", B, FAULT), swapin("a-1", B), free("kswapd0-27", B)]
    load = touched(*out("kswapd0-27", A), *again, alloc("a-1", C, FAULT), swapin("a-1", C))
    assert done(load) == [(ALLOC, 0), (TOUCH, 0), (TOUCH, 0)]


def test_what_a_program_frees_does_not_lie_in_swap():
    load = touched(alloc("a-1", A, FAULT), swapout("kswapd0-27", A), free("a-1", A), *out("kswapd0-27", B))
    assert done(load) == [(ALLOC, 0), (FREE, 0), (ALLOC, 1)]


def test_a_hit_is_a_touch_unless_the_kernel_made_it():
    hits = [activated("b-2", A), activated("kswapd0-27", A), *reclaims("b-2", activated("b-2", A))]
    assert done(touched(alloc("a-1", A, FAULT), *hits)) == [(ALLOC, 0), (TOUCH, 0)]


def test_a_page_is_made_dirty_by_its_place():
    events = [*page("a-1", A), dirtied("a-1"), dirtied("a-1", index=1), dirtied("kswapd0-27")]
    assert done(touched(*events)) == [(ALLOC, 0), (DIRTY, 0)]


def test_of_two_devices_the_one_that_came_last():
    other = [alloc("a-1", B, AHEAD), cached("a-1", B, dev="254:16")]
    assert done(touched(*page("a-1", A), *other, dirtied("a-1")))[-1] == (DIRTY, 1)


def test_older_recordings_tell_writes_by_the_mask():
    assert done(touched(alloc("a-1", A, WRITE))) == [(ALLOC, 0), (DIRTY, 0)]
    assert done(touched(alloc("a-1", A, WRITE), dirtied("a-1"))) == [(ALLOC, 0)]


def test_a_contiguous_call_and_its_buffer():
    release = "c-7 0 cma_release: name=reserved pfn=0x40000 page=0xffff count=512"
    events = [
        alloc("a-1", A, FAULT),
        starts(),
        finishes(),
        release,
        free("c-7", 0x40000),
        free("c-7", 0x40001),
    ]
    load = touched(*events)
    assert done(load) == [(ALLOC, 0), (CMA_ALLOC, 1), (CMA_RELEASE, 1)]
    _, call, given_back = load.requests
    assert (call["count"], call["align"], call["area"], call["pfn"]) == (512, 8, 0, -1)
    assert (given_back["count"], given_back["pfn"], given_back["area"]) == (512, 0x40000, 0)


def test_what_a_call_moves_lives_on_in_its_target():
    moved = migrates(alloc("c-7", B, TARGET), free("c-7", C), moved=1)
    load = touched(alloc("a-1", C, FAULT), starts(), *moved, finishes(), free("a-1", B))
    assert done(load) == [(ALLOC, 0), (CMA_ALLOC, 1), (FREE, 0)]
    assert load.requests["pfn"][-1] == B


def test_what_it_drops_to_get_a_target_is_not_moved_there():
    """Direct reclaim within migration, for the second of two targets."""
    inside = [alloc("c-7", B, TARGET), *reclaims("c-7", *dropped("c-7", A)), free("c-7", C)]
    events = [*page("a-1", A), alloc("a-1", C, FAULT), starts(), *migrates(*inside), free("a-1", B)]
    assert done(touched(*events)) == [(ALLOC, 0), (ALLOC, 1), (CMA_ALLOC, 2), (FREE, 1)]


def test_what_a_call_drops_is_evicted():
    events = [*page("a-1", C), starts(), *dropped("c-7", C), finishes(), *page("a-1", A)]
    assert done(touched(*events)) == [(ALLOC, 0), (CMA_ALLOC, 1), (TOUCH, 0)]


def test_the_ends_of_a_range_are_no_pages():
    taken = f"c-7 0 isolfree: (f) page={PAGES + 64 * 0x40000:#x} order=10"
    load = touched(starts(), taken, free("c-7", 0x40200, order=9), finishes())
    assert (done(load), len(load.living)) == ([(CMA_ALLOC, 0)], 0)


def test_migration_for_a_program_moves_its_pages_too():
    moved = migrates(alloc("a-1", B, TARGET), free("a-1", C), task="a-1", moved=1, how=PINNING)
    assert done(touched(alloc("a-1", C, FAULT), *moved, free("a-1", B))) == [(ALLOC, 0), (FREE, 0)]


def test_what_leaves_an_area_to_be_pinned():
    moved = moves(C, B, "a-1", how=PINNING)
    other = migrates(entry_set(0x2000, A), alloc("c-7", C, TARGET), entry_removed(0x2000, C), free("c-7", A))
    events = [*page("a-1", A), alloc("a-1", C, FAULT), *moved, free("a-1", B), starts(), *other, finishes()]
    assert done(touched(*events)) == [(ALLOC, 0), (ALLOC, 1), (PIN, 1), (FREE, 1), (CMA_ALLOC, 2)]


@pytest.mark.parametrize(
    ("reason", "flushes"),
    [("sync", 1), ("fs_free_space", 1), ("background", 0), ("periodic", 0), ("vmscan", 0)],
)
def test_writeback_that_somebody_asked_for_is_a_flush(reason, flushes):
    """What the limits ask for, the model's own limits do."""
    start = f"kworker-3 0 writeback_start: bdi 254:32: sb_dev 0:0 nr_pages=9 sync_mode=0 reason={reason}"
    assert done(touched(*page("a-1", A), start)) == [(ALLOC, 0)] + [(FLUSH, -1)] * flushes


def test_a_page_that_compaction_moved_unseen_shows_itself_as_it_leaves_its_file():
    taken = f"k-9 0 isolfree: (f) page={PAGES + 64 * B:#x} order=0"
    events = [*page("a-1", A), taken, free("kcompactd0-31", A), *dropped("rm-2", B)]
    assert done(touched(*events)) == [(ALLOC, 0), (FREE, 0)]


def bulk(task, *pages):
    """A bulk allocation that leaves these frames in its array."""
    seen = "".join(f" p{i}={PAGES + 64 * pfn:#x}" for i, pfn in enumerate(pages))
    return f"{task} 0 bulk: (f <- g) n={len(pages):#x} arr=0xff{seen}"


def test_a_bulk_allocation():
    load = touched(alloc("a-1", B, KERNEL), bulk("a-1", A, B, C), free("a-1", C))
    assert done(load) == [(ALLOC, 0), (BULK, 1), (FREE, 2)]
    assert load.requests["count"].tolist() == [0, 2, 0]


def test_reclaims_bulk_allocations_are_its_own():
    assert done(touched(bulk("kswapd0-27", A), free("a-1", A))) == []


def test_living_objects():
    events = [alloc("a-1", A, FAULT), alloc("a-1", 0x200, KERNEL, order=2), alloc("a-1", B, FAULT)]
    moved = migrates(alloc("c-7", C, TARGET), free("c-7", A), moved=1)
    events += [free("a-1", B), starts(), *moved, finishes(errorno=-16)]
    load = touched(*events, free("b-2", 0x300), free("a-1", C), split=len(events))
    assert load.living["object"].tolist() == [4, 0, 1]
    assert load.living["pfn"].tolist() == [0x300, C, 0x200]
    assert load.living["order"].tolist() == [0, 0, 2]
    assert load.living["gfp"][0] == load.objects["gfp"][4] == UNKNOWN_GFP
    assert done(load) == [(FREE, 4), (FREE, 0)]


def test_what_was_never_seen_before_keeps_the_frame_where_it_was():
    entries = [entry_set(0x1000, A), entry_removed(0x1000, C), free("c-7", A)]
    load = touched(
        starts(), *migrates(alloc("c-7", C, TARGET), *entries), finishes(errorno=-16), free("a-1", C)
    )
    assert load.living["pfn"].tolist() == [A]
    assert done(load) == [(CMA_ALLOC, 0), (FREE, 1)]


def test_what_was_evicted_before_snapshot_a_comes_back_as_another_object():
    events = [*page("a-1", A), *dropped("kswapd0-27", A), *out("kswapd0-27", B)]
    later = [*page("a-1", A), alloc("a-1", B, FAULT), swapin("a-1", B)]
    load = touched(*events, *later, split=len(events))
    assert (done(load), len(load.living)) == ([(ALLOC, 2), (ALLOC, 3)], 0)


def test_requests_are_in_order_of_time():
    events = [*out("kswapd0-27", A), *page("b-2", B), LAST, *dropped("b-2", B)]
    load = touched(*events)
    assert done(load) == [(ALLOC, 0), (ALLOC, 1), (FREE, 0), (FREE, 1)]
    assert (np.diff(load.requests["time"]) >= 0).all()


TASKS = st.sampled_from(["a-1", "sh-1", "b-2", "c-7", "kswapd0-27", "kcompactd0-31"])
FRAMES = st.sampled_from([0x100, 0x101, 0x104, 0x40000, 0x40001])
ANY_FRAME = st.sampled_from([0x100, 0x101, 0x40000, 0x4FFFF, 0x7FFFFFFF])
FILES = st.tuples(st.sampled_from([0xC, 0xD, 254 << 20]), st.integers(0, 1))
EVENTS = st.one_of(
    st.builds(alloc, TASKS, FRAMES, st.sampled_from([FAULT, KERNEL, GETBLK, WRITE, TARGET])),
    st.builds(alloc, TASKS, st.just(0x100), st.just(FAULT), st.sampled_from([1, 3])),
    st.builds(free, TASKS, FRAMES),
    st.builds(free, TASKS, st.just(0x100), st.sampled_from([1, 3])),
    st.builds(lambda task, pfn, file: cached(task, pfn, *file), TASKS, ANY_FRAME, FILES),
    st.builds(lambda task, pfn, file: uncached(task, pfn, *file), TASKS, ANY_FRAME, FILES),
    st.builds(lambda task, file: dirtied(task, *file), TASKS, FILES),
    st.builds(inserted, TASKS, ANY_FRAME, st.sampled_from(["Ma b  ", "  f   "])),
    st.builds(activated, TASKS, ANY_FRAME),
    st.builds(swapout, TASKS, ANY_FRAME),
    st.builds(swapin, TASKS, ANY_FRAME),
    st.builds(lambda task: reclaims(task)[0], TASKS),
    st.builds(lambda task: reclaims(task)[1], TASKS),
    st.builds(lambda task: migrates(task=task)[0], TASKS),
    st.builds(lambda task: migrates(task=task)[1], TASKS),
    st.builds(entry_set, st.just(0x1000), ANY_FRAME, TASKS),
    st.builds(entry_removed, st.just(0x1000), ANY_FRAME, TASKS),
    st.builds(starts, TASKS),
    st.builds(finishes, TASKS, errorno=st.sampled_from([0, -16])),
    st.builds(lambda pfn: f"a-1 0 isolfree: (f) page={PAGES + 64 * pfn:#x} order=0", FRAMES),
    st.builds(bulk, TASKS, FRAMES, FRAMES),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(EVENTS, min_size=1, max_size=40), st.integers(0, 20))
def test_whatever_a_trace_holds_nothing_is_done_to_what_is_not_there(events, split):
    assert broken_promises(touched(*events, split=split)) == []


def test_uncompiled_it_says_the_same():
    """numpy's integers wrap where compiled ones don't."""
    command = [sys.executable, "-m", "pytest", __file__, "-k", "not uncompiled", "-W", "ignore"]
    command += ["-p", "no:cacheprovider"]
    ran = subprocess.run(
        command, env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout
