"""Claiming and stealing, against vectors computed by hand from 6.12.117."""

from tests.machines import ALLOC, CLAIM, KERNEL, MASKS, MOVABLE, RECLAIMABLE, STEAL, act, bare, lists
from zonecma.kernel import boot
from zonecma.kernel.buddy import free_one_page
from zonecma.kernel.jit import from_python
from zonecma.kernel.lists import HEAD
from zonecma.kernel.migratetype import MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE
from zonecma.kernel.units import Migratetype, Order, Pfn
from zonecma.kernel.validate import validate
from zonecma.kernel.zone import ZONE_NORMAL
from zonecma.placement import HalfFree
from zonecma.placement.tables import fill_tables

U, M, R = int(MIGRATE_UNMOVABLE), int(MIGRATE_MOVABLE), int(MIGRATE_RECLAIMABLE)
Z = int(ZONE_NORMAL)
_free = from_python(free_one_page)


def free(state, pfn, order=0):
    migratetype = Migratetype(state.block[pfn >> 9])
    _free(state, Pfn(pfn), ZONE_NORMAL, Order(order), migratetype, HEAD)


def used_by(state, start, count, user):
    """Frames in use by a request of a gfp class."""
    state.gfp.migratetype[MOVABLE], state.gfp.migratetype[KERNEL] = M, U
    state.gfp.migratetype[RECLAIMABLE] = R
    state.frame.user[start : start + count] = user


def test_a_claimed_block_of_the_largest_order_changes_type_whole():
    state = bare()
    boot.memblock_free_pages(state, Pfn(0x400), Pfn(0x800))
    assert act(state, CLAIM, Z, 0, U, 0) == 0x400
    assert state.block[2] == state.block[3] == U
    assert lists(state) == {(order, U): [0x400 + (1 << order)] for order in range(10)}
    validate(state)


def test_the_largest_chunk_is_claimed_first():
    state = bare()
    boot.memblock_free_pages(state, Pfn(0x200), Pfn(0x400))
    boot.memblock_free_pages(state, Pfn(0x800), Pfn(0xC00))
    assert act(state, CLAIM, Z, 3, R, 0) == 0x800


def test_unmovable_tries_reclaimable_before_movable():
    state = bare()
    state.block[2] = R
    free(state, 0x400, 5)
    free(state, 0x800, 5)
    assert act(state, STEAL, Z, 0, U, 0) == 0x400


def test_movable_gives_up_its_claim_at_a_small_chunk():
    state = bare()
    state.block[2] = U
    free(state, 0x400, 3)  # less than pageblock_order / 2
    assert act(state, CLAIM, Z, 0, M, 0) == -1
    assert act(state, STEAL, Z, 0, M, 0) == 0x400
    assert state.block[2] == U
    assert lists(state) == {(0, U): [0x401], (1, U): [0x402], (2, U): [0x404]}  # the rest keeps its type


def test_a_block_is_claimed_when_half_of_it_is_free_or_alike():
    state = bare()
    used_by(state, 0x400, 512, MOVABLE)
    free(state, 0x400, 5)
    used_by(state, 0x500, 223, KERNEL)  # 32 free and 223 unmovable pages: 255, one short of half
    assert act(state, CLAIM, Z, 0, U, 0) == -1
    assert state.block[2] == M
    used_by(state, 0x500 + 223, 1, KERNEL)
    assert act(state, CLAIM, Z, 0, U, 0) == 0x400
    assert state.block[2] == U
    validate(state)


def test_for_movable_requests_movable_pages_are_alike():
    state = bare()
    state.block[2] = U
    used_by(state, 0x400, 512, KERNEL)
    free(state, 0x420, 5)
    used_by(state, 0x500, 224, MOVABLE)
    assert act(state, CLAIM, Z, 0, M, 0) == 0x420
    assert state.block[2] == M


def test_reclaimable_and_unmovable_do_not_count_each_other_as_alike():
    state = bare()
    state.block[2] = R
    used_by(state, 0x400, 512, RECLAIMABLE)
    free(state, 0x400, 7)
    assert act(state, CLAIM, Z, 0, U, 0) == -1  # 128 free pages alone are less than half


def test_claiming_part_of_a_block_boosts_the_watermark_up_to_a_limit():
    state = bare()
    state.conf.watermark_boost_factor = 15000
    record = state.zone[Z]
    record.watermark[2] = 600
    used_by(state, 0, 0x2400, KERNEL)
    boosts = []
    for block in range(2, 5):
        free(state, block << 9, 5)
        act(state, CLAIM, Z, 0, U, 0)
        boosts.append(int(record.watermark_boost))
    assert boosts == [512, 900, 900]  # a pageblock each time, at most 15000/10000 of the high mark


def test_a_refill_falls_back_before_it_fails():

    state = bare()
    boot.memblock_free_pages(state, Pfn(0x400), Pfn(0x800))
    fill_tables(state, HalfFree(), MASKS)
    assert act(state, ALLOC, 0, KERNEL, 0, -1) == 0x400
    assert act(state, ALLOC, 0, MOVABLE, 0, -1) in range(0x400, 0x800)
    validate(state)
