"""What kind of page a frame held, on traces written by hand."""

import pytest

from tests.traces import (
    FAULT,
    GETBLK,
    MACHINE,
    TARGET,
    WRITE,
    alloc,
    finds,
    finishes,
    free,
    retries,
    starts,
    trace_of,
)
from zonecma.kernel.gfp import GFP_HIGHUSER_MOVABLE, GFP_KERNEL, GFP_NOFS, Gfp, parse_gfp
from zonecma.lab.blockers import barred_by_zone_cma, kind_by_gfp
from zonecma.lab.explain import calls_of
from zonecma.lab.explanation import Kind

PFN = 0x40010
FILE = "mm_filemap_add_to_page_cache: dev 254:32 ino c pfn=0x40010 ofs=8192 order=0"
DEVICE = "mm_filemap_add_to_page_cache: dev 0:3 ino fe00020 pfn=0x40010 ofs=8192 order=0"
LRU = "mm_lru_insertion: pfn=0x40010 lru=0 flags="


def blocker(*before):
    """What these events leave in the frame that blocks."""
    trace = trace_of(*before, starts(), finds(PFN), retries(), finishes(errorno=-16))
    return calls_of(trace, MACHINE)[-1].attempts[0].blocker


@pytest.mark.parametrize(
    ("gfp", "kind"),
    [
        ("GFP_NOFS|__GFP_NOFAIL|__GFP_COMP|__GFP_HARDWALL|__GFP_MOVABLE", Kind.BUFFER),
        ("GFP_NOFS|__GFP_COMP|__GFP_MOVABLE", Kind.BUFFER),
        ("GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO", Kind.ANONYMOUS),
        ("GFP_HIGHUSER_MOVABLE|__GFP_COMP", Kind.USER),
        ("GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_WRITE", Kind.FILE),
        ("GFP_USER|__GFP_RETRY_MAYFAIL|__GFP_COMP|__GFP_MOVABLE", Kind.MOVED),
        ("GFP_HIGHUSER_MOVABLE|__GFP_RETRY_MAYFAIL|__GFP_COMP", Kind.MOVED),
        ("GFP_KERNEL", Kind.KERNEL),
        ("GFP_HIGHUSER", Kind.KERNEL),
    ],
)
def test_kinds_by_gfp(gfp, kind):
    assert kind_by_gfp(parse_gfp(gfp)) == kind


@pytest.mark.parametrize(
    ("events", "kind"),
    [
        ([alloc("a-1", PFN, WRITE), f"a-1 0 {FILE}"], Kind.FILE),
        ([alloc("a-1", PFN, GETBLK), f"a-1 0 {DEVICE}"], Kind.BLOCKDEV),
        # a file system with a pseudo device and large inode numbers, such as btrfs
        ([alloc("a-1", PFN, WRITE), f"a-1 0 {DEVICE}"], Kind.FILE),
        ([alloc("a-1", PFN, WRITE), f"a-1 0 {FILE.replace('254:32', '0:25')}"], Kind.FILE),
        ([alloc("a-1", PFN, FAULT), f"a-1 0 {LRU}Ma bd "], Kind.ANONYMOUS),
        ([alloc("a-1", PFN, FAULT), f"a-1 0 {LRU} f b  "], Kind.TMPFS),
        ([alloc("a-1", PFN, FAULT.replace("|__GFP_ZERO", "")), f"a-1 0 {LRU} f   B"], Kind.FILE),
        ([alloc("a-1", PFN, GETBLK), f"a-1 0 {LRU} f   B"], Kind.BUFFER),
        ([f"a-1 0 {LRU}Ma bd "], Kind.ANONYMOUS),
        ([alloc("a-1", PFN, TARGET)], Kind.MOVED),
        ([alloc("a-1", PFN, FAULT), free("a-1", PFN)], Kind.PER_CPU),
        ([free("a-1", 0x40000, order=10)], Kind.FREE),
        ([f"k-1 0 isolfree: (f) page={0xFFFFEA0000000000 + 64 * PFN:#x} order=0"], Kind.MOVED),
        ([f"k-1 0 bulk: (f <- g) n=0x1 arr=0xff p0={0xFFFFEA0000000000 + 64 * PFN:#x}"], Kind.UNKNOWN),
        ([starts("d-8"), finishes("d-8")], Kind.CONTIGUOUS),
        ([], Kind.UNKNOWN),
    ],
)
def test_kinds_by_what_the_trace_shows(events, kind):
    assert blocker(*events).kind == kind


