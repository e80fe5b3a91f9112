"""The fallbacks of 4.7 and 6.1, against vectors computed by hand."""

import pytest

from tests.machines import FALLBACK, KERNEL, MOVABLE, act, bare, lists
from zonecma.kernel.alloc_flags import ALLOC_NOFRAGMENT
from zonecma.kernel.buddy import free_one_page
from zonecma.kernel.jit import from_python
from zonecma.kernel.lists import HEAD
from zonecma.kernel.migratetype import MIGRATE_CMA, MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE
from zonecma.kernel.rules import RULES
from zonecma.kernel.units import Migratetype, Order, Pfn
from zonecma.kernel.validate import InvariantError, validate
from zonecma.kernel.zone import ZONE_NORMAL

U, M, R = int(MIGRATE_UNMOVABLE), int(MIGRATE_MOVABLE), int(MIGRATE_RECLAIMABLE)
Z = int(ZONE_NORMAL)
_free = from_python(free_one_page)


@pytest.fixture
def state():
    return bare(rules=RULES["4.7"])


@pytest.fixture
def state_6_1():
    return bare(rules=RULES["6.1"])


def free(state, pfn, order=0, migratetype=MIGRATE_MOVABLE):
    _free(state, Pfn(pfn), ZONE_NORMAL, Order(order), Migratetype(migratetype), HEAD)


def used_by(state, start, count, user):
    """Frames in use by a request of a gfp class."""
    state.gfp.migratetype[MOVABLE], state.gfp.migratetype[KERNEL] = M, U
    state.frame.user[start : start + count] = user


def test_the_largest_chunk_of_the_first_other_type_that_has_one(state):
    free(state, 0x400, 5)
    free(state, 0x800, 6, R)
    free(state, 0xC00, 6)
    assert act(state, FALLBACK, Z, 0, U, 0) == 0x800  # order 6 before 5, reclaimable before movable
    free(state, 0x1000, 6, R)
    assert act(state, FALLBACK, Z, 0, M, 0) == 0x1000


def test_a_whole_pageblock_changes_its_type(state):
    free(state, 0x400, 10)
    assert act(state, FALLBACK, Z, 3, U, 0) == 0x400
    assert state.block[2] == state.block[3] == U
    assert lists(state) == {(order, U): [0x400 + (1 << order)] for order in range(3, 10)}
    validate(state)


def test_unmovable_takes_its_blocks_free_chunks_along_to_the_heads_of_its_lists(state):
    for pfn in (0x402, 0x410, 0x480):
        free(state, pfn, 1)
    free(state, 0x440, 2)
    free(state, 0x800, 1)
    free(state, 0xC00, 1, U)
    assert act(state, FALLBACK, Z, 2, U, 0) == 0x440
    assert lists(state) == {(1, U): [0x480, 0x410, 0x402, 0xC00], (1, M): [0x800]}
    assert state.block[2] == M  # 10 free pages are less than half of it
    validate(state)


def test_half_a_free_block_is_taken_over(state):
    free(state, 0x400, 7)
    free(state, 0x500, 7)
    assert act(state, FALLBACK, Z, 0, U, 0) == 0x500
    assert state.block[2] == U
    assert not [key for key in lists(state) if key[1] == M]
    validate(state)


def test_one_page_less_than_half_is_not(state):
    free(state, 0x400, 7)
    for order in range(7):
        free(state, 0x500 + (1 << order), order)  # 127 pages
    act(state, FALLBACK, Z, 0, U, 0)
    assert state.block[2] == M


def test_movable_takes_a_small_chunk_with_its_rest_and_leaves_the_others(state):
    state.block[2] = U
    free(state, 0x400, 3, U)
    free(state, 0x480, 2, U)
    assert act(state, FALLBACK, Z, 0, M, 0) == 0x400
    assert lists(state) == {(0, M): [0x401], (1, M): [0x402], (2, M): [0x404], (2, U): [0x480]}
    assert state.block[2] == U
    validate(state)


