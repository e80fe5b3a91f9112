"""Drawing free frames: what is drawn has the counted chunks, and nothing is left unmerged."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zonecma.kernel.migratetype import MIGRATE_CMA, MIGRATE_MOVABLE, MIGRATE_TYPES, MIGRATE_UNMOVABLE
from zonecma.machine.counts.chunks import Ground, chunks_of, draw_free_frames

ORDERS = 5
BLOCK_ORDER = 3


def ground_of(types, used=(), free=()):
    """Pageblocks of 8 frames, as many as types; the largest chunk is 16 frames."""
    size = len(types) << BLOCK_ORDER
    may_be_free, is_free = np.ones(size, np.bool_), np.zeros(size, np.bool_)
    may_be_free[list(used)] = False
    is_free[list(free)] = True
    return Ground(0x100, may_be_free, is_free, np.array(types, np.uint8), BLOCK_ORDER)


def counts_of(ground, free):
    counts = np.zeros((ORDERS, MIGRATE_TYPES), np.int64)
    for order, kind, frames in chunks_of(ground, free, ORDERS):
        counts[order, kind] = len(frames)
        assert not (frames & ((1 << int(order)) - 1)).any()
    return counts


def draw(ground, counted, seed=0):
    return draw_free_frames(ground, counted, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(5))
def test_chunks_are_as_counted(seed):
    types = [MIGRATE_MOVABLE] * 12 + [MIGRATE_UNMOVABLE] * 2 + [MIGRATE_CMA] * 2
    counted = np.zeros((ORDERS, MIGRATE_TYPES), np.int64)
    counted[4, MIGRATE_MOVABLE], counted[2, MIGRATE_MOVABLE], counted[0, MIGRATE_MOVABLE] = 3, 2, 3
    counted[1, MIGRATE_UNMOVABLE], counted[4, MIGRATE_CMA] = 2, 1
    ground = ground_of(types)
    assert (counts_of(ground, draw(ground, counted, seed)) == counted).all()


def test_the_same_seed_draws_the_same():
    ground, counted = ground_of([MIGRATE_MOVABLE] * 8), np.zeros((ORDERS, MIGRATE_TYPES), np.int64)
    counted[2, MIGRATE_MOVABLE] = 4
    assert (draw(ground, counted, 3) == draw(ground, counted, 3)).all()
    assert any((draw(ground, counted, 3) != draw(ground, counted, seed)).any() for seed in range(8))


def test_a_chunk_lies_where_the_trace_shows_free_frames():
    ground, counted = ground_of([MIGRATE_MOVABLE] * 8, free=[37]), np.zeros((ORDERS, MIGRATE_TYPES), np.int64)
    counted[3, MIGRATE_MOVABLE] = 1
    assert np.flatnonzero(draw(ground, counted)).tolist() == [*range(32, 40)]


def test_what_does_not_fit_comes_in_smaller_chunks():
    ground = ground_of([MIGRATE_MOVABLE] * 2, used=[5])
    counted = np.zeros((ORDERS, MIGRATE_TYPES), np.int64)
    counted[4, MIGRATE_MOVABLE] = 1
    assert draw(ground, counted).sum() == 15


@given(
    types=st.lists(
        st.sampled_from([MIGRATE_MOVABLE, MIGRATE_UNMOVABLE, MIGRATE_CMA]), min_size=8, max_size=8
    ),
    facts=st.lists(st.sampled_from(["", "", "used", "free"]), min_size=64, max_size=64),
    wanted=st.lists(st.integers(0, 4), min_size=3 * ORDERS, max_size=3 * ORDERS),
    seed=st.integers(0, 100),
)
def test_what_is_known_holds_and_buddies_are_merged(types, facts, wanted, seed):
    used = [i for i, fact in enumerate(facts) if fact == "used"]
    known = [i for i, fact in enumerate(facts) if fact == "free"]
    ground, counted = ground_of(types, used, known), np.zeros((ORDERS, MIGRATE_TYPES), np.int64)
    for column, kind in enumerate((MIGRATE_MOVABLE, MIGRATE_UNMOVABLE, MIGRATE_CMA)):
        counted[:, kind] = wanted[column * ORDERS : (column + 1) * ORDERS]
    free = draw(ground, counted, seed)
    assert free[known].all()
    assert not free[used].any()
    again, chunks = np.zeros(len(free), np.int64), {}
    for order, kind, frames in chunks_of(ground, free, ORDERS):
        for pfn in frames - 0x100:
            again[pfn : pfn + (1 << int(order))] += 1
            chunks[int(order), int(pfn)] = int(kind)
    assert (again == free).all()
    for (order, pfn), kind in chunks.items():
        assert set(ground.types[pfn >> BLOCK_ORDER : (pfn + (1 << order) - 1 >> BLOCK_ORDER) + 1]) == {kind}
        other = chunks.get((order, pfn ^ (1 << order)))
        apart = MIGRATE_CMA in (kind, other) and kind != other
        assert order == ORDERS - 1 or other is None or apart
