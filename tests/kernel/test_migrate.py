"""What a contiguous call does to one page that is bound: how often it tries, what it waits for."""

import numpy as np
import pytest

from tests.kernel.closed import (
    CALL,
    GIVE_BACK,
    THINKS,
    TOUCH,
    WHOLE_AREA,
    WRITE,
    check,
    do,
    nr_free,
    specimens,
)
from tests.machines import BUFFER, TARGET
from zonecma.kernel.bonds import DIRECT_IO, FOREVER, PAGE_LOCK, PIN, REFERENCE
from zonecma.kernel.gfp import Gfp
from zonecma.kernel.memory import (
    BLOCKDEV,
    DIRTY,
    ON_DISK,
    SHARED,
    SWAP_CACHE,
    WRITEBACK,
    YOUNG,
)
from zonecma.kernel.page_class import PageClass
from zonecma.kernel.rules import RULES

MS = 1_000_000


def by_rules(**expected):
    """One expectation for each series: v4_7, v6_1, v6_12."""
    rows = [(RULES[name[1:].replace("_", ".")], value) for name, value in expected.items()]
    return pytest.mark.parametrize(("rules", "expected"), rows, ids=expected)


ALL_RULES = pytest.mark.parametrize("rules", RULES.values(), ids=RULES)


def bind(memory, objects, bond, until=FOREVER):
    memory.page.bond[objects], memory.page.bound_until[objects] = bond, until


def call(world):
    """Ask for the whole area: whether it was had, and what was done to each class of pages."""
    failed, moved = do(world, CALL, WHOLE_AREA)
    check(world)
    return not failed, moved, world[1].work


def in_area(world, objects=slice(None)):
    state, _ = world
    return (state.object_pfn[objects] >= state.cma[0].base_pfn).all()


def file_pages(count, rules, *, dirty=False, **options):
    """Pages of files that lie in the area."""
    world = specimens(0, count, rules=rules, **options)
    do(world, WRITE if dirty else TOUCH, np.arange(count))
    assert in_area(world)
    return world


def buffers(count, rules, *, dirty=False):
    """Pages of a block device that lie in the area; no CPU remembers their buffers."""
    world = _, m = specimens(0, count, rules=rules)
    m.page.kind[:count], m.page.gfp[:count] = BLOCKDEV, BUFFER
    do(world, WRITE if dirty else TOUCH, np.arange(count))
    m.buffer_heads[:] = -1
    assert in_area(world)
    return world


@by_rules(v4_7=50, v6_1=50, v6_12=10)
def test_a_referenced_file_page_costs_targets_in_vain(rules, expected):
    """4.7 and 6.1: 5 calls of migrate_pages() with 10 passes; 6.12: 5 with one attempt of each stage."""
    world = s, m = file_pages(1, rules)
    bind(m, 0, REFERENCE)
    free, frame = nr_free(s), int(s.object_pfn[0])
    had, moved, work = call(world)
    assert (had, moved, nr_free(s), s.object_pfn[0]) == (False, 0, free, frame)
    assert work.tries.tolist() == [expected * (i == PageClass.REFERENCED) for i in range(len(work))]
    assert work.failed[PageClass.REFERENCED] == 1
    assert m.vm[0].dropped == 0


@by_rules(v4_7=50, v6_1=50, v6_12=10)
def test_one_that_another_bond_holds_costs_as_many(rules, expected):
    for bond, its_class in (DIRECT_IO, PageClass.DIRECT_IO), (PIN, PageClass.PINNED):
        world = _, m = file_pages(1, rules)
        bind(m, 0, bond)
        had, _, work = call(world)
        assert (had, work.tries[its_class]) == (False, expected)


@by_rules(v4_7=(50, 4), v6_1=(50, 4), v6_12=(10, 4))
def test_others_of_a_batch_do_not_change_how_often_a_page_is_tried(rules, expected):
    """6.12: a locked page stays on the list for three passes; one that is held was unmapped in the first."""
    world = _, m = file_pages(2, rules, dirty=True)
    bind(m, 0, REFERENCE)
    bind(m, 1, PAGE_LOCK, m.vm[0].now + 5 * MS)
    had, moved, work = call(world)
    assert (had, moved) == (False, 1)
    assert (work.tries[PageClass.REFERENCED], work.tries[PageClass.LOCKED]) == expected