def test_nothing_moves_where_the_zone_ends_inside_the_block(state):
    state.zone[Z].spanned = 0x500
    free(state, 0x400, 7)
    free(state, 0x480, 5)
    assert act(state, FALLBACK, Z, 0, U, 0) == 0x400
    assert lists(state)[5, M] == [0x480]
    assert state.block[2] == M


def test_cma_is_no_fallback(state):
    state.block[2] = int(MIGRATE_CMA)
    free(state, 0x400, 9, MIGRATE_CMA)
    assert act(state, FALLBACK, Z, 0, U, 0) == act(state, FALLBACK, Z, 0, M, 0) == -1


def test_with_freelist_hygiene_a_chunk_on_a_foreign_list_is_an_error(state):
    free(state, 0x400, 3, U)
    validate(state)
    newest = bare()
    free(newest, 0x400, 3, U)
    with pytest.raises(InvariantError, match="not on the list of its pageblock"):
        validate(newest)


def test_in_4_7_only_isolation_keeps_whole_blocks_apart(state):
    state.block[2], state.block[3] = U, M
    free(state, 0x400, 9, U)
    free(state, 0x600, 9, M)
    assert lists(state) == {(10, M): [0x400]}  # the list of whoever was freed last
    assert (state.block[2], state.block[3]) == (U, M)  # and the blocks keep their types
    validate(state)


def test_in_6_1_types_with_fallbacks_merge_and_their_blocks_keep_their_types(state_6_1):
    state_6_1.block[2], state_6_1.block[4] = U, int(MIGRATE_CMA)
    free(state_6_1, 0x400, 9, U)
    free(state_6_1, 0x600, 9, M)
    free(state_6_1, 0x800, 9, MIGRATE_CMA)
    free(state_6_1, 0xA00, 9, M)
    assert lists(state_6_1) == {(10, M): [0x400], (9, M): [0xA00], (9, int(MIGRATE_CMA)): [0x800]}
    validate(state_6_1)


def test_6_1_moves_a_block_to_the_tails_and_takes_the_smallest_chunk(state_6_1):
    for pfn in (0x402, 0x410):
        free(state_6_1, pfn, 1)
    free(state_6_1, 0x440, 2)
    used_by(state_6_1, 0x400, 512, MOVABLE)
    assert act(state_6_1, FALLBACK, Z, 1, U, 0) == 0x402  # not the chunk of order 2 that was found
    assert lists(state_6_1) == {(1, U): [0x410], (2, U): [0x440]}
    assert state_6_1.block[2] == M
    validate(state_6_1)


def test_6_1_counts_alike_pages_for_the_block(state_6_1):
    free(state_6_1, 0x400, 5)
    used_by(state_6_1, 0x400, 512, MOVABLE)
    used_by(state_6_1, 0x500, 224, KERNEL)  # and 32 free ones: half of the block
    assert act(state_6_1, FALLBACK, Z, 0, U, 0) == 0x400
    assert state_6_1.block[2] == U


def test_movable_requests_of_6_1_move_the_smallest_chunk_alone(state_6_1):
    state_6_1.block[2] = U
    free(state_6_1, 0x400, 3, U)
    free(state_6_1, 0x480, 2, U)
    free(state_6_1, 0x490, 2, U)
    assert act(state_6_1, FALLBACK, Z, 1, M, 0) == 0x490
    assert lists(state_6_1) == {(3, U): [0x400], (2, U): [0x480], (1, M): [0x492]}
    assert state_6_1.block[2] == U
    validate(state_6_1)


def test_6_1_takes_whole_pageblocks_only_for_requests_that_avoid_fragmentation(state_6_1):
    free(state_6_1, 0x400, 8)
    assert act(state_6_1, FALLBACK, Z, 0, U, int(ALLOC_NOFRAGMENT)) == -1
    free(state_6_1, 0x600, 9)
    assert act(state_6_1, FALLBACK, Z, 0, U, int(ALLOC_NOFRAGMENT)) == 0x600
    assert state_6_1.block[3] == U
