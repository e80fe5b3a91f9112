"""Whether a free found the per-cpu lists locked, told by what became of its frame."""

from tests.workload.test_dissect import MOVABLE, dissect
from zonecma.workload.requests import FREE

FREED = "a-1 0 mm_page_free: pfn=0x100 order=0"
REFILLED = "a-1 0 mm_page_alloc_zone_locked: pfn=0x100 order=0 migratetype=1 percpu_refill=1"
ALLOCATED = f"a-1 0 mm_page_alloc: pfn=0x100 order=0 {MOVABLE}"
DRAINED = "a-1 0 mm_page_pcpu_drain: pfn=0x100 order=0 migratetype=1"
OVERTAKES = (
    "a-1 0 mm_page_free: pfn=0x101 order=0",
    "a-1 0 mm_page_pcpu_drain: pfn=0x101 order=0 migratetype=1",
)
CLAIM = (
    "a-1 0 mm_page_alloc_extfrag: pfn={} alloc_order=0 fallback_order=10 pageblock_order=9"
    " alloc_migratetype=0 fallback_migratetype=1 fragmenting=1 change_ownership=1"
)


def went_past(*events):
    load, _ = dissect(*events)
    return [locked != 0 for locked in load.requests["locked"][load.requests["op"] == FREE].tolist()]


def test_what_leaves_the_buddy_lists_undrained_had_gone_past_the_lists():
    """free_unref_page, 6.12: no lock, no list."""
    assert went_past(FREED, REFILLED, ALLOCATED) == [True]
    assert went_past(FREED, ALLOCATED) == [False]
    assert went_past(FREED, DRAINED, REFILLED, ALLOCATED) == [False]
    assert went_past(FREED, "a-1 0 isolfree: (f) page=0xffffea0000004000 order=0") == [True]


def test_a_larger_chunk_takes_it_along():
    larger = "a-1 0 mm_page_alloc_zone_locked: pfn=0x100 order=3 migratetype=1 percpu_refill=1"
    assert went_past("a-1 0 mm_page_free: pfn=0x103 order=0", larger) == [True]


def test_what_a_claim_left_behind_had_not_left():
    """The frame that mm_page_alloc_extfrag names need not begin the chunk of ``fallback_order``."""
    claim = CLAIM.format("0x0fe").replace("fallback_order=10", "fallback_order=7")
    assert went_past(FREED, claim, DRAINED) == [False]


def test_an_older_chunk_that_a_drain_leaves_behind_was_not_on_the_list():
    """free_pcppages_bulk, 6.12: the oldest of a list goes first."""
    assert went_past(FREED, *OVERTAKES) == [True, False]
    assert went_past(*OVERTAKES, FREED) == [False, False]


def test_only_a_chunk_of_the_same_list_overtakes():
    other_cpu = "b-2 1 mm_page_free: pfn=0x101 order=0"
    other_order = [text.replace("order=0", "order=1") for text in OVERTAKES]
    other_block = [text.replace("0x101", "0x301") for text in OVERTAKES]
    assert went_past(FREED, other_cpu, OVERTAKES[1]) == [False, False]
    assert went_past(FREED, *other_order) == [False, False]
    assert went_past(FREED, *other_block) == [False, False]


def test_a_pageblock_that_changed_its_type_has_another_list():
    assert went_past(FREED, CLAIM.format("0x0"), *OVERTAKES) == [False, False]
    assert went_past(FREED, CLAIM.format("0x400"), *OVERTAKES) == [True, False]


def test_a_bulk_allocation_whose_frames_are_not_told_may_have_taken_it():
    bulk = "a-1 0 bulk: (f <- g) n=0x2"
    assert went_past(FREED, bulk, *OVERTAKES) == [False, False]


def test_a_batch_overtakes_with_its_commit():
    batch = "a-1 0 mm_page_free: pfn=0x101 order=0", "a-1 0 mm_page_free_batched: pfn=0x101 order=0"
    assert went_past(batch[0], FREED, batch[1], OVERTAKES[1]) == [True, False]


def test_what_became_of_it_outweighs_the_batch_around_it():
    batch = "a-1 0 mm_page_free: pfn=0x200 order=0", "a-1 0 mm_page_free: pfn=0x201 order=0"
    commits = [text.replace("mm_page_free", "mm_page_free_batched") for text in batch]
    assert went_past(*batch, commits[0], FREED, commits[1]) == [False, True, False]
    assert went_past(*batch, commits[0], FREED, commits[1], ALLOCATED) == [False, False, False]