@ALL_RULES
def test_a_lock_is_waited_for_until_it_ends(rules):
    """Three passes that do not wait, and the one that does; the page is dirty, so that it moves then."""
    world = _, m = file_pages(1, rules, dirty=True)
    until = int(m.vm[0].now) + 7 * MS
    bind(m, 0, PAGE_LOCK, until)
    had, moved, work = call(world)
    locked = work[PageClass.LOCKED]
    assert (had, moved, m.vm[0].now) == (True, 1, until)
    assert (locked.tries, locked.moved, locked.failed) == (4, 1, 0)
    assert locked.waited_ns == locked.ns == 7 * MS - THINKS


@by_rules(v4_7=4, v6_1=4, v6_12=2)
def test_a_write_is_waited_for_until_it_ends(rules, expected):
    """To 6.2 a pass that must not wait says EAGAIN; since, EBUSY, and one attempt waits."""
    world = _, m = file_pages(1, rules, dirty=True)
    m.disk["page_ns"] = 7 * MS
    m.vm[0].flusher_at = m.vm[0].now
    m.vm[0].dirty_expire_ns = 0
    do(world, TOUCH, 0)
    assert m.page.page_flags[0] & WRITEBACK
    until = int(m.page.done[0])
    assert until == m.vm[0].now + 7 * MS
    had, moved, work = call(world)
    assert (had, moved, m.vm[0].now) == (True, 1, until)
    assert not m.page.page_flags[0] & (WRITEBACK | DIRTY)
    assert work.tries.sum() == expected
    assert work[PageClass.WRITEBACK].waited_ns == 7 * MS - THINKS


@ALL_RULES
def test_a_referenced_anonymous_page_is_not_even_taken(rules):
    world = s, m = specimens(3, rules=rules)
    do(world, WRITE, np.arange(3))
    bind(m, 1, REFERENCE)
    frame = int(s.object_pfn[1])
    had, moved, work = call(world)
    assert (had, moved, work.tries[PageClass.REFERENCED]) == (False, 2, 0)
    note = m.notes[0]
    assert (note.pfn, note.object, note.page_class) == (frame, 1, PageClass.REFERENCED)


@by_rules(v4_7=50, v6_1=50, v6_12=10)
def test_one_with_a_mapping_is_taken(rules, expected):
    """tmpfs, and what has a place in swap (page_mapping of a page in the swap cache)."""
    world = _, m = specimens(2, rules=rules, swap_pages=64)
    m.page.mapped[0] = SHARED
    do(world, WRITE, np.arange(2))
    m.page.page_flags[1] |= SWAP_CACHE
    m.page.slot[1], m.swap_map[1] = 1, 1
    m.vm[0].swap_free -= 1
    bind(m, [0, 1], REFERENCE)
    had, _, work = call(world)
    assert (had, work.tries[PageClass.REFERENCED]) == (False, 2 * expected)


@by_rules(v4_7=(4, 1), v6_1=(1, 0), v6_12=(1, 0))
def test_dirty_buffers_are_written_first_where_nothing_moves_them(rules, expected):
    """4.7: fallback_migrate_page() writes the page in the first pass, and the fourth waits for that."""
    world = _, m = buffers(1, rules, dirty=True)
    m.disk["page_ns"] = 3 * MS
    begun = int(m.vm[0].now) + THINKS
    had, moved, work = call(world)
    tries, written = expected
    assert (had, moved, work.tries.sum(), m.vm[0].pgpgout) == (True, 1, tries, written)
    assert m.vm[0].now == begun + 3 * MS * written
    assert bool(m.page.page_flags[0] & DIRTY) == (not written)


@by_rules(v4_7=(False, 50, 0), v6_1=(True, 0, 1), v6_12=(True, 0, 1))
def test_a_buffer_that_a_cpu_remembers(rules, expected):
    """6.x empties the CPUs' caches before it begins, and drops the page then."""
    world = _, m = buffers(1, rules)
    do(world, TOUCH, 0)
    had, _, work = call(world)
    assert (had, work.tries.sum(), m.vm[0].dropped) == expected