def test_a_page_that_was_seen():
    found = blocker("b-1 0 x: y", alloc("a-1", 0x40000, GETBLK, order=5))
    assert (found.pfn, found.task, found.order) == (PFN, "a-1", 5)
    assert found.gfp == parse_gfp("GFP_NOFS|__GFP_NOFAIL|__GFP_MOVABLE")
    assert (found.allocated, found.seen, found.left) == (1_001_000_000, 1_003_000_000, None)
    assert found.barred is True


def test_a_page_that_was_not_seen_is_not_invented():
    found = blocker()
    assert (found.task, found.gfp, found.allocated, found.barred) == (None, None, None, None)


def test_a_free_frame_is_nobodys():
    found = blocker(alloc("a-1", PFN, FAULT), free("a-1", PFN))
    assert (found.task, found.gfp, found.page) == (None, None, None)


def test_a_bulk_allocation_has_a_task_and_no_mask():
    found = blocker(f"k-1 0 bulk: (f <- g) n=0x1 arr=0xff p0={0xFFFFEA0000000000 + 64 * PFN:#x}")
    assert (found.task, found.gfp, found.barred) == ("k-1", None, None)


@pytest.mark.parametrize(
    ("cached", "bdi"), [(FILE, "254:32: ino=12"), (DEVICE, f"254:32: ino={254 << 20 | 32}")]
)
def test_when_a_page_was_last_written_to(cached, bdi):
    page = [alloc("a-1", PFN, GETBLK), f"a-1 0 {cached}"]
    dirty = f"a-1 0 writeback_dirty_folio: bdi {bdi} index=2"
    others = [dirty.replace("index=2", "index=3"), dirty.replace("254:32", "254:0")]
    assert (
        blocker(alloc("a-1", PFN, GETBLK), f"a-1 0 {cached}", dirty, dirty, *others).dirtied == 1_003_000_000
    )
    assert blocker(alloc("a-1", PFN, GETBLK), f"a-1 0 {cached}", *others).dirtied is None
    # what was written to before it came into the cache was another page
    assert blocker(dirty, *page).dirtied is None


def test_a_range_whose_pageblocks_were_not_isolated():
    """alloc_contig_range gives up before test_pages_isolated."""
    (call,) = calls_of(trace_of(starts(), retries(), finishes(errorno=-16)), MACHINE)
    assert call.attempts[0].blocker.kind == Kind.NOT_ISOLATED
    assert call.attempts[0].blocker.pfn is None


def test_a_range_that_was_free_and_then_was_not():
    """Somebody else's pages between test_pages_isolated and isolate_freepages_range."""
    (call,) = calls_of(trace_of(starts(), finds(0x40200), retries(), finishes(errorno=-16)), MACHINE)
    assert call.attempts[0].blocker.kind == Kind.LOST


def test_a_call_that_was_killed():
    (call,) = calls_of(trace_of(starts(), finishes(errorno=-4)), MACHINE)
    assert (call.outcome, call.attempts[0].blocker.kind) == ("EINTR", Kind.GIVEN_UP)


@pytest.mark.parametrize(
    ("gfp", "barred"),
    [
        (GFP_HIGHUSER_MOVABLE, False),
        (GFP_HIGHUSER_MOVABLE | Gfp.WRITE | Gfp.COMP, False),
        (GFP_NOFS | Gfp.HIGHMEM | Gfp.MOVABLE, False),
        (GFP_NOFS | Gfp.MOVABLE, True),
        (GFP_KERNEL, True),
    ],
)
def test_zone_cma_admits_only_highmem_and_movable_requests(gfp, barred):
    assert barred_by_zone_cma(gfp) is barred