@by_rules(v4_7=(False, 0), v6_1=(True, 1), v6_12=(True, 1))
def test_a_compound_page(rules, expected):
    """4.7 takes none (isolate_migratepages_block), so that the call fails."""
    world = _, m = specimens(1, rules=rules)
    m.page.order[0] = 3
    do(world, WRITE, 0)
    assert in_area(world, 0)
    had, moved, work = call(world)
    assert (had, work.tries[PageClass.HUGE]) == expected
    assert moved == 8 * expected[1]
    if not had:
        assert m.notes[0].page_class == PageClass.HUGE


@ALL_RULES
def test_clean_cache_is_dropped_and_takes_no_target(rules):
    world = s, m = file_pages(70, rules)
    m.page.page_flags[:70] |= YOUNG
    free = nr_free(s)
    had, moved, work = call(world)
    assert (had, moved, work.tries.sum(), m.vm[0].dropped) == (True, 0, 0, 70)
    assert (m.page.where[:70] == ON_DISK).all()
    assert nr_free(s) == free + 70 - WHOLE_AREA
    do(world, GIVE_BACK, s.cma[0].base_pfn, WHOLE_AREA)
    assert nr_free(s) == free + 70
    check(world)


@ALL_RULES
def test_pages_move_from_the_last_frame_of_a_batch_to_the_first(rules):
    """They are put on a list head first; 32 frames are a batch (COMPACT_CLUSTER_MAX)."""
    world = s, m = specimens(80, rules=rules)
    do(world, WRITE, np.arange(80))
    assert in_area(world)
    sources = s.object_pfn[:80].copy()
    assert call(world)[:2] == (True, 80)
    order = np.argsort(np.argsort(sources))[moved_last_to_first(m)][::-1]
    assert order.tolist() == [*range(31, -1, -1), *range(63, 31, -1), *range(79, 63, -1)]


def moved_last_to_first(memory):
    """The objects of the longest LRU list, its head first: who moved last is first."""
    lists = []
    for head in range(memory.vm[0].first_list, memory.vm[0].dirty_list):
        lists.append([])
        obj = memory.page.next[head]
        while obj != head:
            lists[-1].append(obj)
            obj = memory.page.next[obj]
    return max(lists, key=len)


def full_of(tasks, rules, **options):
    """A machine whose memory is taken by tasks of 500 pages each, up to the marks."""
    world = _, m = specimens(500 * tasks, rules=rules, **options)
    m.page.task[: 500 * tasks] = np.arange(500 * tasks) // 500
    do(world, WRITE, np.arange(500 * tasks))
    return world


@by_rules(v4_7=5, v6_1=1, v6_12=1)
def test_without_a_target_a_call_ends(rules, expected):
    """At once, or on 4.7 after five calls of migrate_pages(), each of which tries one page."""
    world = _, m = full_of(5, rules)
    do(world, CALL, 512)
    before = m.work.tries.sum()
    assert do(world, CALL, 512) == (1, 0)
    assert m.work.tries.sum() - before == expected
    check(world)


def test_who_is_killed_for_a_target_needs_none_any_more():
    """4.7 asks for targets as programs do, so that a call can kill; what it was moving may be gone then."""
    world = s, m = full_of(5, RULES["4.7"])
    s.gfp[TARGET].mask &= ~int(Gfp.RETRY_MAYFAIL)
    m.page.task[:2500] = 0
    failed, moved = do(world, CALL, 1024)
    assert m.vm[0].oom_kill > 0
    assert moved == m.vm[0].pgmigrate_success
    assert not failed
    check(world)


@ALL_RULES
def test_what_reclaim_takes_while_a_target_is_looked_for_needs_none_any_more(rules):
    """Pages whose write to swap ends while a call looks for targets are freed at once."""
    world = _, m = full_of(6, rules, swap_pages=4000)
    moved = 0
    for pages in (512, 512, 256, 64, 64):
        moved += do(world, CALL, pages)[1]
        check(world)
    assert m.vm[0].pgsteal_direct > 0
    assert moved == m.vm[0].pgmigrate_success


def test_where_a_page_stays_4_7_has_emptied_the_per_cpu_lists_too():
    """-EBUSY is not final there: what is in the way is looked for after drain_all_pages()."""
    world = s, m = file_pages(1, RULES["4.7"])
    s.pcp.batch, s.pcp.high = 31, 186
    bind(m, 0, REFERENCE)
    assert not call(world)[0]
    assert s.pcp.count.sum() == 0
